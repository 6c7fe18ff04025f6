"""By what a packed archive is known before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_archive"]

_MAGIC = b"PK\x03\x04"


def is_archive(path: Path) -> bool:
    """Return whether a file is a zip; only such a file can be a packed archive, and nothing else that is read here is one."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False
