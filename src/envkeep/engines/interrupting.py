"""Signals that would end a process on the spot, made to go the way of Ctrl-C, so that what was begun is undone."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["interruptible", "undisturbed"]


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP too: a terminal that is closed, a job that a cluster ends."""
    with _handled(_ENDING, _interrupt):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal but SIGKILL get between two steps that belong together."""
    with _handled((*_ENDING, signal.SIGINT), signal.SIG_IGN):
        yield


_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _handled(signals: tuple[int, ...], handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # only the main thread is ever told of a signal
        yield
        return
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, was in before.items():
            # None: set by something else than Python, which cannot be put back
            signal.signal(number, signal.SIG_DFL if was is None else was)
