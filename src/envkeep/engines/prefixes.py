"""A prefix that is made whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from envkeep.engines.interrupting import undisturbed
from envkeep.errors import EngineError, TargetExistsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["fresh_prefix", "remove_tree"]


@contextmanager
def fresh_prefix(prefix: Path) -> Iterator[None]:
    """Guard the making of a prefix: if anything is raised inside, nothing of it is left, parent folders included.

    The prefix itself is not made. An empty folder that was there before is there afterwards.

    Raises:
        TargetExistsError: it is there and not an empty folder.
        EngineError: its path is not absolute (a relative one would be written into its scripts).
    """
    if not prefix.is_absolute():
        raise EngineError(f"{prefix} is not an absolute path", "Give the whole path of the environment to be made.")
    existed = os.path.lexists(prefix)
    if existed and not (prefix.is_dir() and not any(prefix.iterdir())):
        raise TargetExistsError(f"{prefix} exists already", "Choose another name or path, or remove it first.")
    missing = [parent for parent in prefix.parents if not parent.exists()]
    try:
        yield
    except BaseException:
        # a second Ctrl-C would leave half of it
        with undisturbed():
            remove_tree(prefix)
            if existed:
                prefix.mkdir(exist_ok=True)
            # never made, or somebody else put something there meanwhile
            with suppress(OSError):
                for parent in missing:
                    parent.rmdir()
        raise


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
