"""The process of the embedded engine: started when it is asked, or before anybody knows what it will be asked.

It loads Python, asyncio and py-rattler, which takes longer than to read a command's options; so a command that will ask it
starts it first, and what one engine leaves idle serves the next one of our process: of a plan and of its execution, of one
environment and of another. This module is loaded before all else, and needs next to nothing.
"""

from __future__ import annotations

import os
import sys
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from envkeep.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.engines.dialogue import Dialogue

__all__ = ["end_all", "end_early", "is_installed", "leave", "start", "start_early", "started_early", "with_threads"]

# py-rattler links with one thread per processor, and each waits for the disk most of the time: every package's record is synced
_THREADS = 8
# as -m does, which loads a few modules first
_PROGRAM = "from envkeep.engines.rattler_worker import main; main()"
# seconds that an idle process is kept; it ends by itself a while later, so that none ends as it is taken
_IDLE, _MARGIN = 20.0, 10.0
# one that was started early is taken whenever
_EARLY = float("inf")


class _Waiting(NamedTuple):
    """A process that nobody asks anything: its variables, until when it can be taken (monotonic seconds), and by which user."""

    variables: Mapping[str, str]
    process: Dialogue
    until: float
    user: int


# all that are still there
_started: weakref.WeakSet[Dialogue] = weakref.WeakSet()
# started early, or left by an engine
_waiting: list[_Waiting] = []


def is_installed() -> bool:
    """Return whether py-rattler is in this Python, without importing it."""
    from importlib.util import find_spec

    return find_spec("rattler") is not None


def start(environ: Mapping[str, str]) -> Dialogue:
    """Start the process, with all of its variables.

    Raises:
        EngineError: it cannot be started.
    """
    from envkeep.engines.dialogue import Dialogue

    # -c looks in the current folder first; there, nothing can stand in for a module of ours
    cwd = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    process = Dialogue([sys.executable, "-c", _PROGRAM], env=environ, cwd=cwd)
    _started.add(process)
    return process


def start_early(environ: Mapping[str, str]) -> None:
    """Start an engine's process while nobody has read yet what it will be asked: it takes as long as reading the options does.

    The first engine that would start the same one takes it; with other variables it starts its own, and this one ends.

    Args:
        environ: of the process.
    """
    variables = with_threads(environ)
    # what cannot be started now is started, or told of, by the engine
    with suppress(EngineError):
        if is_installed() and not any(known.variables == variables for known in _waiting):
            _waiting.append(_Waiting(variables, start(variables), _EARLY, _user()))


def started_early(environ: Mapping[str, str]) -> Dialogue | None:
    """Return the process that was started early or left idle, if it is one of these variables; others end."""
    found = None
    while (known := _taken()) is not None:
        if known.user != _user():
            # who gave up rights has none over it
            known.process.close()
        elif found is None and known.variables == environ and known.process.is_open and time.monotonic() < known.until:
            found = known.process
            if known.until != _EARLY:
                # whoever takes it may have nothing to ask for a while
                found.resume(_waiting_for(None))
        else:
            known.process.close(at_once=True)
    return found


def end_early() -> None:
    """End what ``start_early`` started or an engine left, and no other took, at once, however far it is."""
    while (known := _taken()) is not None:
        known.process.close(at_once=True)


def end_all() -> None:
    """Kill every process without waiting for it: for a program that ends, which would else wait until each has tidied up."""
    for process in tuple(_started):
        process.abandon()


def _taken() -> _Waiting | None:
    # another thread may have been quicker
    with suppress(IndexError):
        return _waiting.pop()
    return None


def leave(environ: Mapping[str, str], process: Dialogue) -> None:
    """Keep a process that has answered all it was asked for the next engine with the same variables, for a short while."""
    # it may be called as the interpreter ends, or in the middle of anything: what fails here only ends the process
    with suppress(Exception):
        # on Windows nobody could remove what it has open: its own folder, its libraries, files of the cache
        if sys.platform == "win32" or any(known.until == _EARLY for known in _waiting):
            # one that was started early was so for a purpose, and this may be left long after its engine's last request
            process.close(at_once=True)
        elif process.is_open:
            end_early()
            process.rest(_waiting_for(_IDLE + _MARGIN))
            _waiting.append(_Waiting(environ, process, time.monotonic() + _IDLE, _user()))


def _waiting_for(seconds: float | None) -> str:
    return f'{{"op": "wait", "seconds": {"null" if seconds is None else seconds}}}'


def _user() -> int:
    return os.geteuid() if sys.platform != "win32" else 0


def with_threads(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the number of py-rattler's threads, where they do not say it."""
    few = {"RAYON_NUM_THREADS": str(_THREADS)} if (os.cpu_count() or 1) < _THREADS else {}
    return {**few, **environ}
