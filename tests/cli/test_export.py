"""``export``: an option that does nothing is refused, not ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.changing import Lab
from support.command import command
from support.prefixes import conda_prefix

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "line",
    [
        "--format explicit --pip none",
        "--format requirements --pip unpinned",
        "--format pylock --pip pinned",
        "--format conda-lock --pip top-level",
        "--format portable --hash sha256",
        "--format requirements --hash md5",
        "--format conda-lock --hash md5",
        "--format environment-yml --online",
        "--format requirements --online",
        "--format explicit --with-secrets",
        "--format conda-lock --with-secrets",
    ],
)
def test_what_does_nothing_is_refused(line: str, home: Path, tmp_path: Path) -> None:
    done = command("export", "-p", conda_prefix(tmp_path / "lab", "zlib=1.2=h0"), *line.split())
    assert done.status == 2
    assert done.out == ""
    assert f"{' '.join(line.split()[2:])} does nothing for {' '.join(line.split()[:2])}" in done.err


@pytest.mark.parametrize(
    "line",
    [
        "--format explicit --hash sha256",
        "--format portable --pip none",
        "--pip top-level",
        "--format requirements --hash sha256",
        "--format portable --with-secrets",
        "--format record-json --with-secrets",
    ],
)
def test_what_does_something_is_not(line: str, home: Path, tmp_path: Path) -> None:
    assert command("export", "-p", conda_prefix(tmp_path / "lab", "zlib=1.2=h0"), *line.split()).status == 0


def test_hashes_that_nobody_knows_are_told_of(home: Path, tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.pip_install("tool", "1.0")
    done = command("export", "-p", lab.prefix, "--format", "requirements", "--hash", "sha256")
    assert (done.status, "tool==1.0" in done.out) == (0, True)
    assert "no hash is known of any of these packages: --online asks the index for them" in done.err
    assert command("export", "-p", lab.prefix, "--format", "requirements").err == ""
