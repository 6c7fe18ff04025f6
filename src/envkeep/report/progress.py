"""Progress of long work: a bar on stderr at a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envkeep.engines.base import NoProgress

if TYPE_CHECKING:
    from envkeep.engines.base import Progress

__all__ = ["progress_for"]


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


def progress_for(*, quiet: bool) -> Progress:
    """Return who shows progress: a bar at a terminal, nobody when quiet or piped."""
    return NoProgress() if quiet or not sys.stderr.isatty() else _Bar()
