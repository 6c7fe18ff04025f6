"""Hashes of a file, a block at a time."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkeep.formats.archive_file import BLOCK
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Digests", "digests"]


@frozen
class Digests:
    """Size in bytes, and hex digests."""

    size: int
    md5: str
    sha256: str


def digests(path: Path) -> Digests:
    """Return what a file's bytes come to.

    Raises:
        OSError: it cannot be read.
    """
    size = 0
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            size += len(block)
            md5.update(block)
            sha256.update(block)
    return Digests(size=size, md5=md5.hexdigest(), sha256=sha256.hexdigest())
