"""Changes as text: what ``envkeep diff`` prints, in colour at a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envkeep.report.console import colours
from envkeep.report.layout import count

if TYPE_CHECKING:
    from envkeep.diffing.changes import ChangeKind, Changes

__all__ = ["changes_text", "diff_text", "unicode_out"]

# ECMA-48, select graphic rendition: green, red, cyan, yellow, magenta, blue
_COLOURS: dict[ChangeKind, int] = {
    "install": 32,
    "remove": 31,
    "upgrade": 36,
    "downgrade": 33,
    "moved": 35,
    "python": 34,
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
        lines = [f"\x1b[{_COLOURS.get(change.kind, 0)}m{line}\x1b[0m" for change, line in zip(changes, lines, strict=True)]
    return "\n".join([*lines, *(f"  not compared: {reason}" for reason in changes.uncompared)])


def unicode_out() -> bool:
    """Return whether stdout can spell arrows."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
