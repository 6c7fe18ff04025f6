"""What was seen of an environment when it was last read through, so that the next backup need not read it again.

One small file for each environment under ``<home>/seen``, which may be deleted at any time. It says what every change of an
environment has to move (folders, and files that are rewritten in place) and how it stood, and which backup holds the content that
was found. Anything that does not fit, be it a time stamp, a version or the shape of the file, counts as nothing known.

A change within the clock's grain of a look leaves no trace in time stamps (git calls its index racy then), so a look is only
remembered where the environment had been at rest for two seconds before it began: FAT's grain, the coarsest there is. The store's
own files may have been written just now: what is in those is kept as well, and read each time, as git does, until they have not
moved for so long.

This is what a backup that finds nothing to do consists of: strings and named tuples, since ``pathlib`` and ``dataclasses`` take
longer to import than all of the work.
"""

from __future__ import annotations

import os
import stat
import time
from json import dumps, loads
from typing import TYPE_CHECKING, Any, NamedTuple

from envkeep import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "FOLDER",
    "Seen",
    "Signature",
    "Watched",
    "at_rest",
    "content",
    "forget",
    "holds",
    "identity",
    "read_seen",
    "read_whole",
    "rested",
    "seen_file",
    "signature",
    "signature_of",
    "watched",
    "write_seen",
    "write_whole",
]

FOLDER = "seen"
_SCHEMA = 3
_LARGEST = 1 << 20
_LARGEST_OWN = 1 << 30
_GRAIN = 2 * 10**9
# what moves nothing that is watched (a person edits METADATA) is found after a day at the latest
_LIFETIME = 24 * 3600 * 10**9

Signature = tuple[int, ...]


class Watched(NamedTuple):
    """How things stood.

    Attributes:
        still: by path, what must not move at all: type, device, inode, size, times of modification and change; None: not there.
        same: by path, what must be the same thing, whatever is written into it: type, device, inode.
    """

    still: Mapping[str, Signature | None]
    same: Mapping[str, Signature | None]


class Seen(NamedTuple):
    """A look at an environment that found it as its last backup has it.

    Attributes:
        prefix: of the environment, absolute, as it was spelled.
        asked: who said which Python it has: ``sys.version`` of the process that looked where that was the environment's own.
        store: the store's folder.
        folder: the environment's folder in it.
        stamp: of the backup that holds what was found.
        limit: backups were rotated to that many.
        as_configured: whether the files of settings say that backups are kept, in this store and so many, without a variable's or
            an option's part in it.
        taken: when the look began, ns since 1970.
        watched: how things stood.
        young: of the store's part of that, what had moved in the two seconds before, or later: what was in it (``content``).
        problems: what was odd: code, message, path and package of each.
        is_list: whether the backup's ``.txt`` is the list of Python packages that would be exported: it depends on more than what
            is watched where there are checkouts, or versions that another index has.
    """

    prefix: str
    asked: str
    store: str
    folder: str
    stamp: str
    limit: int
    as_configured: bool
    taken: int
    watched: Watched
    young: Mapping[str, str]
    problems: tuple[tuple[str, ...], ...]
    is_list: bool


def signature(path: str) -> Signature | None:
    """Return what any change of a file, or of a folder's entries, moves; None where nothing can be looked at."""
    try:
        return signature_of(os.stat(path))  # noqa: PTH116 - see the module
    except (OSError, ValueError):
        return None


def signature_of(info: os.stat_result) -> Signature:
    """Return the same of what was looked at already."""
    return info.st_mode, info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def mtime_of(signature: Sequence[int]) -> int:
    """Return when what it is of was last changed, ns since 1970."""
    return signature[4]


def identity(path: str) -> Signature | None:
    """Return which file or folder is there, whatever it holds."""
    found = signature(path)
    return None if found is None else (stat.S_IFMT(found[0]), *found[1:3])


def watched(still: Iterable[str], same: Iterable[str]) -> Watched:
    """Return how paths stand now; see ``Watched``."""
    return Watched({path: signature(path) for path in sorted(still)}, {path: identity(path) for path in sorted(same)})


def holds(path: str, seen: Seen) -> bool:
    """Return whether all is as it was seen.

    Args:
        path: of the file that says so: what was young is noted there to be so no more, once it has been at rest long enough.
        seen: what it says.
    """
    now = time.time_ns()
    if not _unmoved(seen.watched) or any(content(each) != was for each, was in seen.young.items()):
        return False
    young = [was for each, was in seen.watched.still.items() if was is not None and each in seen.young] if seen.young else []
    if young and all(rested(was, now) for was in young):
        _settle(path, seen)
    return True


def _settle(path: str, seen: Seen) -> None:
    """Note that nothing is young any more, in the very file that was read: one that was removed since stays so."""
    try:
        with open(path, "r+b") as file:  # noqa: PTH123
            if file.read() == _written(seen):
                file.seek(0)
                file.write(_written(seen._replace(young={})))
                file.truncate()
    except OSError:
        pass


def _unmoved(things: Watched) -> bool:
    return all(signature(path) == was for path, was in things.still.items()) and all(
        identity(path) == was for path, was in things.same.items()
    )


def content(path: str) -> str | None:
    """Return the sha256 hex of what is in a file, or of a folder's names; None where it cannot be read."""
    from hashlib import sha256

    try:
        if os.path.isdir(path):  # noqa: PTH112
            whole = "\0".join(sorted(os.listdir(path))).encode("utf-8", "surrogateescape")  # noqa: PTH208
        else:
            whole = read_whole(path, _LARGEST_OWN)
    except OSError:
        return None
    return sha256(whole).hexdigest()


def at_rest(things: Watched, since: int) -> bool:
    """Return whether nothing that must not move had moved in the two seconds before ``since`` (ns since 1970), or later."""
    return all(rested(found, since) for found in things.still.values() if found is not None)


def rested(found: Signature, since: int) -> bool:
    """Return whether one thing had not moved in the two seconds before ``since``, or later."""
    return found[4] < since - _GRAIN and found[5] < since - _GRAIN


def seen_file(home: str, prefix: str, *, kind: str = "") -> str:
    """Return the file of an environment that keeps what was seen of it.

    Args:
        home: envkeep's.
        prefix: of the environment, absolute.
        kind: ``own`` for what its own Python saw, which has its own ``asked``; ``files`` for ``readings``; empty for the rest.
    """
    from zlib import crc32

    name = "".join(letter if letter.isalnum() else "-" for letter in os.path.basename(prefix))[:40]  # noqa: PTH119
    ending = f"-{kind}.json" if kind else ".json"
    return os.path.join(home, FOLDER, f"{name}-{crc32(os.fsencode(prefix)):08x}{ending}")  # noqa: PTH118


def read_seen(path: str) -> Seen | None:
    """Return what was seen, None where nothing was or the file is of no use (foreign, damaged, too old, from the future)."""
    try:
        raw = loads(read_whole(path, _LARGEST))
        if raw["schema"] != _SCHEMA or raw["written_by"] != __version__:
            return None
        if not 0 <= time.time_ns() - raw["taken"] <= _LIFETIME:
            return None
        return Seen(
            prefix=raw["prefix"],
            asked=raw["asked"],
            store=raw["store"],
            folder=raw["folder"],
            stamp=raw["stamp"],
            limit=raw["limit"],
            as_configured=raw["as_configured"] is True,
            taken=raw["taken"],
            watched=Watched(_signatures(raw["still"]), _signatures(raw["same"])),
            young={str(path): str(was) for path, was in raw["young"].items()},
            problems=tuple((code, message, path, package) for code, message, path, package in raw["problems"]),
            is_list=raw["is_list"] is True,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write_seen(path: str, seen: Seen) -> None:
    """Remember a look; where it cannot be written the next one is a full one, which is all that is lost."""
    write_whole(path, _written(seen))


def _written(seen: Seen) -> bytes:
    raw = {"schema": _SCHEMA, "written_by": __version__, **seen._asdict(), **seen.watched._asdict()}
    del raw["watched"]
    return dumps(raw).encode("ascii")


def read_whole(path: str, limit: int) -> bytes:
    """Return a file of ``<home>/seen``, up to so many bytes.

    Raises:
        OSError: it cannot be read, or is no file: a pipe would block.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no file")
        return file.read(limit)


def write_whole(path: str, content: bytes) -> bool:
    """Write a file of ``<home>/seen`` whole, over what is there; return False where that cannot be done."""
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # not synced: what a power cut leaves of it is no JSON. The former one goes first: ext4 brings what replaces a file to the
        # disk at once, and who looks in between only reads the environment
        forget(path)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError:
        forget(temporary)
        return False
    return True


def forget(path: str) -> None:
    """Remove what was seen, if it can be."""
    try:
        os.unlink(path)  # noqa: PTH108
    except OSError:
        pass


def _signatures(raw: dict[str, Any]) -> dict[str, Signature | None]:
    return {path: None if found is None else tuple(found) for path, found in raw.items()}
