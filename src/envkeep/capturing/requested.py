"""What was asked for: from the history where it says something of use, else from the graph of dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError
from envkeep.formats.history import requested_specs
from envkeep.model import matchspec
from envkeep.model.record import Problem, Requested

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.model.record import CondaPackage, Transaction

__all__ = ["find_requested", "unneeded"]

# asked for by nearly everybody, needed by nearly everything
_KEPT = frozenset({"python", "pip"})


def find_requested(packages: Sequence[CondaPackage], history: Sequence[Transaction]) -> tuple[Requested, tuple[Problem, ...]]:
    """Return what was asked for, and the specs of the history that cannot be read.

    The history is of no use where it names nothing that is installed (a clone by copy, made by py-rattler or pixi, lost) or every
    installed package with version and build (``conda create --clone``, ``--file explicit.txt``): then what was asked for is
    inferred.
    """
    installed = {package.name for package in packages}
    specs, unreadable = requested_specs(history, installed)
    problems = tuple(
        Problem(
            code="unreadable-spec",
            message=f"the history asks for {spec[:200]!r}, which is no package specification; it is left out",
            path="conda-meta/history",
        )
        for spec in unreadable
    )
    if packages and (not specs or (len(specs) == len(installed) > 1 and all(_exact(spec) for spec in specs))):
        return Requested(specs=unneeded(packages), inferred=True), problems
    return Requested(specs=specs), problems


def unneeded(packages: Sequence[CondaPackage]) -> tuple[str, ...]:
    """Return the names of the packages that no other one of these needs, python and pip kept, sorted.

    Of packages that need one another in a circle, and that nothing outside of it needs, one is named.
    """
    needs = {package.name: {_first_word(spec) for spec in package.depends} - {package.name} for package in packages}
    needed = set().union(*needs.values()) if needs else set()
    named = {name for name in needs if name not in needed or name in _KEPT}
    reached = _closure(named, needs)
    for name in sorted(needs):
        if name not in reached:
            named.add(name)
            reached |= _closure({name}, needs)
    return tuple(sorted(named))


def _closure(names: set[str], needs: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in needs and name not in reached:
            reached.add(name)
            waiting.extend(needs[name])
    return reached


def _first_word(spec: str) -> str:
    # a dependency is `name [version [build]]`; a few have a channel
    head = spec.rpartition("::")[2].lstrip()
    for end, letter in enumerate(head):
        if letter in " \t=<>!~[,":
            return head[:end].lower()
    return head.lower()


def _exact(spec: str) -> bool:
    try:
        parsed = matchspec.parse(spec)
    except BadFormatError:
        return False
    return parsed.exact_version is not None and parsed.build != "" and "*" not in parsed.build
