"""The process of the embedded engine: started when it is asked, or before anybody knows what it will be asked.

It loads Python, asyncio and py-rattler, which takes longer than to read a command's options; so a command that will ask it
starts it first. This module is loaded before all else, and needs next to nothing.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from envkeep.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.engines.run import Dialogue

__all__ = ["end_early", "is_installed", "start", "start_early", "started_early", "with_threads"]

# py-rattler links with one thread per processor, and each waits for the disk most of the time: every package's record is synced
_THREADS = 8
# as -m does, which loads a few modules first
_PROGRAM = "from envkeep.engines.rattler_worker import main; main()"
# started by `start_early`, with the variables it was given, until an engine takes it
_early: list[tuple[Mapping[str, str], Dialogue]] = []


def is_installed() -> bool:
    """Return whether py-rattler is in this Python, without importing it."""
    from importlib.util import find_spec

    return find_spec("rattler") is not None


def start(environ: Mapping[str, str]) -> Dialogue:
    """Start the process, with all of its variables.

    Raises:
        EngineError: it cannot be started.
    """
    from envkeep.engines.run import Dialogue

    # -c looks in the current folder first; there, nothing can stand in for a module of ours
    cwd = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    return Dialogue([sys.executable, "-c", _PROGRAM], env=environ, cwd=cwd)


def start_early(environ: Mapping[str, str]) -> None:
    """Start an engine's process while nobody has read yet what it will be asked: it takes as long as reading the options does.

    The first engine that would start the same one takes it; with other variables it starts its own, and this one ends.

    Args:
        environ: of the process.
    """
    variables = with_threads(environ)
    # what cannot be started now is started, or told of, by the engine
    with suppress(EngineError):
        if is_installed():
            _early.append((variables, start(variables)))


def started_early(environ: Mapping[str, str]) -> Dialogue | None:
    """Return the process that was started early, if it is one of these variables; another one ends."""
    if not _early:
        return None
    variables, process = _early.pop()
    if variables == environ and process.is_open:
        return process
    process.close(at_once=True)
    return None


def end_early() -> None:
    """End what ``start_early`` started and no engine took, at once, however far it is."""
    while _early:
        _early.pop()[1].close(at_once=True)


def with_threads(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the number of py-rattler's threads, where they do not say it."""
    few = {"RAYON_NUM_THREADS": str(_THREADS)} if (os.cpu_count() or 1) < _THREADS else {}
    return {**few, **environ}
