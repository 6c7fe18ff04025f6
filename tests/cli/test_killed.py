"""What a killed rollback had moved aside is back before any verb looks at environments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from envkeep.store.journal import Journal
from support.command import command
from support.prefixes import conda_prefix

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="inodes there are for another day")


@pytest.mark.parametrize(
    "line",
    [
        "status -p {}",
        "backup -p {} -q",
        "show latest",
        "list",
        "export -p {}",
        "check -p {}",
        "diff latest live:{}",
        "doctor",
        "",
    ],
)
def test_whatever_comes_next(line: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = tmp_path / "envs" / "scope"
    conda_prefix(prefix, "new=1=h0")
    monkeypatch.setenv("CONDA_PREFIX", str(prefix))
    assert command("backup", "-p", str(prefix)).status == 0
    aside = prefix.with_name("scope.before-20250131112405")
    journal = Journal(home / ".envkeep")
    with journal.begin("rollback", str(prefix), "scope@1", aside=str(aside), inode=prefix.stat().st_ino):
        prefix.rename(aside)
    ran = command(*line.format(prefix).split())
    assert prefix.is_dir()
    assert not aside.exists()
    assert "was cut off" in ran.err + ran.out
    assert "error" not in ran.err, ran.err
