"""What was asked for: from the history as far as it says, the rest from the graph of dependencies."""

from __future__ import annotations

from functools import lru_cache
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
# what a command line does, of all that begin a history
_VERBS = frozenset({"create", "install", "update", "upgrade", "remove", "uninstall"})


def find_requested(packages: Sequence[CondaPackage], history: Sequence[Transaction]) -> tuple[Requested, tuple[Problem, ...]]:
    """Return what was asked for, and the specs of the history that cannot be read.

    A history says nothing of use where it names nothing that is installed (a clone by copy, made by py-rattler or pixi, lost):
    then what was asked for is inferred. A transaction that names every package of its time by version and build (``conda create
    --clone``, ``--file explicit.txt``) says what was there, not what was asked for: what it names is inferred too, and what was
    asked for since is taken at its word. conda itself counts all of it as asked for. A history that begins when packages are
    there already lists them under its first command: what that did not ask for is inferred too.
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
    if packages and not specs:
        return Requested(specs=unneeded(packages), inferred=True), problems
    listed = _listed(packages, history, installed)
    if not listed:
        return Requested(specs=specs), problems
    inferred = tuple(name for name in unneeded(packages) if name in listed)
    asked = tuple(spec for spec in specs if matchspec.name_of(spec) not in listed)
    return Requested(specs=(*inferred, *asked), inferred=bool(inferred)), problems


def unneeded(packages: Sequence[CondaPackage]) -> tuple[str, ...]:
    """Return the names of the packages that no other one of these needs, python and pip kept, sorted.

    Of packages that need one another in a circle, and that nothing outside of it needs, one is named.
    """
    needs = _needs(packages)
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


def _listed(packages: Sequence[CondaPackage], history: Sequence[Transaction], installed: set[str]) -> set[str]:
    # the names of what was only ever named because everything was, or because it was there
    listed = _there_before(packages, history)
    there: set[str] = set()
    for block in history:
        there -= _names(block.removed)
        there |= _names(block.added)
        if block.command is None:
            continue
        listed.difference_update(matchspec.name_of(spec) or "" for spec in block.remove_specs)
        specs = {matchspec.name_of(spec) or "": spec for spec in block.update_specs}
        everything = there or installed
        if len(specs) > 1 and specs.keys() >= everything and all(map(_exact, specs.values())):
            listed.update(specs)
        # `conda install --revision` writes every spec again
        elif len(specs) == 1 or not specs.keys() >= (listed & everything):
            listed.difference_update(specs)
    return listed & installed


def _there_before(packages: Sequence[CondaPackage], history: Sequence[Transaction]) -> set[str]:
    """Return the names of what was there before the history began: it was lost, or py-rattler or pixi made the prefix."""
    first = next((block for block in history if block.added), None)
    if first is None:
        return set()
    begin = history[: history.index(first) + 1]
    verbs = [next((word for word in (block.command or "").split() if word in _VERBS), None) for block in begin]
    # one that was made empty has its creation before what came first
    if verbs[-1] is None or "create" in verbs:
        return set()
    asked = {matchspec.name_of(spec) or "" for spec in first.update_specs}
    there = _names(first.added)
    unexplained = there - _closure(asked, _needs(packages))
    return set(unexplained | (there & _KEPT) - asked) if unexplained else set()


def _needs(packages: Sequence[CondaPackage]) -> dict[str, set[str]]:
    return {package.name: {_first_word(spec) for spec in package.depends} - {package.name} for package in packages}


# a history is read time and again, with one block more
@lru_cache(maxsize=256)
def _names(dists: tuple[str, ...]) -> frozenset[str]:
    # channel/subdir::name-version-build
    return frozenset([dist.rpartition("::")[2].rsplit("-", 2)[0] for dist in dists])


def _exact(spec: str) -> bool:
    try:
        parsed = matchspec.parse(spec)
    except BadFormatError:
        return False
    return parsed.exact_version is not None and parsed.build != "" and "*" not in parsed.build
