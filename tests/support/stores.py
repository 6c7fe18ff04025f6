"""Stores with small backups in them, and processes that die in the middle of writing one."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import traceback
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkeep.model.record import EnvironmentInfo
from envkeep.store.layout import RECORD, Summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["NOON", "die_at_step", "environment", "fill", "in_child", "info", "publish", "tree"]

NOON = datetime(2025, 1, 31, 11, 24, 5, tzinfo=timezone.utc)


def info(name: str = "lab", prefix: str = "/envs/lab", conda_name: str | None = None) -> EnvironmentInfo:
    return EnvironmentInfo(name=name, prefix=prefix, kind="conda", subdir="linux-64", conda_name=conda_name)


def environment(store: Store, prefix: str = "/envs/lab") -> StoredEnvironment:
    return store.environment_of(prefix, info(Path(prefix).name, prefix))


def publish(store: Store, stored: StoredEnvironment, text: str = "six==1.0", **given: Any) -> Backup:
    """Keep a backup whose files hold a text and nothing that a format would understand."""
    txt = f"# executable: {stored.prefix}/bin/python\n# version: 3.12.1\n\n{text}\n".encode()
    files = {"environment.yml": text.encode() * 50, "explicit.txt": text.encode(), RECORD: text.encode() * 9}
    fields: dict[str, Any] = {"main": RECORD, "summary": Summary(python="3.12.1", conda=1, pip=1), "digest": text, **given}
    return store.publish(stored, txt, files, **fields)


def fill(store: Store, stored: StoredEnvironment, number: int) -> list[Backup]:
    """Keep that many backups, a minute apart."""
    return [publish(store, stored, f"six=={n}.0", now=NOON + timedelta(minutes=n)) for n in range(number)]


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def in_child(work: Callable[[], object]) -> int:
    """Run work in a forked process; return its exit status, or minus the signal that ended it."""
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, of which none holds a lock here
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - the parent sees the status alone
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at_step(number: int) -> None:
    """Let this process be killed (SIGKILL) right before its n-th change to the file system; a write is left half done."""
    left = number

    def dying(call: Callable[..., Any], *, torn: bool = False) -> Callable[..., Any]:
        def step(*args: Any, **keywords: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if torn:
                    handle, data = args
                    call(handle, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **keywords)

        return step

    for name in ("open", "fsync"):
        setattr(os, name, dying(getattr(os, name)))
    os.write = dying(os.write, torn=True)
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir", "hardlink_to"):
        setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name)))
