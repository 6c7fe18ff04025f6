"""The main job, end to end: an environment is backed up, rebuilt elsewhere, and shown to be the same."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.projects import make_git_repo, make_project, make_wheel

if TYPE_CHECKING:
    from conftest import MakeEnv
    from e2e.conftest import Envkeep
    from support.channel import Channel, Index

_SPECS = ("pip", "setuptools", "wheel", "rich", "jinja2", "pyyaml", "labtool", "labpost", "six<1.17", "libfoo<2")


def _run(*argv: str | Path) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _pip(prefix: Path, *argv: str | Path) -> None:
    _run(prefix / "bin" / "python", "-m", "pip", "install", "--quiet", *argv)


@dataclass(frozen=True)
class Lab:
    """An environment as people have them: conda's packages, and pip's from everywhere."""

    prefix: Path
    python: str
    editable: Path
    wheel: Path
    commit: str


@pytest.fixture(scope="module")
def lab(make_env: MakeEnv, channel: Channel, index: Index, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    projects = tmp_path_factory.mktemp("projects")
    python = channel.older_python
    prefix = make_env([f"python={python}", *_SPECS], name="microscope", link_scripts=True)
    assert len(list((prefix / "conda-meta").glob("*.json"))) >= 20
    repository = make_git_repo(projects / "labvcs", "labvcs", "1.2.3")
    commit = _run("git", "-C", repository, "rev-parse", "HEAD").strip()
    editable = make_project(projects / "lab edit", "lab-edit", "0.4.dev1", requires=["six"])
    wheel = make_wheel(projects / "wheels", "labwheel", "2.0", script=True)
    _pip(prefix, "colorlog==6.9.0")
    _pip(prefix, "--no-build-isolation", "-e", editable)
    _pip(prefix, "--no-build-isolation", f"git+{repository.as_uri()}@{commit}")
    _pip(prefix, wheel)
    return Lab(prefix=prefix, python=python, editable=editable, wheel=wheel, commit=commit)


@pytest.fixture
def rebuilt(lab: Lab, envkeep: Envkeep, tmp_path: Path) -> Path:
    envkeep("backup", "-p", lab.prefix)
    target = tmp_path / "new place" / "microscope"
    ran = envkeep("restore", "microscope@latest", "-p", target, "-y")
    assert "exact" in ran.out
    return target


def test_rebuilt_exactly_and_it_runs(lab: Lab, envkeep: Envkeep, rebuilt: Path) -> None:
    verified = envkeep("verify", "microscope@latest", "-p", rebuilt, "--json").result
    by_name = {outcome["name"]: outcome["outcome"] for outcome in verified["outcomes"]}
    assert set(by_name.values()) == {"exact"}
    assert {"python", "six", "labpost", "colorlog", "lab-edit", "labvcs", "labwheel"} <= set(by_name)
    python = rebuilt / "bin" / "python"
    assert _run(python, "-c", "import platform; print(platform.python_version())").strip() == lab.python
    _run(python, "-c", "import yaml, rich, jinja2, six, colorlog, labvcs, labwheel, lab_edit")
    # conda's entry point and pip's: both start the new interpreter
    assert _run(rebuilt / "bin" / "labtool").strip() == "labtool 0.5"
    assert _run(rebuilt / "bin" / "labwheel").strip() == "labwheel 2.0"
    launcher = (rebuilt / "bin" / "labwheel").read_text()
    assert str(rebuilt) in launcher
    assert str(lab.prefix) not in launcher
    # the editable checkout is the same one, and untouched
    assert _run(python, "-c", "import lab_edit; print(lab_edit.__file__)").strip() == str(lab.editable / "lab_edit.py")


def test_what_cannot_come_back_is_named(lab: Lab, envkeep: Envkeep, tmp_path: Path) -> None:
    envkeep("backup", "-p", lab.prefix)
    aside = lab.wheel.rename(lab.wheel.with_suffix(".aside"))
    try:
        ran = envkeep("restore", "microscope@latest", "-p", tmp_path / "new", "-y", status=3)
    finally:
        aside.rename(lab.wheel)
    assert "labwheel" in ran.out
    assert "missing" in ran.out
    verified = envkeep("verify", "microscope@latest", "-p", tmp_path / "new", "--json", status=3).result
    others = {outcome["name"]: outcome["outcome"] for outcome in verified["outcomes"] if outcome["outcome"] != "exact"}
    assert others == {"labwheel": "missing"}


def test_a_backup_of_the_rebuilt_one_is_equal(lab: Lab, envkeep: Envkeep, rebuilt: Path) -> None:
    assert envkeep("diff", "microscope@latest", f"live:{rebuilt}").out.rstrip().endswith("nothing changed")


def test_kept_only_when_something_changed(lab: Lab, envkeep: Envkeep, index: Index, tmp_path: Path) -> None:
    prefix = tmp_path / "copy" / "microscope"
    shutil.copytree(lab.prefix, prefix, symlinks=True)
    first = envkeep("backup", "-p", prefix)
    assert "kept" in first.out
    assert "nothing new kept" in envkeep("backup", "-p", prefix).out
    assert envkeep("list", "-n", "microscope").out.count("\n") == 3  # title, head, one backup
    _pip(prefix, "emoji==2.14.0")
    assert envkeep("status", "-p", prefix, status=3)
    changed = envkeep("backup", "-p", prefix)
    assert "+ emoji 2.14.0 (pip)" in changed.out
    assert "emoji" in envkeep("show", "microscope@latest").out
    assert "nothing changed since" in envkeep("status", "-p", prefix).out


_PYMODAQ = """\
# executable: /home/mairain/miniforge3/envs/pymodaq/bin/python
# version: {version}

six==1.16.0
labindex==1.1
colorlog==6.9.0
"""


@pytest.mark.parametrize("stray", [False, True], ids=["plain", "stray compiler line"])
def test_a_pymodaq_file_restores_to_its_python(
    channel: Channel, index: Index, envkeep: Envkeep, tmp_path: Path, stray: bool
) -> None:
    python = channel.older_python
    build = f"{python} (main, Jan 17 2025, 18:03:48) " + ("\n[GCC 9.4.0]" if stray else "[GCC 13.3.0]")
    file = tmp_path / "20250131112405_environment.txt"
    file.write_text(_PYMODAQ.format(version=build))
    target = tmp_path / "pymodaq"
    envkeep("restore", file, "-p", target, "-c", channel.main, "-y")
    assert _run(target / "bin" / "python", "-c", "import platform; print(platform.python_version())").strip() == python
    assert _run(target / "bin" / "python", "-c", "import six, labindex, colorlog; print(labindex.__version__)").strip() == "1.1"


def test_a_python_that_no_channel_has(channel: Channel, envkeep: Envkeep, tmp_path: Path) -> None:
    file = tmp_path / "20250131112405_environment.txt"
    file.write_text(_PYMODAQ.format(version="3.12.97 (main, Jan 17 2025, 18:03:48) [GCC 13.3.0]"))
    ran = envkeep("restore", file, "-p", tmp_path / "new", "-c", channel.main, "-y", status=1)
    assert "3.12.97" in ran.err
    assert channel.python_versions[0] in ran.err
    assert not (tmp_path / "new").exists()


def test_bad_input_gives_one_clear_line_and_changes_nothing(lab: Lab, envkeep: Envkeep, home: Path, tmp_path: Path) -> None:
    envkeep("backup", "-p", lab.prefix)
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "readme").write_text("hello")
    before = _tree(tmp_path)
    for argv in (
        ("show", "19990101"),
        ("restore", "microscope@nosuchtag", "-p", tmp_path / "new", "-y"),
        ("restore", "nosuch@latest", "-p", tmp_path / "new", "-y"),
        ("restore", tmp_path / "nosuch.txt", "-p", tmp_path / "new", "-y"),
        ("backup", "-p", tmp_path / "empty"),
        ("backup", "-p", tmp_path / "folder"),
        ("backup", "-p", tmp_path / "nowhere"),
        ("restore", "microscope@latest", "-p", tmp_path / "folder", "-y"),
        ("restore", "microscope@latest", "-p", lab.prefix, "-y"),
    ):
        ran = envkeep(*argv, status=1)
        assert ran.out == ""
        assert ran.err.startswith("error: "), argv
        fact, *remedy = ran.err.splitlines()
        assert fact
        assert all(line.startswith("  ") for line in remedy)
    assert _tree(tmp_path) == before


def test_a_corrupt_record_is_one_clear_error(lab: Lab, envkeep: Envkeep, home: Path, tmp_path: Path) -> None:
    envkeep("backup", "-p", lab.prefix)
    (record,) = (home / ".envkeep").glob("environments/microscope/*/record.json.gz")
    loose = tmp_path / "record.json.gz"
    loose.write_bytes(record.read_bytes()[:-40])
    ran = envkeep("restore", loose, "-p", tmp_path / "new", "-y", status=1)
    assert "record.json.gz" in ran.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_damaged_record_in_the_store_is_no_smaller_environment(
    lab: Lab, envkeep: Envkeep, home: Path, tmp_path: Path, harm: str
) -> None:
    envkeep("backup", "-p", lab.prefix)
    (record,) = (home / ".envkeep").glob("environments/microscope/*/record.json.gz")
    data = record.read_bytes()
    record.write_bytes(data[:900] if harm == "cut" else data[:900] + bytes([data[900] ^ 1]) + data[901:])
    for verb in (("restore", "microscope@latest", "-p", tmp_path / "new", "-y"), ("rollback", "microscope@latest", "-y")):
        ran = envkeep(*verb, status=1)
        assert "damaged" in ran.err
        assert "explicit.txt" in ran.err
    assert not (tmp_path / "new").exists()
    dry = envkeep("restore", "microscope@latest", "-p", tmp_path / "new", "-d", "--fidelity", "pip", "-c", _any_channel(lab))
    assert "Python packages" in dry.out


def _any_channel(lab: Lab) -> str:
    history = (lab.prefix / "conda-meta" / "history").read_text()
    return next(line[1:].rpartition("/")[0] for line in history.splitlines() if line.startswith("+") and "/main/" in line)


def test_the_machines_own_python(envkeep: Envkeep) -> None:
    import sys

    kept = envkeep("backup", "-p", sys.prefix)
    assert "kept" in kept.out
    assert "pytest" in envkeep("show", "latest").out
    assert "nothing new kept" in envkeep("backup", "-p", sys.prefix).out
    # the name that `list` shows names it, too
    name = envkeep("list", "--json").result[0]["environment"]["folder"]
    assert "nothing changed" in envkeep("status", "-n", name).out


def _tree(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in Path(folder).rglob("*") if path.is_file())
