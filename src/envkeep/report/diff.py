"""Changes as text: what ``envkeep diff`` prints, in colour at a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envkeep.report.console import colours
from envkeep.report.layout import count

if TYPE_CHECKING:
    from envkeep.diffing.changes import ChangeKind, Changes

__all__ = ["changes_text", "diff_text", "unicode_out"]

_COLOURS: dict[ChangeKind, str] = {
    "install": "green",
    "remove": "red",
    "upgrade": "cyan",
    "downgrade": "yellow",
    "moved": "magenta",
    "python": "blue",
}


def diff_text(changes: Changes, old: str, new: str) -> str:
    """Return the differences of two sides under a line that names them."""
    head = f"{old} -> {new}: "
    if not changes:
        uncompared = "".join(f"\n  not compared: {reason}" for reason in changes.uncompared)
        return f"{head}nothing changed{uncompared}"
    return f"{head}{count(len(changes), 'change')} ({changes.counts.text(ascii_only=not unicode_out())})\n{changes_text(changes)}"


def changes_text(changes: Changes) -> str:
    """Return one line for each change, indented."""
    ascii_only = not unicode_out()
    lines = ["  " + change.line(ascii_only=ascii_only) for change in changes]
    if colours(sys.stdout):
        import typer

        lines = [typer.style(line, fg=_COLOURS.get(change.kind)) for change, line in zip(changes, lines, strict=True)]
    return "\n".join([*lines, *(f"  not compared: {reason}" for reason in changes.uncompared)])


def unicode_out() -> bool:
    """Return whether stdout can spell arrows."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
