"""Which conda packages an environment really has, in which order they are linked, and which channels they came from."""

from __future__ import annotations

import re
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from envkeep.model.kept import Kept
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from envkeep.model.record import CondaPackage, Record

__all__ = ["channels_of", "linked_order", "standing_packages"]

_NAME = re.compile(r"(?:.*::)?([^\s=<>!~\[]+)")


def standing_packages(record: Record) -> tuple[CondaPackage, ...]:
    """Return the conda packages that conda lists: without those whose files pip removed or replaced.

    conda drops a package whose Python distribution is gone, and lets a pip package of the same (normalised) name take its place
    (conda/plugins/prefix_data_loaders/pypi). One that pip put the same version over lies where conda's did, so it stays.
    """
    replaced = {normalise(dist.name): dist.version for dist in record.pip}
    if {package.altered for package in record.conda} <= {None} and replaced.keys().isdisjoint(_names(record.conda)):
        return record.conda
    return tuple([package for package in record.conda if _stands(package, replaced.get(package.name))])


def _stands(package: CondaPackage, by_pip: str | None) -> bool:
    return by_pip == package.version if package.altered == "overwritten" else package.altered is None and by_pip is None


def channels_of(packages: Iterable[CondaPackage], configured: Iterable[str]) -> tuple[str, ...]:
    """Return channels in conda's order: of the first package that came from each, then the configured ones; none twice."""
    found = dict.fromkeys([package.channel for package in packages])
    found.update(dict.fromkeys(configured))
    found.pop("", None)
    return tuple(found)


def linked_order(packages: Sequence[CondaPackage]) -> tuple[CondaPackage, ...]:
    """Return packages each after those it depends on, as conda orders them (conda/models/prefix_graph.py).

    What nothing needs and that needs nothing comes first, then level by level, each sorted by name. Dependencies are
    taken by name: in one environment there is one package of a name. Circles are broken at the package with the fewest
    open dependencies.
    """
    global _last  # noqa: PLW0603 - of one environment
    names, needs = _names(packages), _NEEDS.each(packages)
    # a new version of a package mostly needs the same ones
    last = _last
    if last[:2] != (names, needs):
        at = {name: place for place, name in enumerate(names)}
        last = _last = (names, needs, [at[name] for name in _ordered(dict(zip(names, needs, strict=True)))])
    return tuple([packages[place] for place in last[2]])


# names and needs of the packages that were last asked for, and their places in order
_last: tuple[list[str], list[frozenset[str]], list[int]] = ([], [], [])


def _ordered(graph: dict[str, frozenset[str]]) -> tuple[str, ...]:
    names = graph.keys()
    open_ = {name: set(needs & names) for name, needs in graph.items()}
    # python names pip, pip needs python
    open_.get("python", set()).discard("pip")
    _menuinst_first(open_)
    needed_by: dict[str, list[str]] = {}
    for name, needs in open_.items():
        for need in needs:
            needed_by.setdefault(need, []).append(name)
    # made at the first circle: mostly there is none
    fewest: list[tuple[int, str]] = []
    free = [name for name, needs in open_.items() if not needs and name in needed_by]
    level = sorted(name for name, needs in open_.items() if not needs and name not in needed_by)
    order: dict[str, None] = {}
    while len(order) < len(open_):
        if not level:
            if not free and not fewest:
                fewest = [(len(needs), name) for name, needs in open_.items() if name not in order]
                heapify(fewest)
            level, free = sorted(free) or [_fewest(fewest, open_, order)], []
        order.update(dict.fromkeys(level))
        for name in level:
            for user in needed_by.get(name, ()):
                open_[user].discard(name)
                if user in order:
                    continue
                if not open_[user]:
                    free.append(user)
                elif fewest:
                    heappush(fewest, (len(open_[user]), user))
        level = []
    return tuple(order)


def _fewest(fewest: list[tuple[int, str]], open_: dict[str, set[str]], order: Container[str]) -> str:
    # an entry counts as long as it tells the truth: each change adds another one
    while True:
        count, name = heappop(fewest)
        if name not in order and count == len(open_[name]):
            return name


def _names(packages: Iterable[CondaPackage]) -> list[str]:
    return [package.name for package in packages]


def _dependencies(package: CondaPackage) -> frozenset[str]:
    return frozenset(map(_name_of, package.depends)) - {package.name}


_NEEDS = Kept(_dependencies)


@lru_cache(maxsize=4096)
def _name_of(depend: str) -> str:
    match = _NAME.match(depend.strip())
    return "" if match is None else match[1].lower()


def _menuinst_first(open_: dict[str, set[str]]) -> None:
    # conda links menuinst before whatever else needs python, since its shortcuts are made through it
    if "menuinst" not in open_:
        return
    for name, needs in open_.items():
        if "python" in needs and name != "menuinst" and name not in open_["menuinst"]:
            needs.add("menuinst")
