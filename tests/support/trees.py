"""Folders as they are, to be held against themselves later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["snapshot"]


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return every entry under a folder with mode, modification time and content: what a reader may not change."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        info = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (info.st_mode, info.st_mtime_ns, content)
    return found
