"""``check --files``: the files of a prefix held against what conda and pip say they installed."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from envkeep.capturing.reading import line_text
from envkeep.checking.owned_files import Expected, Owned, comparable, owned_files
from envkeep.engines.base import NoProgress
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from envkeep.engines.base import Progress

__all__ = ["FileFinding", "altered_files"]

_BLOCK = 1 << 20
# what is not part of any package: conda's own books, its cache and other environments, compiled Python
_NOT_LOOKED_AT = frozenset({"conda-meta", "pkgs", "envs", "__pycache__"})
_MARKS = frozenset({"CACHEDIR.TAG", ".nonadmin", ".messages.txt"})


@frozen
class FileFinding:
    """A file that is not as it was installed.

    Attributes:
        kind: ``altered`` (another content), ``missing``, ``added`` (no package's), ``unreadable``.
        path: relative to the prefix with ``/``; a folder of which nothing is any package's ends in ``/`` and counts once.
        package, manager: whose it is; None for what was added.
        detail: more, in words; may be empty.
    """

    kind: Literal["altered", "missing", "added", "unreadable"]
    path: str
    package: str | None = None
    manager: Literal["conda", "pip"] | None = None
    detail: str = ""


def altered_files(prefix: Path, progress: Progress | None = None) -> tuple[FileFinding, ...]:
    """Return the files of a prefix that are not as they were installed, sorted by path; nothing is written.

    By content: conda's ``sha256_in_prefix`` and the hashes of pip's RECORD. Scripts in ``bin`` and ``Scripts`` that start a
    Python are judged by their being there, since installers write the environment's path into them. ``.pyc`` files are not
    looked at.

    Args:
        prefix: of the environment; one that is not there has no files.
        progress: told of each file, since a large environment takes a while.
    """
    told = NoProgress() if progress is None else progress
    owned = owned_files(prefix)
    told.start("checking files", len(owned.files))
    try:
        found = list(_compared(owned, told))
    finally:
        told.finish()
    shown = (replace(finding, path=line_text(finding.path)) for finding in (*found, *_added(owned)))
    return tuple(sorted(shown, key=lambda finding: (finding.path, finding.kind)))


def _compared(owned: Owned, progress: Progress) -> Iterator[FileFinding]:
    for owners in owned.files.values():
        finding = _judged(owned.prefix, owners)
        if finding is not None:
            yield finding
        progress.advance()


def _judged(prefix: Path, owners: Sequence[Expected]) -> FileFinding | None:
    path = os.path.join(prefix, owners[0].path)  # noqa: PTH118 - for each of tens of thousands of files
    first = owners[0]
    if not os.path.lexists(path):
        return FileFinding(kind="missing", path=first.path, package=first.package, manager=first.manager)
    wanted = [owner for owner in owners if owner.sha256 is not None]
    if not wanted:
        return None
    try:
        digest = _digest(path)
    except OSError as error:
        detail = error.strerror or str(error)
        return FileFinding(kind="unreadable", path=first.path, package=first.package, manager=first.manager, detail=detail)
    wrong = [owner for owner in wanted if owner.sha256 != digest]
    if not wrong or (wrong[0].launcher and _starts_a_python(path)):
        return None
    right = [owner for owner in wanted if owner.sha256 == digest]
    detail = f"it is that of {right[0].manager}'s {right[0].package}" if right else ""
    return FileFinding(kind="altered", path=first.path, package=wrong[0].package, manager=wrong[0].manager, detail=detail)


def _digest(path: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    # a pipe in place of a file must not hang the check, nor a device that never ends
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is no regular file")
        while block := os.read(handle, _BLOCK):
            digest.update(block)
    finally:
        os.close(handle)
    return digest.hexdigest()


def _starts_a_python(path: str) -> bool:
    # scripts, and on Windows programs that end in one
    if path.lower().endswith(".exe"):
        return True
    with open(path, "rb") as file:  # noqa: PTH123
        head = file.read(512)
    # a long path makes `#!/bin/sh` and a second line that starts Python
    return head.startswith(b"#!") and b"python" in b"".join(head.splitlines()[:2]).lower()


def _added(owned: Owned) -> Iterator[FileFinding]:
    if owned.kind == "conda":
        yield from _walk(owned, "")
    elif owned.kind == "venv":
        for site in owned.site:
            if site.is_relative_to(owned.prefix):
                yield from _walk(owned, site.relative_to(owned.prefix).as_posix())


def _walk(owned: Owned, folder: str) -> Iterator[FileFinding]:
    try:
        with os.scandir(os.path.join(owned.prefix, folder)) as scanned:  # noqa: PTH118
            entries = list(scanned)
    except OSError as error:
        yield FileFinding(kind="unreadable", path=f"{folder}/", detail=error.strerror or str(error))
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        key = comparable(path)
        if entry.name in _NOT_LOOKED_AT or key in owned.whole or key in owned.files or entry.name.endswith(".pyc"):
            continue
        if not entry.is_dir(follow_symlinks=False):
            if folder or entry.name not in _MARKS:
                yield FileFinding(kind="added", path=path)
        elif key in owned.folders:
            yield from _walk(owned, path)
        else:
            yield from _foreign(entry.path, path)


def _foreign(place: str, path: str) -> Iterator[FileFinding]:
    """A folder of which nothing is any package's: one finding, however much is in it; none where nothing is."""
    count = 0
    for root, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name != "__pycache__"]
        if root != place and ("pyvenv.cfg" in files or "conda-meta" in folders):
            folders.clear()
        count += sum(not name.endswith(".pyc") for name in files)
    if count:
        yield FileFinding(kind="added", path=f"{path}/", detail="1 file" if count == 1 else f"{count} files")
