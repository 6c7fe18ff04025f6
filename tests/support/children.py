"""Processes beside the tests: what two of them do to one store, and what is left by one that is killed.

They come from multiprocessing's fork server, a process without threads. A fork of the test process itself may never end: the
threads of the test servers and engines do not live on in it, the locks they held do.
"""

from __future__ import annotations

import os
import pathlib
import signal
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

__all__ = ["HAS_CHILDREN", "end_of", "killed_at", "run_child", "start_child"]

HAS_CHILDREN = hasattr(os, "fork")
"""Whether this system has them; Windows has no fork server, and no signal that kills between two steps."""

_PATIENCE = 60


def start_child(work: Callable[..., object], *given: object) -> BaseProcess:
    """Start work in a process of its own.

    Args:
        work: a function of a module of ``support``, which the process can import; its status is 1 where it raises.
        given: what it is called with.
    """
    context = get_context("forkserver")
    # what works need, imported once; `support` itself is on no path of the server's
    context.set_forkserver_preload(["envkeep.keeping.backup", "envkeep.formats.variants", "envkeep.store.store", "filelock"])
    child = context.Process(target=work, args=given)
    child.start()
    return child


def end_of(child: BaseProcess) -> int:
    """Wait for a process; return its exit status, or minus the signal that ended it."""
    child.join(_PATIENCE)
    if child.exitcode is None:
        child.kill()
        raise AssertionError(f"{child.name} did not end within {_PATIENCE} seconds")
    return child.exitcode


def run_child(work: Callable[..., object], *given: object) -> int:
    """Start work as ``start_child`` does, and wait for its end."""
    return end_of(start_child(work, *given))


def killed_at(number: int, work: Callable[..., object], *given: object) -> None:
    """Do work until right before its n-th change to the file system, then be killed (SIGKILL); a write is left half done."""
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

    for name in ("open", "fsync", "unlink", "rmdir"):
        setattr(os, name, dying(getattr(os, name)))
    os.write = dying(os.write, torn=True)
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir", "hardlink_to"):
        setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name)))
    work(*given)
