from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from envkeep.engines.select import engines_found, find_engine
from envkeep.errors import EngineError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are scripts")


def program(folder: Path, name: str, version: str = "1") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_rattler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envkeep.engines.rattler_start.is_installed", lambda: False)


def test_the_embedded_engine_comes_first(tmp_path: Path) -> None:
    conda = program(tmp_path, "conda", "conda 26.7.1")
    environ = {"PATH": os.defpath, "CONDA_EXE": str(conda)}
    assert find_engine(None, environ).name == "rattler"
    assert find_engine("conda", environ).info().path == str(conda)
    assert [(each.name, each.version) for each in engines_found(environ)][1:] == [("conda", "26.7.1")]
    assert engines_found(environ)[0].version


def test_order_without_it(tmp_path: Path, no_rattler: None) -> None:
    mamba = program(tmp_path / "a", "micromamba")
    conda = program(tmp_path / "b", "conda")
    on_path = program(tmp_path / "c", "conda")
    environ = {"PATH": str(on_path.parent), "MAMBA_EXE": str(mamba), "CONDA_EXE": str(conda)}
    assert [each.path for each in engines_found(environ)] == [str(mamba), str(conda), str(on_path)]
    # MAMBA_EXE names a micromamba
    assert find_engine(None, environ).name == "micromamba"
    assert find_engine("conda", environ).info().path == str(conda)
    del environ["MAMBA_EXE"]
    assert find_engine(None, environ).info().path == str(conda)
    del environ["CONDA_EXE"]
    assert find_engine(None, environ).info().path == str(on_path)


def test_a_variable_that_names_nothing_is_passed_over(tmp_path: Path, no_rattler: None) -> None:
    with pytest.raises(EngineError, match=r'nothing on this machine .*\n.*pip install "envkeep\[engine\]"'):
        find_engine(None, {"PATH": str(tmp_path), "CONDA_EXE": str(tmp_path / "gone" / "conda"), "MAMBA_EXE": ""})


def test_one_that_is_asked_for_and_not_there_is_named(tmp_path: Path, no_rattler: None) -> None:
    program(tmp_path, "conda")
    environ = {"PATH": str(tmp_path)}
    with pytest.raises(EngineError, match="mamba is not on this machine"):
        find_engine("mamba", environ)
    with pytest.raises(EngineError, match="py-rattler"):
        find_engine("rattler", environ)
    with pytest.raises(UsageError, match="pixi"):
        find_engine("pixi", environ)  # type: ignore[arg-type]


def test_a_program_that_does_not_say_its_version_is_an_engine_all_the_same(tmp_path: Path) -> None:
    path = program(tmp_path, "conda")
    path.write_text("#!/bin/sh\nexit 3\n")
    assert find_engine("conda", {"PATH": str(tmp_path)}).info().version is None
