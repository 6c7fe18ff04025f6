"""``check`` of a backup: what could not be rebuilt from it, by what it says of its own time."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.command import command
from support.wild_prefixes import wild_venv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def prefix(home: Path, tmp_path: Path, pushed_repo: Path) -> Path:
    """A venv with an editable checkout, backed up while there were changes in that, which are committed and pushed by now."""
    prefix = wild_venv(tmp_path / "microscope")
    prefix.dist("labvcs", direct_url=json.dumps({"url": pushed_repo.as_uri(), "dir_info": {"editable": True}}))
    # pushed to a server, which nobody asks
    subprocess.run(["git", "-C", pushed_repo, "remote", "set-url", "origin", "https://example.org/labvcs.git"], check=True)
    (pushed_repo / "labvcs.py").write_text("x = 2\n")
    command("backup", "-p", prefix.path)
    subprocess.run(["git", "-C", pushed_repo, "checkout", "-q", "--", "."], check=True)
    return prefix.path


def test_a_backup_says_what_was_in_no_commit(prefix: Path) -> None:
    live = command("check", "-p", prefix)
    assert "labvcs" not in live.out
    stored = command("check", "microscope@latest")
    assert stored.status == 3
    assert "lost: labvcs: the editable checkout" in stored.out
    assert "of labvcs had changes in no commit when it was recorded" in stored.out
    (finding,) = command("check", "latest", "-p", prefix, "--json").document["result"]["findings"]
    assert finding["code"] == "dirty-checkout"
    assert ", uncommitted changes" in command("show", "microscope@latest").out


def test_what_is_no_record_is_refused_and_files_are_the_environments(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("six==1.16.0\n")
    refused = command("check", tmp_path / "list.txt")
    assert (refused.status, "is a list of packages" in refused.err, "envkeep show" in refused.err) == (2, True, True)
    assert "--files looks into an environment" in command("check", "microscope@latest", "--files").err


def test_online_without_an_engine_a_venv_is_checked_all_the_same(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from envkeep.engines import rattler_start

    monkeypatch.setattr(rattler_start, "is_installed", lambda: False)
    for variable in ("PATH", "MAMBA_EXE", "CONDA_EXE"):
        monkeypatch.delenv(variable, raising=False)
    done = command("check", "-p", prefix, "--online", "--json")
    assert (done.status, done.err, done.document["result"]["findings"]) == (0, "", [])
