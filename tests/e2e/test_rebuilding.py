"""restore as a script, rollback, and what a file of unknown origin would do, as their user runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.pips import pip
from support.stand_in import conda_program

if TYPE_CHECKING:
    from conftest import MakeEnv
    from e2e.conftest import Envkeep
    from support.channel import Channel, Index

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the layout of environments is another there")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **conda_program(tmp_path / "bin dir")}


@pytest.fixture
def scope(make_env: MakeEnv, channel: Channel, index: Index, envkeep: Envkeep, tmp_path: Path) -> Path:
    prefix = make_env([f"python={channel.older_python}", "pip", "six"], prefix=tmp_path / "envs" / "scope")
    pip(prefix, "install", "emoji==2.14.0")
    envkeep("backup", "-p", prefix, "--tag", "good")
    return prefix


def test_a_plan_becomes_a_script_that_rebuilds(scope: Path, envkeep: Envkeep, environ: dict[str, str], tmp_path: Path) -> None:
    bash = shutil.which("bash") or pytest.skip("there is no bash")
    script, target = tmp_path / "rebuild it.sh", tmp_path / "a new place"
    envkeep("restore", "scope@good", "-p", target, "--script", script)
    assert not target.exists()
    assert os.access(script, os.X_OK)
    done = subprocess.run([bash, script], env=environ, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert "exact" in envkeep("verify", "scope@good", "-p", target).out


def test_the_ending_says_which_kind_of_script(scope: Path, envkeep: Envkeep, tmp_path: Path) -> None:
    envkeep("restore", "scope@good", "-p", tmp_path / "new", "--script", tmp_path / "rebuild.ps1")
    assert (tmp_path / "rebuild.ps1").read_bytes().startswith(b"\xef\xbb\xbf# Rebuilds")
    refused = envkeep("restore", "scope@good", "-p", tmp_path / "new", "--script", tmp_path / "rebuild", status=2)
    assert ".ps1" in refused.err


@pytest.mark.parametrize("verb", ["restore", "rollback"])
def test_the_question_says_what_goes_where(scope: Path, envkeep: Envkeep, tmp_path: Path, verb: str) -> None:
    import pty

    label = envkeep("show", "scope@good").out.split()[0]
    target = tmp_path / "new" if verb == "restore" else scope
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    words = [sys.executable, "-m", "envkeep", verb, "scope@good", "-p", str(target), "-q"]
    done = subprocess.run(words, stdin=theirs, capture_output=True, encoding="utf-8", check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 1, done.stderr
    asked = f"Build {target} from {label}?" if verb == "restore" else f"Replace {target} with {label}?"
    assert asked in done.stderr
    assert "--yes" not in done.stderr


def test_a_script_for_another_platform(scope: Path, envkeep: Envkeep, tmp_path: Path) -> None:
    script = tmp_path / "rebuild.sh"
    envkeep("restore", "scope@good", "-p", tmp_path / "new", "--platform", "osx-arm64", "--script", script)
    assert "/osx-arm64/python-" in script.read_text()


def test_back_after_a_bad_pip_install(scope: Path, envkeep: Envkeep) -> None:
    pip(scope, "install", "humanize==4.10.0")
    pip(scope, "uninstall", "-y", "six")
    (scope / "etc").mkdir()
    (scope / "etc" / "mine.cfg").write_text("gain = 3\n")
    planned = envkeep("rollback", "good", "-p", scope, "--dry-run").out
    assert "etc/mine.cfg" in planned
    done = envkeep("rollback", "good", "-p", scope, "-y")
    assert "exact: everything is as it was recorded" in done.out
    assert envkeep("diff", "scope@good", f"live:{scope}").out.rstrip().endswith("nothing changed")
    # the state before is a backup, and stands aside until it is discarded
    assert "humanize" in envkeep("show", "scope@latest").out
    (aside,) = scope.parent.glob("scope.before-*")
    assert (aside / "etc" / "mine.cfg").is_file()
    assert str(aside) in done.out
    assert str(aside) in envkeep("doctor").out
    assert "before-" not in envkeep("backup", "--all", env={"CONDA_ENVS_DIRS": str(scope.parent)}).out
    envkeep("rollback", "--discard-old", "-y")
    assert [path.name for path in scope.parent.iterdir()] == ["scope"]


@pytest.mark.parametrize(
    ("word", "make"),
    [
        ("frozen", lambda prefix: (prefix / "conda-meta" / "frozen").write_text('{"message": "ask Ada first"}')),
        ("base", lambda prefix: (prefix / "condabin").mkdir() or (prefix / "conda-meta" / "conda-26.7.1-0.json").touch()),
        ("externally-managed", lambda prefix: next(prefix.glob("lib/python3*/")).joinpath("EXTERNALLY-MANAGED").touch()),
        ("nested", lambda prefix: (prefix / "inner").mkdir() or (prefix / "inner" / "pyvenv.cfg").touch()),
    ],
)
def test_what_speaks_against_it_has_an_override(scope: Path, envkeep: Envkeep, word: str, make: object) -> None:
    make(scope)  # type: ignore[operator]
    refused = envkeep("rollback", "scope@good", "-y", status=1)
    assert f"--allow {word}" in refused.err
    if word == "frozen":
        assert "ask Ada first" in refused.err
    assert [path.name for path in scope.parent.iterdir()] == ["scope"]
    envkeep("rollback", "scope@good", "--allow", word, "--dry-run")


def test_from_inside_it_says_how_to_do_it_from_outside(scope: Path, envkeep: Envkeep, tmp_path: Path) -> None:
    import envkeep as package

    source = Path(package.__file__).parents[1]
    site = os.pathsep.join([str(source), *[path for path in sys.path if "site-packages" in path]])
    words = [str(scope / "bin" / "python"), "-m", "envkeep", "rollback", "scope@good", "-y"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONPATH": site})
    assert done.returncode == 1, done.stderr
    assert "from outside" in done.stderr
    assert "rollback scope@" in done.stderr
    assert "Traceback" not in done.stderr


_FOREIGN = """\
dependencies:
  - python=3.11
  - https://chan.example/lab::labtool
  - pip
  - pip:
    - --extra-index-url https://index.example/simple
    - six==1.16.0
"""


def test_a_file_of_unknown_origin(envkeep: Envkeep, tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text(_FOREIGN)
    told = envkeep("inspect", file).out
    for part in ("chan.example", "line 6: --extra-index-url", "--allow-index https://index.example/simple", "no wheel of"):
        assert part in told
    refused = envkeep("restore", file, "-p", tmp_path / "new", "-y", status=1)
    assert f"{file}:6: --extra-index-url" in refused.err
    assert not (tmp_path / "new").exists()
    allowed = envkeep("inspect", file, "--allow-index", "https://index.example/simple").out
    assert "restore refuses" not in allowed
    assert "index.example" in allowed
