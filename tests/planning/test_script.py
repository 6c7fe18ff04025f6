"""Scripts run for real: bash itself, and in place of conda a program that takes its options and has the engine do the work."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.engines.uv import find_uv
from envkeep.errors import BadFormatError, RefusedError
from envkeep.model.record import EnvironmentInfo, Record, Requested
from envkeep.model.specification import Requirement, Specification
from envkeep.planning.facts import LocalFacts
from envkeep.planning.make import make_plan
from envkeep.planning.script import bash, powershell
from support.records import conda, dist, python, record
from support.stand_in import conda_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkeep.planning.plan import Plan
    from support.channel import Channel, Index

HERE = LocalFacts(subdir="linux-64")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **conda_program(tmp_path / "bin dir")}


def run(script: str, environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "rebuild it.sh"
    path.write_text(script, encoding="utf-8")
    bash_path = shutil.which("bash")
    if bash_path is None:
        pytest.skip("there is no bash")
    return subprocess.run([bash_path, str(path)], env=environ, capture_output=True, text=True, check=False, cwd=folder)


def plan(source: Record | Specification, target: object, **options: object) -> Plan:
    return make_plan(source, target=str(target), **{"facts": HERE, "link_scripts": True, **options})  # type: ignore[arg-type]


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
    wanted = Requirement(name="humanize", text="humanize==4.10.0", version="4.10.0", line=1)
    spec = Specification(source="x.txt", python=channel.older_python, requirements=(wanted,))
    done = run(bash(plan(spec, tmp_path / "env", channels=channel.urls)), environ, tmp_path)
    assert done.returncode == 0, done.stderr
    found = capture(tmp_path / "env")
    assert found.python is not None
    assert found.python.version == channel.older_python


def test_a_venv_holds_no_pip_where_none_was_recorded(index: Index, tmp_path: Path) -> None:
    here = platform.python_version()
    info = EnvironmentInfo(name="lab", prefix="/envs/lab", kind="venv", subdir="linux-64")
    source = record(environment=info, python=python(here), distributions=(dist("humanize", "4.10.0"),))
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = run(bash(plan(source, tmp_path / "env", facts=replace(HERE, pythons=(here,)))), environ, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [item.name for item in capture(tmp_path / "env").pip] == ["humanize"]
    # what was recorded stays
    kept = replace(source, distributions=(dist("pip", "24.0"), dist("setuptools", "65.5.0")))
    assert "uninstall" not in bash(plan(kept, tmp_path / "other", facts=replace(HERE, pythons=(here,))))


def test_an_environment_without_pip_is_filled_by_uv(
    channel: Channel, index: Index, environ: dict[str, str], tmp_path: Path
) -> None:
    uv = find_uv(os.environ)
    if uv is None:
        pytest.skip("there is no uv")
    wanted = Requirement(name="humanize", text="humanize==4.10.0", version="4.10.0", line=1)
    spec = Specification(source="x.yml", conda_specs=(f"python={channel.older_python}",), requirements=(wanted,))
    text = bash(plan(spec, tmp_path / "env", channels=channel.urls))
    # pip comes with every list; here it is taken away again before it is asked for
    text = text.replace("\ninstall() {", '\nrm -rf "$target"/lib/python*/site-packages/pip\ninstall() {')
    environ["PATH"] = f"{Path(uv).parent}{os.pathsep}{environ['PATH']}"
    done = run(text, environ, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "humanize" in [item.name for item in capture(tmp_path / "env").pip]


def test_lines_with_hashes_go_apart_from_those_without(
    channel: Channel, index: Index, environ: dict[str, str], tmp_path: Path
) -> None:
    wheel = index.wheel("humanize", "4.10.0")
    digest = f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
    lines = (
        Requirement(name="humanize", text="humanize==4.10.0", version="4.10.0", line=1, hashes=(digest,)),
        Requirement(name="colorlog", text="colorlog==6.9.0", version="6.9.0", line=2),
    )
    spec = Specification(source="x.txt", python=channel.older_python, requirements=lines)
    done = run(bash(plan(spec, tmp_path / "env", channels=channel.urls)), environ, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"humanize", "colorlog"} <= {item.name for item in capture(tmp_path / "env").pip}


@pytest.mark.parametrize("write", [bash, powershell])
def test_a_script_asks_where_the_plan_says_and_nobody_else(write: Callable[[Plan], str]) -> None:
    source = record(conda=(PYTHON,), distributions=(dist("six"),))
    asked = write(plan(source, "/envs/new", index_urls=("https://index.example.org/simple",)))
    assert re.search(r"--extra-index-url\W+https://index.example.org/simple\b", asked)
    assert "--offline" not in asked
    alone = write(plan(source, "/envs/new", index_urls=("https://index.example.org/simple",), offline=True))
    assert "--offline" in alone
    assert "--no-index" in alone
    assert "index.example.org" not in alone


@pytest.mark.parametrize("write", [bash, powershell])
def test_what_conda_would_run_unasked_makes_no_script(write: Callable[[Plan], str]) -> None:
    scripted = replace(PYTHON, link_scripts=("post-link",))
    with pytest.raises(RefusedError, match="link scripts"):
        write(plan(record(conda=(scripted,)), "/envs/new", link_scripts=False))
    # a bare explicit list: nothing is known of what is in the packages
    bare = replace(PYTHON, size=None)
    with pytest.raises(RefusedError, match="may have"):
        write(plan(record(conda=(bare,)), "/envs/new", link_scripts=False))
    # nor of what an index, a lock file or a solve names
    locked = Specification(source="conda-lock.yml", artefacts=(PYTHON,))
    asked = Specification(source="environment.yml", conda_specs=("python=3.12", "r-base"))
    for source in (locked, asked):
        with pytest.raises(RefusedError, match=r"may have: .*python"):
            write(plan(source, "/envs/new", link_scripts=False))
        assert write(plan(source, "/envs/new", link_scripts=True))
    other = replace(PYTHON, build="another_1", sha256="b" * 64)
    stepped_down = plan(record(conda=(PYTHON,)), "/envs/new", link_scripts=False)
    step = stepped_down.conda_step
    assert step is not None
    with pytest.raises(RefusedError, match="may have: python"):
        write(replace(stepped_down, steps=(replace(step, packages=(other,)), *stepped_down.steps[1:])))
    assert write(plan(record(conda=(PYTHON,)), "/envs/new", link_scripts=False))
    assert write(plan(record(conda=(scripted,)), "/envs/new", link_scripts=True))


def test_what_differs_is_said_and_ends_with_3(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    script = bash(plan(source, tmp_path / "env")).replace('"humanize", "4.10.0"', '"humanize", "9.9"')
    done = run(script, environ, tmp_path)
    assert done.returncode == 3
    assert "differs: humanize is 4.10.0, and 9.9 was recorded" in done.stderr
    assert (tmp_path / "env").is_dir()


PYTHON = conda("python", "3.12.1", url="https://example.org/c/linux-64/python-3.12.1-0.conda", md5="a" * 32, size=1)
NASTY = 'it\'s \u2019 $HOME $(id) `id` "q" \\ %PATH% ;&|'


@pytest.mark.parametrize("write", [bash, powershell])
def test_nothing_in_a_script_is_expanded(write: Callable[[Plan], str]) -> None:
    source = record(
        conda=(PYTHON,),
        variables=(("NASTY", NASTY),),
        requested=Requested(specs=("python=3.12",)),
    )
    text = write(plan(source, f"/envs/{NASTY}"))
    if write is bash:
        bash_path = shutil.which("bash") or pytest.skip("there is no bash")
        assert subprocess.run([bash_path, "-n"], input=text, text=True, check=False).returncode == 0
        import shlex

        assert f"target={shlex.quote(f'/envs/{NASTY}')}" in text
    else:
        doubled = NASTY.replace("'", "''").replace("\u2019", "\u2019\u2019")
        assert f"$target = '/envs/{doubled}'" in text
    with pytest.raises(BadFormatError):
        write(plan(source, "/envs/a\nb"))


def test_powershell_runs_it_too(source: Record, environ: dict[str, str], tmp_path: Path) -> None:
    program = shutil.which("pwsh")
    if program is None:
        pytest.skip("there is no PowerShell")
    path = tmp_path / "rebuild.ps1"
    path.write_text(powershell(plan(source, tmp_path / "env")), encoding="utf-8-sig")
    done = subprocess.run([program, "-NoProfile", "-File", str(path)], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert capture(tmp_path / "env").conda == source.conda
