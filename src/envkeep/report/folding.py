"""Lines that fit a terminal: broken between words, what follows indented, so that a table stays readable on a narrow one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["fold", "terminal_width"]

_HANG = 4
# what changes the colour takes no room (ECMA-48, select graphic rendition)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# a word with the blanks before it
_WORD = re.compile(r"\s*\S+")


def terminal_width(stream: TextIO) -> int | None:
    """Return how many columns a stream's terminal has; None where it is no terminal, or does not say."""
    if not stream.isatty():
        return None
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated):
        return int(stated)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def fold(text: str, width: int) -> str:
    """Return a text with no line longer than ``width`` columns, single words apart, which a person may want to copy."""
    return "\n".join(folded for line in text.split("\n") for folded in _fold_line(line, width))


def _fold_line(line: str, width: int) -> list[str]:
    if _length(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    hang = indent + " " * (_HANG if len(indent) + _HANG < width // 2 else 0)
    lines: list[str] = []
    current = ""
    for word in _WORD.findall(line):
        if current and _length(current) + _length(word) > width:
            lines.append(current)
            current = hang + word.lstrip()
        else:
            current += word
    return [*lines, current]


def _length(text: str) -> int:
    return len(_COLOUR.sub("", text))
