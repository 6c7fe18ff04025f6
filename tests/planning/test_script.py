"""Scripts run for real: bash itself, and in place of conda a program that takes its options and has the engine do the work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.errors import BadFormatError
from envkeep.model.record import Record, Requested
from envkeep.model.specification import Specification
from envkeep.planning.facts import LocalFacts
from envkeep.planning.make import make_plan
from envkeep.planning.script import bash, powershell
from support.records import conda, dist, record

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.planning.plan import Plan
    from support.channel import Channel, Index

HERE = LocalFacts(subdir="linux-64")

# takes the options of `conda create` that a script uses, and refuses all others
_CONDA = """\
import argparse, os, pathlib, sys
from envkeep.engines.base import InstallRequest, NoProgress, SolveRequest
from envkeep.engines.rattler import RattlerEngine
from envkeep.formats.load import load_file
parser = argparse.ArgumentParser()
parser.add_argument("verb", choices=["create"])
parser.add_argument("--yes", action="store_true", required=True)
parser.add_argument("--prefix", required=True)
parser.add_argument("--file")
parser.add_argument("--override-channels", action="store_true")
parser.add_argument("--channel", action="append", default=[])
parser.add_argument("specs", nargs="*")
given = parser.parse_intermixed_args()
engine, subdir = RattlerEngine(), os.environ["TEST_SUBDIR"]
if given.file:
    packages = load_file(pathlib.Path(given.file)).artefacts
else:
    packages = engine.solve(SolveRequest(specs=tuple(given.specs), channels=tuple(given.channel), subdir=subdir))
requested = tuple(package.spec for package in packages)
report = engine.install(
    InstallRequest(prefix=pathlib.Path(given.prefix), packages=packages, subdir=subdir, requested=requested), NoProgress()
)
sys.exit(1 if report.unavailable else 0)
"""


@pytest.fixture
def environ(tmp_path: Path, channel: Channel) -> dict[str, str]:
    (tmp_path / "bin dir").mkdir()
    program = tmp_path / "bin dir" / "conda"
    (tmp_path / "bin dir" / "conda.py").write_text(_CONDA)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}.py" "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "CONDA_EXE": str(program), "TEST_SUBDIR": channel.subdir}


def run(script: str, environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "rebuild it.sh"
    path.write_text(script, encoding="utf-8")
    bash_path = shutil.which("bash")
    if bash_path is None:
        pytest.skip("there is no bash")
    return subprocess.run([bash_path, str(path)], env=environ, capture_output=True, text=True, check=False, cwd=folder)


def plan(source: Record | Specification, target: object, **options: object) -> Plan:
    return make_plan(source, target=str(target), facts=HERE, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def source(make_env: object, channel: Channel, index: Index) -> Record:
    prefix = make_env([f"python={channel.older_python}", "pip", "six"], name="scripted", channels=channel.urls)  # type: ignore[operator]
    found: Record = capture(prefix)
    humanize = dist("humanize", "4.10.0")
    variables = (("LAB", "it's ${HOME} `id`\nx"),)
    return replace(found, distributions=(*found.distributions, humanize), variables=variables, pinned=("six 1.*",))


def test_a_script_rebuilds_what_was_recorded(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "a new $place" / "env"
    done = run(bash(plan(source, target)), environ, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(f"rebuilt as recorded: {target}")
    found = capture(target)
    # by md5, which is what an explicit list holds
    assert [(item.name, item.md5) for item in found.conda] == [(item.name, item.md5) for item in source.conda]
    assert [item.name for item in found.pip] == ["humanize"]
    assert found.variables == source.variables
    assert found.pinned == source.pinned
    # what was asked for, and not every package of the explicit list
    assert found.requested.specs == source.requested.specs


def test_a_script_that_fails_leaves_nothing(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    lost = replace(source, distributions=(*source.distributions, dist("nobody-has-this", "1.0")))
    done = run(bash(plan(lost, tmp_path / "env")), environ, tmp_path)
    assert done.returncode == 1
    assert not (tmp_path / "env").exists()
    wrong = tuple(replace(item, sha256="0" * 64) if item.name == "six" else item for item in source.conda)
    done = run(bash(plan(replace(source, conda=wrong), tmp_path / "env")), environ, tmp_path)
    assert (done.returncode, "is not the recorded artefact" in done.stderr) == (1, True)
    assert not (tmp_path / "env").exists()


def test_an_existing_target_is_refused_and_stays(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "mine").touch()
    done = run(bash(plan(source, tmp_path / "env")), environ, tmp_path)
    assert (done.returncode, "exists already" in done.stderr) == (1, True)
    assert (tmp_path / "env" / "mine").exists()


def test_a_list_is_solved_for_its_python(channel: Channel, index: Index, environ: dict[str, str], tmp_path: Path) -> None:
    from envkeep.model.specification import Requirement

    wanted = Requirement(name="humanize", text="humanize==4.10.0", version="4.10.0", line=1)
    spec = Specification(source="x.txt", python=channel.older_python, requirements=(wanted,))
    done = run(bash(plan(spec, tmp_path / "env", channels=channel.urls)), environ, tmp_path)
    assert done.returncode == 0, done.stderr
    found = capture(tmp_path / "env")
    assert found.python is not None
    assert found.python.version == channel.older_python


def test_what_differs_is_said_and_ends_with_3(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    script = bash(plan(source, tmp_path / "env")).replace('"humanize", "4.10.0"', '"humanize", "9.9"')
    done = run(script, environ, tmp_path)
    assert done.returncode == 3
    assert "differs: humanize is 4.10.0, and 9.9 was recorded" in done.stderr
    assert (tmp_path / "env").is_dir()


NASTY = 'it\'s \u2019 $HOME $(id) `id` "q" \\ %PATH% ;&|'


@pytest.mark.parametrize("write", [bash, powershell])
def test_nothing_in_a_script_is_expanded(write: object) -> None:
    source = record(
        conda=(conda("python", "3.12.1", url="https://example.org/c/linux-64/python-3.12.1-0.conda", md5="a" * 32),),
        variables=(("NASTY", NASTY),),
        requested=Requested(specs=("python=3.12",)),
    )
    text = write(plan(source, f"/envs/{NASTY}"))  # type: ignore[operator]
    if write is bash:
        bash_path = shutil.which("bash") or pytest.skip("there is no bash")
        assert subprocess.run([bash_path, "-n"], input=text, text=True, check=False).returncode == 0
        import shlex

        assert f"target={shlex.quote(f'/envs/{NASTY}')}" in text
    else:
        doubled = NASTY.replace("'", "''").replace("\u2019", "\u2019\u2019")
        assert f"$target = '/envs/{doubled}'" in text
    with pytest.raises(BadFormatError):
        write(plan(source, "/envs/a\nb"))  # type: ignore[operator]


def test_powershell_runs_it_too(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    program = shutil.which("pwsh")
    if program is None:
        pytest.skip("there is no PowerShell")
    path = tmp_path / "rebuild.ps1"
    path.write_text(powershell(plan(source, tmp_path / "env")), encoding="utf-8-sig")
    done = subprocess.run([program, "-NoProfile", "-File", str(path)], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert capture(tmp_path / "env").conda == source.conda
