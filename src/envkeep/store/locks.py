"""One writer at a time: a lock file in each environment's folder, and one in the folder above for new environments.

The lock is the operating system's (``flock``, ``LockFileEx``), so that it ends with the process that holds it, also with one
that was killed; the file stays and means nothing by itself.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envkeep.errors import StoreError
from envkeep.store.files import storing
from envkeep.store.layout import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["Locks"]


class Locks:
    """The locks of one store. Taking one again inside itself is fine: the outer one, which ends last, holds it.

    Args:
        timeout: seconds to wait for another process.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        # by process, since a lock that a fork inherited is its parent's
        self._locks: dict[tuple[int, Path], BaseFileLock] = {}

    @contextmanager
    def held(self, folder: Path) -> Iterator[None]:
        """Hold the lock of a folder that is there.

        Raises:
            StoreError: another process held it all the time, or the lock file cannot be made.
        """
        path = folder / LOCK
        key = os.getpid(), path
        taken = self._locks.get(key)
        if taken is not None and taken.is_locked:
            # by this very thread, for longer than this lasts: that of a thread is its own
            yield
            return
        # 20 ms to import, which a backup that finds nothing to do must not pay
        from filelock import FileLock, Timeout

        # of two threads that make one at the same time, both hold the first
        lock = taken or self._locks.setdefault(key, FileLock(path, timeout=self._timeout, mode=0o600))
        with storing(f"lock {path}"):
            try:
                lock.acquire()
            except Timeout:
                raise StoreError(
                    f"another process has been writing in {folder} for more than {self._timeout:g} seconds (it holds {path})",
                    "Wait for it and try again; the lock ends with the process that holds it, so the file need not be removed.",
                ) from None
        try:
            yield
        finally:
            lock.release()
