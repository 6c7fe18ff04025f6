"""YAML text that a reader of YAML 1.1 (PyYAML) and one of YAML 1.2 (conda's, mamba's) read to the same strings.

What is plain to both stays plain, as conda writes it; everything else is quoted by PyYAML's emitter. So ``yes``, ``1:30``,
``1e3`` and ``3.10`` stay the strings they are. A document of plain lines needs no PyYAML, whose import costs more than a backup's
other files together.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["comment", "mapping", "scalar", "sequence"]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]*\Z")
# of YAML 1.1; 1.2 has fewer
_MEANINGFUL = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# name=1.2=h1_0, name>=1,<2, name==1.0: an operator after the name makes it a string to every reader
_SPEC = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?:[=<>!~]=?[A-Za-z0-9_.+*-]+,?)+\Z")
# a colon means something before a blank or at the end only
_PLACE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|/)[A-Za-z0-9_.~/%+-]*(?::[0-9]+(?=/|\Z))?[A-Za-z0-9_.~/%+-]*\Z")
_PRINTABLE = re.compile(r"[ -~]*\Z")


# a backup has three files of the same packages
@lru_cache(maxsize=8192)
def scalar(text: str) -> str:
    """Return a string as a scalar of a block sequence or mapping."""
    if (_WORD.match(text) and text.lower() not in _MEANINGFUL) or _SPEC.match(text) or _PLACE.match(text):
        return text
    import yaml

    # escapes need double quotes; an endless width keeps it on one line
    style = "'" if _PRINTABLE.match(text) else '"'
    quoted: str = yaml.dump(text, default_style=style, width=float("inf"), allow_unicode=False)
    return quoted.rstrip("\n")


def sequence(items: Iterable[str], indent: int) -> list[str]:
    """Return the lines of a block sequence of strings."""
    start = f"{' ' * indent}- "
    return [start + text for text in map(scalar, items)]


def mapping(items: Iterable[tuple[str, str]], indent: int) -> list[str]:
    """Return the lines of a block mapping of strings to strings."""
    return [f"{' ' * indent}{scalar(key)}: {scalar(value)}" for key, value in items]


def comment(text: str, indent: int = 0) -> str:
    """Return a comment line; what a reader of YAML takes for a line's end or refuses becomes ``?``."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{'#':<{indent + 2}}{clean}"
