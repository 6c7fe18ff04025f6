"""Names of folders in the store: what a person calls the environment, fit for every file system, one for each prefix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["folder_name", "is_folder_name", "tag_fault", "unused_name"]

_LONGEST = 100
# `@` separates ENV from SELECTOR; the rest is what Windows forbids, or what a shell would trip over
_UNFIT = re.compile(r"[^\w.+-]+")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_TAG = re.compile(r"\w[\w.+-]*\Z")
_WORDS = frozenset({"latest", "live"})


def folder_name(name: str) -> str:
    """Return an environment's name as the name of a folder: letters, digits and ``. _ + -`` are kept.

    The result is never empty, hidden, a device of Windows, or longer than 100 characters.
    """
    fit = _UNFIT.sub("-", name).strip("-. ")[:_LONGEST].rstrip("-. ")
    if not fit:
        return "environment"
    # a device keeps its power with any ending: `aux.1` is `aux`
    stem, dot, ending = fit.partition(".")
    return f"{stem}_{dot}{ending}" if stem.lower() in _DEVICES else fit


def is_folder_name(name: str) -> bool:
    """Return whether a user can name a folder so: one that ``folder_name`` leaves as it is."""
    return folder_name(name) == name


def unused_name(name: str, prefix: str, taken: Collection[str], rival: str | None) -> str:
    """Return a folder name for a prefix that no other environment has.

    Args:
        name: of the environment.
        prefix: its path.
        taken: names of the folders there are; compared without case, as macOS and Windows do.
        rival: prefix of the environment that holds the plain name; the part of the path in which the two differ goes into the
            new name, nearest first (``analysis-mambaforge``), so that a person recognises it. None where nobody knows it.
    """
    used = {other.casefold() for other in taken}
    plain = folder_name(name)
    if plain.casefold() not in used:
        return plain
    if rival is not None:
        part = _difference(prefix, rival, plain)
        told_apart = folder_name(f"{plain}-{part}") if part else plain
        if told_apart.casefold() not in used:
            return told_apart
    number = 2
    while f"{plain}-{number}".casefold() in used:
        number += 1
    return f"{plain}-{number}"


def tag_fault(tag: str) -> str | None:
    """Return why a text cannot be a tag, or None if it can: it must not read as another kind of selector."""
    if not _TAG.match(tag):
        return "is not made of letters, digits and . _ + - with a letter or digit first"
    if tag in _WORDS or tag.startswith(("latest~", "live:")):
        return "means something else as a selector"
    if tag.replace("-", "").isdigit():
        return "reads as a date or a stamp"
    return None


def _difference(prefix: str, rival: str, name: str) -> str:
    ours, theirs = (re.split(r"[\\/]+", path.rstrip("\\/")) for path in (prefix, rival))
    for mine, other in zip(reversed(ours), reversed(theirs), strict=False):
        # `scope-scope` would tell nobody anything
        if mine.casefold() not in {other.casefold(), name.casefold()}:
            return mine
    return ""
