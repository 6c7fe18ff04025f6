"""A prefix that is made whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from envkeep.engines.interrupting import undisturbed
from envkeep.errors import EngineError, TargetExistsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["fresh_prefix", "remove_tree"]


@contextmanager
def fresh_prefix(prefix: Path) -> Iterator[None]:
    """Guard the making of a prefix: if anything is raised inside, nothing of it is left, parent folders included.

    Its parent folders are made, the prefix itself is not. An empty folder that was there before is there afterwards.

    Raises:
        TargetExistsError: it is there and not an empty folder.
        EngineError: its path is not absolute (a relative one would be written into its scripts), or nothing can be made there.
    """
    if not prefix.is_absolute():
        raise EngineError(f"{prefix} is not an absolute path", "Give the whole path of the environment to be made.")
    existed = os.path.lexists(prefix)
    if existed and not (prefix.is_dir() and not any(prefix.iterdir())):
        raise TargetExistsError(f"{prefix} exists already", "Choose another name or path, or remove it first.")
    missing = [parent for parent in prefix.parents if not os.path.lexists(parent)]
    try:
        _make_room(prefix)
    except BaseException:
        _remove_empty(missing)
        raise
    try:
        yield
    except BaseException:
        # a second Ctrl-C would leave half of it
        with undisturbed():
            remove_tree(prefix)
            if existed:
                prefix.mkdir(exist_ok=True)
            _remove_empty(missing)
        raise


def _make_room(prefix: Path) -> None:
    """Make a prefix's parent folders; said here, since each engine has words of its own for what it cannot make."""
    try:
        if not prefix.parent.is_dir():
            prefix.parent.mkdir(parents=True, exist_ok=True)
        place = prefix if os.path.lexists(prefix) else prefix.parent
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    except OSError as error:
        why = "it is no folder" if isinstance(error, (FileExistsError, NotADirectoryError)) else error.strerror
        raise EngineError(
            f"no environment can be made at {prefix}: {error.filename}: {why}",
            "Name another place with -p or -n, or make this one writable for your user.",
        ) from None


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        # never made, or somebody else put something there meanwhile
        with suppress(OSError):
            folder.rmdir()


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, read-only files too; what cannot be removed is left without a word."""
    import shutil
    import sys

    def retry(function: Callable[[str], object], name: str, _: object) -> None:
        # Windows refuses to remove a read-only file, POSIX to empty a read-only folder
        try:
            os.chmod(os.path.dirname(name), stat.S_IRWXU)  # noqa: PTH101, PTH120 - names as rmtree gives them
            os.chmod(name, stat.S_IRWXU)  # noqa: PTH101
            function(name)
        except OSError:
            pass

    if not os.path.lexists(path):
        return
    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=retry)
    else:
        shutil.rmtree(path, onerror=retry)
