"""Medians of repeated runs, and a table of what they are held against."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["RUNS", "Row", "faster", "in_turn", "median_ms", "process", "program", "share", "table"]

RUNS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement.

    Attributes:
        work: what was done.
        size: of the environment or store.
        measured: with its unit.
        peer: what it is held against, with its unit; empty where it is a bound of its own.
        ratio: of the two, or the difference.
        reach: what it should reach; empty where this size has no bound and only shows the growth.
        reached: None where there is no bound, or the peer cannot be run here.
    """

    work: str
    size: str
    measured: str
    peer: str = ""
    ratio: str = ""
    reach: str = ""
    reached: bool | None = None


def share(ours: float, theirs: float) -> str:
    """Return ours in units of theirs: less is better."""
    return f"{ours / theirs:.2f} × its time"


def faster(ours: float, theirs: float) -> str:
    """Return how much faster ours is: more is better."""
    return f"{theirs / ours:.3g} × as fast"


def median_ms(work: Callable[[], object], runs: int = RUNS, before: Callable[[], object] | None = None) -> float:
    """Return the median of so many runs in milliseconds; ``before`` runs before each and is not counted."""
    spans = []
    for _ in range(runs):
        if before is not None:
            before()
        start = time.perf_counter()
        work()
        spans.append(time.perf_counter() - start)
    return statistics.median(spans) * 1000


def in_turn(works: Sequence[Callable[[], object]], runs: int = RUNS) -> list[float]:
    """Return the median of each in milliseconds, run in turn, so that a busy moment of the machine meets them all."""
    spans: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for work, found in zip(works, spans, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)
    return [statistics.median(found) * 1000 for found in spans]


def program(name: str) -> list[str]:
    """Return how a user runs a program of this Python: by its name, where that is installed."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-m", name]


def process(command: Sequence[str], env: Mapping[str, str] | None = None) -> Callable[[], object]:
    """Return work that runs a command to its end and drops what it prints.

    Python keeps the byte code of what it imports, as it does for everybody who does not forbid it.
    """
    kept = {name: value for name, value in (os.environ if env is None else env).items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> object:
        return subprocess.run(command, check=True, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return run


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    cells = [("work", "size", "measured", "peer", "ratio", "reach", "reached")]
    words = {True: "yes", False: "NO", None: ""}
    cells += [(row.work, row.size, row.measured, row.peer, row.ratio, row.reach, words[row.reached]) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
