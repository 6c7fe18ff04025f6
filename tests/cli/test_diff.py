"""``diff``: whose backup and which environment is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.command import command
from support.prefixes import conda_prefix, install

if TYPE_CHECKING:
    from pathlib import Path


def test_a_prefix_beside_a_named_backup_is_the_live_environment(home: Path, tmp_path: Path) -> None:
    lab = conda_prefix(tmp_path / "lab", "zlib=1.2=h0")
    other = conda_prefix(tmp_path / "other", "zlib=1.2=h0")
    install(other, "libpng=1.6=h1")
    command("backup", "-p", lab)
    assert command("diff", "lab@latest", "-p", lab).status == 0
    held = command("diff", "lab@latest", "-p", other)
    assert held.status == 3
    assert "+ libpng 1.6" in held.out
    assert f"live {other}" in held.out
    # nothing is left for it to say
    refused = command("diff", "lab@latest", "lab@latest", "-p", other)
    assert refused.status == 2
    assert "Leave out -n/--name and -p/--prefix" in refused.err


def test_a_name_is_one_that_conda_knows_or_that_has_backups(home: Path, tmp_path: Path) -> None:
    lab = conda_prefix(tmp_path / "lab", "zlib=1.2=h0")
    command("backup", "-p", lab)
    install(lab, "libpng=1.6=h1")
    for words in (("-n", "lab", "latest"), ("latest", "live:lab", "-n", "lab")):
        held = command("diff", *words)
        assert (held.status, f"live {lab}" in held.out) == (3, True), held
    unknown = command("status", "-n", "other")
    assert unknown.status == 1
    assert "With backups there are lab." in unknown.err
