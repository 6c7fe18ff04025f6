"""The order of versions: conda's for conda packages, PEP 440's for Python distributions.

conda's order is the one its ``VersionOrder`` documents: epoch, then components at ``.`` and ``_``, each in runs of
digits and letters; numbers by value, letters before numbers, ``dev`` before all letters, ``post`` after all numbers, a missing
run counts as 0, the local part last. Both orders here are total: a string that is no version by the rules is cut into the same
runs and ordered by them, so that a comparison never raises.
"""

from __future__ import annotations

import re
from functools import lru_cache, total_ordering
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["CondaVersion", "Order", "compare_versions", "pep440", "same_version"]

Order = Literal["conda", "pip"]

_RUN = re.compile(r"[0-9]+|[^0-9]+")
_SEPARATORS = re.compile(r"[^0-9a-z]+")

_Run = int | float | str
_Component = tuple[_Run, ...]


@total_ordering
class CondaVersion:
    """A version that compares as conda compares it (``1.0a1 < 1.0 < 1.0.post1 < 1!0.1``, ``1.1 == 1.1.0``).

    Args:
        text: the version; any string is taken, see the module.
    """

    __slots__ = ("local", "main", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        epoch, has_epoch, rest = _spelled(text).partition("!")
        if not has_epoch or not epoch.isdigit():
            epoch, rest = "0", _spelled(text)
        main, _, local = rest.partition("+")
        self.main: tuple[_Component, ...] = ((int(epoch),), *_components(main))
        self.local: tuple[_Component, ...] = tuple(_components(local)) if local else ()

    def __repr__(self) -> str:
        return f"CondaVersion({self.text!r})"

    def __hash__(self) -> int:
        return hash((_stripped(self.main), _stripped(self.local)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaVersion) and self.compare(other) == 0

    def __lt__(self, other: CondaVersion) -> bool:
        return self.compare(other) < 0

    def compare(self, other: CondaVersion) -> int:
        """Return -1, 0 or 1: less, equal, greater."""
        return _compare(self.main, other.main) or _compare(self.local, other.local)

    def starts_with(self, prefix: CondaVersion) -> bool:
        """Return whether this is one of the versions ``prefix.*`` (``=prefix``), as conda decides it.

        ``1.26.4`` starts with ``1.26``, ``1.260`` does not; ``1.1.1k`` starts with ``1.1.1``; ``2024a`` with ``2024``.
        """
        if prefix.local:
            return _compare(self.main, prefix.main) == 0 and _begins(self.local, prefix.local)
        return _begins(self.main, prefix.main)


def _spelled(text: str) -> str:
    # conda takes dashes for underscores where there are no underscores
    text = text.strip().lower()
    return text.replace("-", "_") if "_" not in text else text


def _components(text: str) -> list[_Component]:
    # openssl's way of ordering `1.1.1_ < 1.1.1a`: a final underscore belongs to the last component
    final = "_" if text.endswith("_") else ""
    parts = [part for part in _SEPARATORS.split(text) if part] or ["0"]
    parts[-1] += final
    return [_runs(part) for part in parts]


def _runs(part: str) -> _Component:
    runs: list[_Run] = []
    for run in _RUN.findall(part):
        if run.isascii() and run.isdigit():
            # Python refuses to convert more digits than that
            runs.append(int(run[:4000]))
        elif run == "post":
            runs.append(float("inf"))
        else:
            # upper case sorts before `_` and every lower-case letter
            runs.append("DEV" if run == "dev" else run)
    return tuple(runs) if isinstance(runs[0], int) else (0, *runs)


def _compare(one: tuple[_Component, ...], other: tuple[_Component, ...]) -> int:
    for mine, theirs in zip_longest(one, other, fillvalue=()):
        for a, b in zip_longest(mine, theirs, fillvalue=0):
            if a == b:
                continue
            if isinstance(a, str):
                return (1 if a > b else -1) if isinstance(b, str) else -1
            if isinstance(b, str):
                return 1
            return 1 if a > b else -1
    return 0


def _begins(version: tuple[_Component, ...], prefix: tuple[_Component, ...]) -> bool:
    last = len(prefix) - 1
    if _compare(version[:last], prefix[:last]) != 0:
        return False
    mine = version[last] if len(version) > last else ()
    theirs = prefix[last]
    tail = len(theirs) - 1
    if _compare((mine[:tail],), (theirs[:tail],)) != 0:
        return False
    run = mine[tail] if len(mine) > tail else 0
    wanted = theirs[tail]
    if isinstance(wanted, str):
        return isinstance(run, str) and run.startswith(wanted)
    return run == wanted


def _stripped(components: tuple[_Component, ...]) -> tuple[_Component, ...]:
    # what compares equal has to hash equal: 1.1 and 1.1.0
    kept: list[_Component] = []
    for component in components:
        runs = list(component)
        while runs and runs[-1] == 0:
            runs.pop()
        kept.append(tuple(runs))
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


@lru_cache(maxsize=4096)
def pep440(text: str) -> Version | None:
    """Return a version by PEP 440, or None for a string that is none."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def compare_versions(one: str, other: str, order: Order) -> int:
    """Return -1, 0 or 1 as ``one`` is older than, as old as, or newer than ``other``.

    Args:
        one: a version.
        other: a version.
        order: ``conda`` for conda's order; ``pip`` for PEP 440's, and conda's where one of the two is no PEP 440 version.
    """
    if order == "pip":
        mine, theirs = pep440(one), pep440(other)
        if mine is not None and theirs is not None:
            return (mine > theirs) - (mine < theirs)
    return CondaVersion(one).compare(CondaVersion(other))


def same_version(one: str, other: str) -> bool:
    """Return whether a distribution's versions are equal: by their text, or by what PEP 440 says of them (``1.0``, ``1.0.0``)."""
    if one == other:
        return True
    mine = pep440(one)
    return mine is not None and mine == pep440(other)
