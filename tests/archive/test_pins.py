"""Hashes for lock files: from an index, from an archive, from caches; and lock files that installers take."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.archive.pins import gather_pins, with_hashes
from envkeep.archive.unpacking import check_archive, unpacked
from envkeep.engines.base import NoProgress
from envkeep.formats.export import export
from envkeep.formats.load import load_bytes
from envkeep.restoring.prepare import Options, prepare
from envkeep.restoring.restore import restore

if TYPE_CHECKING:
    from archive.conftest import Bench
    from support.channel import Index


def test_from_record_archive_and_index(bench: Bench, index: Index) -> None:
    assert set(gather_pins(bench.record, os.environ)) == {"labwheel"}
    packed = gather_pins(bench.record, os.environ, manifest=check_archive(bench.archive, NoProgress()))
    assert set(packed) == {"colorlog", "labwheel", "lab-linked", "labloose", "labfolder", "labvcs"}
    asked = gather_pins(bench.record, os.environ, online=True)
    assert set(asked) == {"colorlog", "labwheel"}
    assert asked["colorlog"].sha256 == packed["colorlog"].sha256
    assert asked["colorlog"].url == index.wheel("colorlog", "6.9.0").as_uri()


def test_md5s_that_nobody_recorded(bench: Bench) -> None:
    bare = replace(bench.record, conda=tuple(replace(item, md5=None) for item in bench.record.conda))
    assert with_hashes(bare, os.environ) == bench.record
    elsewhere = replace(bare, conda=tuple(replace(item, url=f"https://nowhere/{item.fn}") for item in bare.conda))
    assert with_hashes(elsewhere, os.environ) == elsewhere
    found = with_hashes(elsewhere, os.environ, archive=bench.archive)
    assert [item.md5 for item in found.conda] == [item.md5 for item in bench.record.conda]


def test_a_conda_lock_file_rebuilds_the_environment(bench: Bench, index: Index, tmp_path: Path) -> None:
    record = bench.only("colorlog", "labwheel", "labvcs")
    text = export(record, "conda-lock", pins=gather_pins(record, os.environ, online=True))
    source = load_bytes(text.encode(), "conda-lock.yml")
    prepared = prepare(source, Options(target=tmp_path / "env"), os.environ)
    result = restore(prepared.plan, engine=prepared.engine, installer="pip")
    words = {(item.kind, item.name): item.outcome for item in result.verification.outcomes}
    assert {word for (kind, _), word in words.items() if kind == "conda"} == {"exact"}
    assert {word for (kind, _), word in words.items() if kind == "pip"} == {"same-version"}


@pytest.mark.skipif(sys.platform == "win32", reason="conda's layout differs there")
def test_a_pylock_of_an_archive_installs_from_the_unpacked_folder(bench: Bench, tmp_path: Path) -> None:
    pytest.importorskip("packaging.pylock")
    from envkeep.engines.pythons import find_python, make_venv
    from envkeep.engines.uv import find_uv

    uv = find_uv(os.environ)
    python = find_python(bench.record.python.version) if bench.record.python is not None else None
    if uv is None or python is None:
        pytest.skip("needs uv, and a Python of that version")
    make_venv(Path(python), tmp_path / "venv", with_pip=False, installer="uv")
    with unpacked(bench.archive, NoProgress()) as (folder, manifest):
        text = export(bench.record, "pylock", pins=gather_pins(bench.record, os.environ, manifest=manifest))
        folder.joinpath("pylock.toml").write_text(text)
        argv = [uv, "pip", "install", "--python", str(tmp_path / "venv" / "bin" / "python"), "--offline", "--no-index"]
        done = subprocess.run([*argv, "-r", str(folder / "pylock.toml")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    code = "import colorlog, labwheel, lab_linked, labfolder, labvcs; print(labvcs.__version__)"
    done = subprocess.run([tmp_path / "venv" / "bin" / "python", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1.2.3", done.stderr


def test_requirements_with_hashes(bench: Bench) -> None:
    text = export(bench.record, "requirements", pins=gather_pins(bench.record, os.environ, online=True))
    lines = [line for line in text.splitlines() if "--hash" in line]
    assert len(lines) == 1
    assert lines[0].startswith("colorlog==6.9.0 --hash=sha256:")
    found = load_bytes(text.encode(), "x.txt")
    assert next(item.hashes for item in found.requirements if item.name == "colorlog")  # type: ignore[union-attr]
