"""Reading files of an environment: never more than a bound, never a device or a pipe, never an error that is not an OSError."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from envkeep.errors import UnreadableEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

__all__ = [
    "Folder",
    "TooLargeError",
    "decode",
    "exists",
    "file_name",
    "folder_at",
    "folder_by_path",
    "folder_identity",
    "is_file",
    "is_folder",
    "line_text",
    "listing",
    "plain_json",
    "plain_text",
    "read_bytes",
    "read_file",
    "read_start",
    "read_text",
    "scan",
    "unreadable",
]


# what the system says of a path that leads nowhere
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


# opening a pipe without O_NONBLOCK would hang
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TooLargeError(OSError):
    """A file that is larger than anything of its kind has a reason to be."""


def read_bytes(path: str | Path, limit: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: followed through links.
        limit: bytes; a larger file is refused unread.

    Raises:
        OSError: it is not there, may not be read, is no regular file (a pipe would block, a device never end) or too large.
    """
    return read_file(path, limit)[0]


def read_file(path: str | Path, limit: int) -> tuple[bytes, os.stat_result]:
    """Return the content of a regular file and its status, looked at before it was read; as ``read_bytes``."""
    descriptor = os.open(path, _FLAGS)
    try:
        info = os.fstat(descriptor)
        _check(info, limit)
        content = os.read(descriptor, info.st_size + 1)
        if len(content) < info.st_size:
            parts = [content]
            while part := os.read(descriptor, 1 << 20):
                parts.append(part)
            content = b"".join(parts)
        return content, info
    finally:
        os.close(descriptor)


def read_start(path: str | Path, size: int, limit: int) -> bytes:
    """Return the first bytes of a regular file, fewer where it has fewer.

    Raises:
        OSError: as ``read_bytes``, to which ``limit`` belongs.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        _check(os.fstat(descriptor), limit)
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


def _check(info: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise OSError("it is no regular file")
    if info.st_size > limit:
        raise TooLargeError(f"it is {info.st_size / 1e6:.0f} MB large")


def read_text(path: str | Path, limit: int) -> str:
    """Return a text file; bytes that are not UTF-8 become U+FFFD, a byte order mark is dropped, UTF-16 is known by its own.

    Raises:
        OSError: as ``read_bytes``.
    """
    return decode(read_bytes(path, limit))


def decode(content: bytes) -> str:
    """Return a file's bytes as text, as ``read_text`` does."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8", "replace").removeprefix("\ufeff")


def is_file(path: str | Path) -> bool:
    """Return whether a path leads to a regular file; False where it may not be looked at (pathlib raises there)."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Return whether a path leads to a folder; False where it may not be looked at."""
    return os.path.isdir(path)  # noqa: PTH112


def exists(path: str | Path) -> bool:
    """Return whether a path leads anywhere; False where it may not be looked at."""
    return os.path.exists(path)  # noqa: PTH110


def scan(folder: str | Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, sorted by name; nothing where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []


def listing(folder: str | Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder that says what is in an environment, sorted by name; nothing where there is no such folder.

    Raises:
        UnreadableEnvironmentError: it is there and cannot be listed. Taken for an empty one, everything in it would count as
            removed, and a backup that says so would be kept.
    """
    return sorted(_listed(folder, _entries), key=attrgetter("name"))


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [*entries]


def _listed(folder: str | Path, read: Callable[[str | Path], list[T]]) -> list[T]:
    try:
        return read(folder)
    except ValueError:
        return []
    except OSError as error:
        if error.errno in _ABSENT:
            return []
        raise unreadable(folder, error) from error


class Folder(NamedTuple):
    """A folder that is looked through.

    Attributes:
        start: of the paths of what is in it: its own and a separator.
        names: of what is in it, sorted.
        begin: what comes before a name, or a path in it, to look at it from ``handle``.
        handle: as ``os.stat`` takes for ``dir_fd``.
    """

    start: str
    names: list[str]
    begin: str
    handle: int | None

    def look(self, name: str) -> os.stat_result:
        """Return the status of what a name or a path in it leads to, as ``os.stat``."""
        return os.stat(self.begin + name, dir_fd=self.handle)


@contextmanager
def folder_at(path: Path) -> Iterator[Folder]:
    """Yield a folder that says what is in an environment; one without names where there is none.

    Raises:
        UnreadableEnvironmentError: as of ``listing``.
    """
    names = sorted(_listed(path, os.listdir))
    handle = None
    if names and os.stat in os.supports_dir_fd:
        # the system then follows the folder's own path once, and not for each of its files
        with suppress(OSError, ValueError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    if handle is None:
        yield folder_by_path(path, names)
        return
    try:
        yield Folder(f"{path}{os.sep}", names, "", handle)
    finally:
        os.close(handle)


def folder_by_path(path: Path, names: list[str]) -> Folder:
    """Return a folder that holds nothing open; ``names`` of what is in it."""
    start = f"{path}{os.sep}"
    return Folder(start, names, start, None)


def file_name(path: str) -> str:
    """Return the last part of a path."""
    return os.path.basename(path)  # noqa: PTH119 - some thousand times a capture


def folder_identity(path: str | Path) -> tuple[int, int] | None:
    """Return what tells a folder from every other one, however it is reached; None where the path leads to none.

    Raises:
        UnreadableEnvironmentError: it may not be looked at.
    """
    try:
        # once: a second look that fails would make it none
        info = os.stat(path)  # noqa: PTH116 - as fast as it gets, several times a capture
    except ValueError:
        return None
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise unreadable(path, error) from error
    return (info.st_dev, info.st_ino) if stat.S_ISDIR(info.st_mode) else None


def unreadable(folder: str | Path, error: OSError) -> UnreadableEnvironmentError:
    """Return the error for a folder of an environment that is there and cannot be listed."""
    return UnreadableEnvironmentError(
        f"{folder} cannot be listed: {error.strerror or error}; without it nobody can tell what is in the environment",
        "Look at its permissions and the disk it is on, or run as the user it belongs to.",
    )


def plain_text(text: str) -> str:
    """Return a text that every file can hold: half a surrogate pair, as file names and JSON escapes may have, becomes ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def line_text(text: str) -> str:
    """Return a text that stays on its line wherever it is shown: ``?`` for what ends one, moves a cursor or turns text round.

    For names, versions, paths and messages; not for values of variables, which may have lines.
    """
    return text if text.isprintable() else _UNPRINTABLE.sub("?", text)


def plain_json(value: Any, clean: Callable[[str], str] = plain_text) -> Any:
    """Return decoded JSON with every text in it made plain, keys among them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [plain_json(item, clean) for item in value]
    if isinstance(value, dict):
        return {clean(key): plain_json(item, clean) for key, item in value.items()}
    return value
