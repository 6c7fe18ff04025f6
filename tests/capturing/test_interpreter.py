from __future__ import annotations

import os
import sys
import time
import venv
from pathlib import Path

import pytest

from envkeep.capturing.capture import capture
from envkeep.capturing.layout import find_executable, kind_of, machine_subdir, read_venv_config, site_folders
from support.wild_prefixes import wild_conda, wild_venv

posix_only = pytest.mark.skipif(os.name == "nt", reason="a script stands in for Python")


@posix_only
def test_a_venv_answers_for_itself(tmp_path: Path) -> None:
    venv.create(tmp_path / "v", with_pip=False)
    record = capture(tmp_path / "v")
    assert record.python is not None
    assert record.python.source == "interpreter"
    assert record.python.build_text == " ".join(sys.version.split())
    assert record.python.executable == str(tmp_path / "v" / "bin" / "python")
    assert record.python.implementation == sys.implementation.name
    assert record.problems == ()


def test_it_is_not_started_if_not_wanted(tmp_path: Path) -> None:
    venv.create(tmp_path / "v", with_pip=False, symlinks=os.name != "nt")
    record = capture(tmp_path / "v", start_python=False)
    assert record.python is not None
    assert (record.python.source, record.python.build_text) == ("pyvenv.cfg", record.python.version)
    assert record.python.version == ".".join(str(part) for part in sys.version_info[:3])
    assert record.problems == ()


def test_the_running_one_answers_without_being_started(monkeypatch: pytest.MonkeyPatch) -> None:
    import envkeep.engines.run as runner

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("started")

    monkeypatch.setattr(runner, "run", refuse)
    record = capture(Path(sys.prefix), ask_git=False)
    assert record.python is not None
    assert record.python.source == "interpreter"
    assert "pytest" in [found.name for found in record.distributions]


def fake_python(prefix: Path, script: str) -> Path:
    path = prefix / "bin" / "python"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@posix_only
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("sleep 30", "did not answer within 2 s"),
        ("exit 3", "status 3"),
        ("echo broken library >&2; exit 127", "broken library"),
        ("echo nonsense", "status 0"),
        ("yes | head -c 100000", "status"),
    ],
)
def test_one_that_does_not_answer(tmp_path: Path, script: str, reason: str) -> None:
    prefix = wild_conda(tmp_path / "e", subdir=machine_subdir())
    prefix.python("3.12.1")
    fake_python(prefix.path, script)
    start = time.perf_counter()
    record = capture(prefix.path)
    assert time.perf_counter() - start < 8
    assert record.python is not None
    assert (record.python.version, record.python.source) == ("3.12.1", "conda-meta")
    (problem,) = record.problems
    assert (problem.code, problem.path) == ("python-not-started", "bin/python")
    assert reason in problem.message
    assert "conda-meta" in problem.message


@posix_only
def test_one_that_cannot_be_started_at_all(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v")
    fake_python(prefix.path, "").write_bytes(b"\x7fELF")
    record = capture(prefix.path)
    assert record.python is not None
    assert (record.python.version, record.python.source) == ("3.12.1", "pyvenv.cfg")
    assert [problem.code for problem in record.problems] == ["python-not-started"]


@posix_only
def test_one_of_unknown_version(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v", "home = /x\n")
    fake_python(prefix.path, "exit 1")
    record = capture(prefix.path)
    assert record.python is None
    assert [problem.code for problem in record.problems] == ["unknown-python"]


@posix_only
def test_variables_of_ours_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "v", with_pip=False)
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    record = capture(tmp_path / "v")
    assert record.python is not None
    assert record.python.source == "interpreter"


@posix_only
def test_the_bare_interpreter_below(tmp_path: Path) -> None:
    base = Path(sys.base_prefix)
    record = capture(base)
    assert record.environment.kind in {"interpreter", "conda"}
    assert record.python is not None
    assert record.python.version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert record.python.source == "interpreter"


@posix_only
def test_a_bare_interpreter_is_read_without_being_started(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.12").write_text("")
    (tmp_path / "bin" / "python3").symlink_to("python3.12")
    (tmp_path / "lib" / "python3.12").mkdir(parents=True)
    (tmp_path / "lib" / "python3.12" / "os.py").write_text("")
    (tmp_path / "lib" / "python3" / "dist-packages" / "six-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "lib" / "python3" / "dist-packages" / "six-1.0.dist-info" / "METADATA").write_text("Name: six\nVersion: 1.0\n")
    record = capture(tmp_path, start_python=False)
    assert record.python is not None
    assert (record.python.version, record.python.source) == ("3.12", "header")
    assert [found.location for found in record.distributions] == ["lib/python3/dist-packages"]
    (tmp_path / "include" / "python3.12").mkdir(parents=True)
    (tmp_path / "include" / "python3.12" / "patchlevel.h").write_text('#define PY_VERSION              "3.12.7"\n')
    record = capture(tmp_path, start_python=False)
    assert record.python is not None
    assert record.python.version == "3.12.7"


@pytest.mark.parametrize(
    ("config", "version", "prompt"),
    [
        ("version = 3.12.1\nprompt = 'lab'\n", "3.12.1", "lab"),
        ("version_info = 3.11.7.final.0\n", "3.11.7", None),
        ("version_info = 3.14.0rc2\nprompt = lab\n", "3.14.0rc2", "lab"),
        ("version = 3.13.0+\n", "3.13.0", None),
        ("VERSION=3.9.1", "3.9.1", None),
        ("home\n=\n", None, None),
        ("version = x\n", None, None),
    ],
)
def test_pyvenv_cfg_of_all_writers(tmp_path: Path, config: str, version: str | None, prompt: str | None) -> None:
    (tmp_path / "pyvenv.cfg").write_text(config)
    found = read_venv_config(tmp_path)
    assert (found.version, found.prompt) == (version, prompt)


def test_lib64_is_a_link_to_lib(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v")
    prefix.dist("six")
    (prefix.path / "lib64").symlink_to("lib")
    folders, leftovers = site_folders(prefix.path, "venv", "3.12.1")
    assert [folder.relative_to(prefix.path).as_posix() for folder in folders] == [prefix.site]
    assert leftovers == []


def test_kinds(tmp_path: Path) -> None:
    assert kind_of(wild_conda(tmp_path / "c").path) == "conda"
    assert kind_of(wild_venv(tmp_path / "v").path) == "venv"
    assert kind_of(tmp_path) is None
    assert find_executable(tmp_path, "conda") is None
    assert kind_of(Path(sys.base_prefix)) is not None
