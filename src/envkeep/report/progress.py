"""Progress of long work on stderr: a bar at a terminal, in a pipe or a log a line for each stage that takes long."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from envkeep.engines.base import NoProgress

if TYPE_CHECKING:
    from threading import Timer

    from envkeep.engines.base import Progress

__all__ = ["progress_for"]

# seconds; a quick restore says nothing between plan and result
_PATIENCE = 10.0


class _Bar:
    def __init__(self) -> None:
        # rich costs 50 ms: only where a bar is really shown
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Rich

        self._rich = Rich(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._running = False
        self._task = self._rich.add_task("", start=False, visible=False)

    def start(self, label: str, total: int | None = None) -> None:
        if not self._running:
            self._rich.start()
            self._running = True
        self._rich.reset(self._task, description=label, total=total, visible=True)

    def advance(self, units: int = 1) -> None:
        self._rich.advance(self._task, units)

    def finish(self) -> None:
        if self._running:
            self._rich.stop()
            self._running = False


class _Lines:
    """Says what is being done once that has taken a while: a log is not filled with what is over at once."""

    def __init__(self) -> None:
        self._waiting: Timer | None = None
        self._err = sys.stderr

    def start(self, label: str, total: int | None = None) -> None:  # noqa: ARG002 - a line says no more than what is done
        from threading import Timer

        self.finish()
        self._waiting = Timer(_PATIENCE, self._say, [label])
        # a program that ends waits for nobody who would only say that it goes on
        self._waiting.daemon = True
        self._waiting.start()

    def advance(self, units: int = 1) -> None:
        """Say nothing: how far it is would be a line for each package."""

    def finish(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _say(self, label: str) -> None:
        # nobody may be reading any more
        with suppress(OSError, ValueError):
            self._err.write(f"still {label}\n")
            self._err.flush()


def progress_for(*, quiet: bool) -> Progress:
    """Return who shows progress: a bar at a terminal, lines elsewhere, nobody when quiet."""
    if quiet:
        return NoProgress()
    return _Bar() if sys.stderr is not None and sys.stderr.isatty() else _Lines()
