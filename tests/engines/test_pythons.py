from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.engines.pythons import find_python, make_venv, pythons
from envkeep.engines.run import run
from envkeep.errors import EngineError, TargetExistsError

if TYPE_CHECKING:
    from conftest import MakeEnv
    from support.channel import Channel

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX layout")


def only(*folders: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing is found but below these folders."""
    return {"PATH": os.pathsep.join(map(str, folders)), "HOME": "/nonexistent", "PYENV_ROOT": "/nonexistent", **more}


def stand_in(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{version}' '{path.parent.parent}' '{path}'\n")
    path.chmod(0o755)
    return path


def test_the_running_python_is_found_and_is_no_venv() -> None:
    found = next(each for each in pythons(only()) if each.source == "running")
    assert found.version.startswith("{}.{}".format(*sys.version_info))
    assert not (found.path.parent.parent / "pyvenv.cfg").exists()
    assert find_python("{}.{}".format(*sys.version_info), only()) == found.path


@posix_only
def test_pyenv_uv_and_path_are_looked_through(tmp_path: Path) -> None:
    of_pyenv = stand_in(tmp_path / "pyenv" / "versions" / "3.99.1" / "bin" / "python3", "3.99.1")
    of_uv = stand_in(tmp_path / "uv" / "cpython-3.98.0-linux" / "bin" / "python3", "3.98.0")
    on_path = stand_in(tmp_path / "bin" / "python3.97", "3.97.0rc2")
    stand_in(tmp_path / "bin" / "python3.97-config", "9.9.9")
    stand_in(tmp_path / "bin" / "python3-broken", "9.9.9")
    broken = tmp_path / "bin" / "python3.96"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    environ = only(
        tmp_path / "bin", tmp_path / "gone", PYENV_ROOT=str(tmp_path / "pyenv"), UV_PYTHON_INSTALL_DIR=str(tmp_path / "uv")
    )
    found = pythons(environ)
    assert [(each.version, each.path, each.source) for each in found[:3]] == [
        ("3.99.1", of_pyenv, "pyenv"),
        ("3.98.0", of_uv, "uv"),
        ("3.97.0rc2", on_path, "path"),
    ]
    assert len(found) == 4
    assert find_python("3.99", environ) == of_pyenv
    assert find_python("3.99.1", environ) == of_pyenv
    assert find_python("3.99.10", environ) is None
    assert find_python("3.9", environ) is None


@posix_only
def test_a_python_of_a_conda_environment_comes_last_of_its_version(tmp_path: Path) -> None:
    stand_in(tmp_path / "env" / "bin" / "python3", "3.99.1")
    (tmp_path / "env" / "conda-meta").mkdir()
    own = stand_in(tmp_path / "own" / "bin" / "python3", "3.99.1")
    found = pythons(only(tmp_path / "env" / "bin", tmp_path / "own" / "bin"))
    assert [each.source for each in found[:2]] == ["path", "conda"]
    assert find_python("3.99.1", only(tmp_path / "env" / "bin", tmp_path / "own" / "bin")) == own


def test_a_venv_is_made_of_the_python_asked_for(tmp_path: Path) -> None:
    make_venv(Path(sys.executable), tmp_path / "deep" / "my venv", with_pip=False)
    python = tmp_path / "deep" / "my venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = run([str(python), "-I", "-c", "import sys; print(sys.version.split()[0], sys.prefix)"])
    assert done.stdout.split(maxsplit=1)[1].strip() == str(tmp_path / "deep" / "my venv")
    with pytest.raises(TargetExistsError):
        make_venv(Path(sys.executable), tmp_path / "deep" / "my venv")


@posix_only
def test_a_failed_venv_leaves_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "python"
    bad.write_text("#!/bin/sh\nfor last; do :; done\nmkdir -p \"$last/bin\"\necho 'no ensurepip' >&2\nexit 1\n")
    bad.chmod(0o755)
    with pytest.raises(EngineError, match="no ensurepip"):
        make_venv(bad, tmp_path / "new" / "venv")
    assert not (tmp_path / "new").exists()


def test_of_a_conda_environments_python_too(make_env: MakeEnv, channel: Channel, tmp_path: Path) -> None:
    base = make_env([f"python={channel.older_python}"])
    make_venv(base / "bin" / "python", tmp_path / "venv", with_pip=False)
    done = run([str(tmp_path / "venv" / "bin" / "python"), "-I", "-c", "import sys; print(sys.version.split()[0])"])
    assert done.stdout.strip() == channel.older_python
