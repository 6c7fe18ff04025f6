"""``envkeep pack`` and what takes an archive as BACKUP, as their user runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkeep.formats.export import export

if TYPE_CHECKING:
    from pathlib import Path

    from archive.conftest import Bench


def envkeep(*argv: str | Path, status: int = 0, before: tuple[str, ...] = ()) -> str:
    argv = (*before, sys.executable, "-m", "envkeep", *argv)
    done = subprocess.run([str(each) for each in argv], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr if status else done.stdout


def _no_network() -> tuple[str, ...]:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine cannot take the network away from a process")
    return (unshare, "-rn")


def test_pack_says_what_it_did_and_where_it_failed(bench: Bench, home: Path, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(export(bench.only("colorlog"), "record-json"))
    archive = tmp_path / "bench.envkeep"
    found = json.loads(envkeep("pack", tmp_path / "record.json", "-o", archive, "--json"))["result"]
    assert (found["path"], found["lacking"], found["size"]) == (str(archive), [], archive.stat().st_size)
    assert not found["replaced"]
    assert ", in place of the file that was there\n" in envkeep("pack", tmp_path / "record.json", "-o", archive)
    (tmp_path / "list.txt").write_text("six==1.16.0\n")
    assert "is no record" in envkeep("pack", tmp_path / "list.txt", "-o", archive, status=2)
    (tmp_path / "file").touch()
    assert "Name another file" in envkeep("pack", tmp_path / "record.json", "-o", tmp_path / "file" / "a.envkeep", status=1)


def test_an_archive_is_a_backup_everywhere(bench: Bench, home: Path, tmp_path: Path) -> None:
    assert "bench" in envkeep("show", bench.archive)
    assert "labvcs" in envkeep("inspect", bench.archive)
    assert "six" in envkeep("export", bench.archive, "--format", "explicit")
    assert "exact" in envkeep("verify", bench.archive, "-p", bench.prefix)
    kept = json.loads(envkeep("import", bench.archive, "-n", "archived", "--json"))["result"][0]
    assert kept["size"] < 1_000_000
    assert json.loads(envkeep("import", bench.archive, "-n", "archived", "--json"))["result"][0]["stamp"] == kept["stamp"]
    assert "1 backup" in envkeep("list", "-n", "archived")


def test_restore_with_the_network_off(bench: Bench, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("ENVKEEP_CACHE", str(tmp_path / "cache"))
    target = tmp_path / "env"
    found = json.loads(envkeep("restore", bench.archive, "-p", target, "-y", "--files", "--json", before=_no_network()))
    assert found["result"]["verification"]["faults"] == []
    wrong = [item for item in found["result"]["verification"]["outcomes"] if item["outcome"] not in {"exact", "mended"}]
    assert wrong == []
    assert "exact" in envkeep("verify", bench.archive, "-p", target, "--files")
    assert list(temporary.glob("envkeep-*")) == []


def test_a_damaged_archive_builds_nothing(bench: Bench, home: Path, tmp_path: Path) -> None:
    data = bytearray(bench.archive.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = tmp_path / "damaged.envkeep"
    damaged.write_bytes(data)
    said = envkeep("restore", damaged, "-p", tmp_path / "env", "-y", status=1)
    assert said.startswith("error: ")
    assert "damaged" in said
    assert not (tmp_path / "env").exists()
