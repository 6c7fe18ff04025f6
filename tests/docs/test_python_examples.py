"""The Python examples of the pages run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import envkeep
from envkeep.model.record import Record
from support.examples import blocks

if TYPE_CHECKING:
    from conftest import MakeEnv

_DOCS = Path(__file__).parents[2] / "docs"
_ENVIRONMENT = "environment-record.json"


def _examples(page: str) -> dict[str, str]:
    """Return the Python blocks of a page by title, or by number where they have none."""
    found = [block for block in blocks((_DOCS / page).read_text(encoding="utf-8")) if block.language == "python"]
    return {block.title or str(number): block.text for number, block in enumerate(found)}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(text: str, *argv: str) -> str:
    done = subprocess.run([sys.executable, *argv, "-c", text], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_application_start(home: Path) -> None:
    examples = _examples("how-to/application-start.md")
    assert _run(examples["0"]) == ""
    (kept,) = (home / ".envkeep" / "environments").glob("*/*_environment.txt")
    assert "nothing changed, no backup was kept" in _run(examples["1"])
    (home / ".envkeep" / "config.toml").write_text("[backup]\nkeep_backup = false\n")
    assert "keep_backup is false" in _run(examples["1"])
    assert kept.is_file()


def test_in_place_of_pymodaqs_manager(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymodaq_utils")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    examples = _examples("how-to/application-start.md")
    folder = home / ".pymodaq" / "environments" / Path(sys.prefix).name
    _run(examples["before"])
    (theirs,) = folder.glob("*.txt")
    _run(examples["after"])
    ours = [path for path in folder.glob("*.txt") if path != theirs]
    assert len(ours) == 1, "it goes on in the same folder"
    _run(examples["after"])
    assert len(list(folder.glob("*.txt"))) == 2, "and keeps nothing where nothing changed"
    read = (
        "from pymodaq_utils.environment import PythonEnvironment as P; import sys; print(len(P.from_file(sys.argv[1])._packages))"
    )
    done = subprocess.run([sys.executable, "-c", read, ours[0]], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 10, "PyMoDAQ reads it"
    (home / ".pymodaq" / "config" / "utils.toml").write_text("[backup]\nkeep_backup = false\n")
    for path in ours:
        path.unlink()
    _run(examples["after"])
    assert list(folder.glob("*.txt")) == [theirs], "switched off in PyMoDAQ's settings"


@pytest.mark.parametrize("changed", [False, True])
def test_fixture(tmp_path: Path, changed: bool) -> None:
    examples = _examples("how-to/test-fixture.md")
    for name, text in examples.items():
        (tmp_path / name).write_text(text)
    record = envkeep.export(envkeep.capture(), "record-json")
    (tmp_path / _ENVIRONMENT).write_text(record.replace('"pytest"', '"pytest-of-old"') if changed else record)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    if changed:
        assert "pytest-of-old: missing" in done.stdout
        assert "1 failed, 1 passed" in done.stdout, done.stdout
    else:
        assert "2 passed" in done.stdout, done.stdout
        assert "Warning" not in done.stdout


def test_notebook(tmp_path: Path, make_env: MakeEnv, home: Path) -> None:
    first, since, again, files = _examples("how-to/notebook.md").values()
    assert "environment: " in _run(first)
    assert _run(since) == ""
    _run(files)
    assert "dependencies:" in (tmp_path / "environment.yml").read_text()
    assert "pytest==" in (tmp_path / "requirements.txt").read_text()
    # a small environment in place of the one that the tests run in, which would take long to build
    prefix = make_env(["libfoo"], name="analysis")
    for folder in (home / ".envkeep" / "environments").iterdir():
        if folder.is_dir():
            folder.rename(home / folder.name)
    envkeep.backup(prefix)
    assert "exact" in _run(again)
    assert (tmp_path / "analysis-of-last-year" / "conda-meta").is_dir()


def test_reference(make_env: MakeEnv, home: Path) -> None:
    (example,) = [text for text in _examples("reference/python-api.md").values() if not text.startswith("def ")]
    prefix = make_env(["libfoo"], name="microscope")
    envkeep.backup()
    envkeep.backup(prefix)
    assert isinstance(envkeep.load("microscope@latest"), Record)
    _run(example)
    assert (home / "envs" / "microscope-new" / "conda-meta").is_dir()
