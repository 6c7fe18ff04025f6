"""Plain text in columns; readable in a pipe, in a mail and at a narrow terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

__all__ = ["columns", "count", "fields", "local_time", "size"]


def columns(rows: Iterable[Sequence[str]], *, indent: str = "", gap: str = "  ") -> str:
    """Return rows as lines, each column as wide as its widest cell; the last one is not padded."""
    table = [tuple(row) for row in rows]
    if not table:
        return ""
    widths = [max(len(row[i]) if i < len(row) else 0 for row in table) for i in range(max(map(len, table)))]
    lines = []
    for row in table:
        cells = [cell.ljust(widths[i]) for i, cell in enumerate(row)]
        lines.append((indent + gap.join(cells)).rstrip())
    return "\n".join(lines)


def fields(pairs: Iterable[tuple[str, str]], *, indent: str = "  ") -> str:
    """Return ``label  value`` lines; pairs with an empty value are left out."""
    return columns(((label, value) for label, value in pairs if value), indent=indent)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 package``, ``2 packages``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """Return a number of bytes for a person, in powers of 1000: ``8.4 MB``."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{int(value)} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def local_time(moment: datetime) -> str:
    """Return a moment as this machine's wall clock shows it, with its zone: ``2025-01-31 11:24:05+01:00``."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")
