"""Comparing with a file from elsewhere: by names and versions, as far as the file goes, and saying what that leaves out.

A pip freeze lists conda's Python distributions beside pip's own, an environment.yml tells them apart; a record is looked at the
way the file looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envkeep.diffing.changes import Change, Changes, Manager
from envkeep.diffing.packages import describe_origin, version_kind
from envkeep.diffing.places import same_place
from envkeep.model.frozen import frozen
from envkeep.model.matchspec import name_of
from envkeep.model.names import normalise
from envkeep.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import Origin
    from envkeep.model.specification import Specification

__all__ = ["diff_listings"]

# what `conda env export` writes: a version without operators or wildcards, perhaps a build
_PINNED = re.compile(r"(?:.*::)?(?P<name>[\w.-]+)\s*={1,2}\s*(?P<version>[^\s=<>!~*|,\[\]]+)(?:=(?P<build>[^\s=*\[\]]+))?\Z")
# pip's own rule (pip/_internal/commands/freeze.py); from Python 3.12 on it is pip alone
_LEFT_OUT_BY_FREEZE = frozenset({"pip", "setuptools", "wheel", "distribute"})


@frozen
class _Entry:
    name: str
    version: str | None = None
    build: str | None = None
    origin: Origin | None = None
    guessed: bool = False


@dataclass(slots=True, kw_only=True)
class _Listing:
    source: str
    python: str | None
    conda: dict[str, _Entry] = field(default_factory=dict)
    dists: dict[str, _Entry] = field(default_factory=dict)
    # conda packages that pip removed or replaced: conda's own export has none of them, micromamba's has
    replaced: set[str] = field(default_factory=set)
    of_freeze: bool = False


def diff_listings(old: Record | Specification, new: Record | Specification) -> Changes:
    """Return what changed where at least one side is a file from elsewhere; see the module."""
    with_conda = all(isinstance(side, Record) or bool(side.conda_specs or side.artefacts) for side in (old, new))
    before, after = _listing(old, with_conda=with_conda), _listing(new, with_conda=with_conda)
    if not (_holds_pip(old) and _holds_pip(new)):
        before.dists, after.dists = {}, {}
    for listing, other in ((before, after), (after, before)):
        _drop_unlisted(listing, other)
        _name_by_place(listing, other)
    uncompared = [*_left_out(old, new, with_conda=with_conda), *_vague(before, after)]
    python = tuple(_python(before, after, uncompared))
    packages = [*_entries(before.conda, after.conda, "conda"), *_entries(before.dists, after.dists, "pip")]
    packages.sort(key=lambda change: (normalise(change.name), change.manager or ""))
    return Changes(changes=(*python, *packages), uncompared=tuple(uncompared))


def _drop_unlisted(listing: _Listing, other: _Listing) -> None:
    """Drop what a file leaves out by rule and not because it was not there."""
    for name in listing.replaced - other.conda.keys():
        del listing.conda[name]
    if other.of_freeze:
        for name in _LEFT_OUT_BY_FREEZE & (listing.dists.keys() - other.dists.keys()):
            del listing.dists[name]


def _name_by_place(listing: _Listing, other: _Listing) -> None:
    """Give what is listed by its place alone the name that the other side has for that place."""
    for key, entry in tuple(listing.dists.items()):
        if not entry.guessed or key in other.dists:
            continue
        for name, known in other.dists.items():
            if name not in listing.dists and same_place(entry.origin, known.origin):
                del listing.dists[key]
                listing.dists[name] = replace(entry, name=known.name)
                break


def _holds_pip(side: Record | Specification) -> bool:
    # an explicit list cannot express pip's packages: none there says nothing of them
    return isinstance(side, Record) or bool(side.requirements) or not side.artefacts


def _listing(side: Record | Specification, *, with_conda: bool) -> _Listing:
    if isinstance(side, Record):
        listing = _Listing(source="the record", python=side.python.version if side.python else None)
        if with_conda:
            for package in side.conda:
                listing.conda[package.name] = _Entry(name=package.name, version=package.version, build=package.build)
                if package.altered is not None:
                    listing.replaced.add(package.name)
        for dist in side.pip if with_conda else side.distributions:
            listing.dists[normalise(dist.name)] = _Entry(name=dist.name, version=dist.version, origin=dist.origin)
        return listing
    listing = _Listing(source=side.source, python=side.python, of_freeze=not with_conda)
    if with_conda:
        for package in side.artefacts:
            listing.conda[package.name] = _Entry(name=package.name, version=package.version, build=package.build or None)
        for spec in side.conda_specs:
            entry = _conda_entry(spec)
            listing.conda[entry.name] = entry
    for wanted in side.requirements:
        listing.dists[normalise(wanted.name)] = _Entry(
            name=wanted.name, version=wanted.version, origin=wanted.origin, guessed=wanted.guessed
        )
    return listing


def _conda_entry(spec: str) -> _Entry:
    pinned = _PINNED.match(spec)
    if pinned is not None:
        return _Entry(name=pinned["name"], version=pinned["version"], build=pinned["build"])
    return _Entry(name=name_of(spec) or spec)


def _left_out(old: Record | Specification, new: Record | Specification, *, with_conda: bool) -> Iterator[str]:
    for side in (old, new):
        if isinstance(side, Record):
            continue
        if not with_conda:
            yield (
                f"{side.source} lists Python packages only: conda packages without Python code, who installed what, builds, "
                "channels, variables, requested specs, pins, and pip itself"
            )
        else:
            yield f"{side.source} is no record: channels and hashes of artefacts, contents, variables, requested specs and pins"
            if not _holds_pip(side):
                yield f"{side.source} holds no Python packages of pip"
        yield from (f"{side.source}: {problem}" for problem in side.problems)
        if side.refused:
            lines = ", ".join(str(line.line) for line in side.refused)
            yield f"{side.source}: what was not taken over from it (line {lines})"


def _vague(before: _Listing, after: _Listing) -> Iterator[str]:
    for listing in (before, after):
        vague = [
            entry.name
            for entries in (listing.conda, listing.dists)
            for entry in entries.values()
            if entry.version is None and entry.origin is None
        ]
        if vague:
            yield f"{listing.source} gives no version of {', '.join(vague)}: compared by name"


def _python(before: _Listing, after: _Listing, uncompared: list[str]) -> Iterator[Change]:
    if before.python is None or after.python is None:
        silent = [listing.source for listing in (before, after) if listing.python is None]
        uncompared.append(f"{' and '.join(silent)} does not say which Python")
    elif not _same_python(before.python, after.python):
        yield Change(kind="python", name="python", old=before.python, new=after.python)


def _same_python(one: str, other: str) -> bool:
    # a file may say `3.12` alone
    short, long = sorted((one.split("."), other.split(".")), key=len)
    return long[: len(short)] == short


def _entries(old: dict[str, _Entry], new: dict[str, _Entry], manager: Manager) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before is not None and after is not None:
            change = _change(before, after, manager)
            if change is not None:
                yield change
        elif before is not None:
            yield Change(kind="remove", name=before.name, manager=manager, old=before.version)
        elif after is not None:
            yield Change(kind="install", name=after.name, manager=manager, new=after.version)


def _change(before: _Entry, after: _Entry, manager: Manager) -> Change | None:
    if before.version is not None and after.version is not None:
        kind = version_kind(before.version, after.version, manager)
        if kind is not None:
            return Change(kind=kind, name=after.name, manager=manager, old=before.version, new=after.version)
    if before.build is not None and after.build is not None and before.build != after.build:
        detail = f"build {before.build} -> {after.build}"
        return Change(kind="rebuild", name=after.name, manager=manager, old=before.version, new=after.version, detail=detail)
    elsewhere = _other_place(before, after)
    if elsewhere is not None:
        return Change(
            kind="crossgrade", name=after.name, manager=manager, old=before.version, new=after.version, detail=elsewhere
        )
    return None


def _other_place(before: _Entry, after: _Entry) -> str | None:
    """Return how the origins differ, by kind, place and commit: a file does not hold more of them."""
    one, other = before.origin, after.origin
    if same_place(one, other):
        return None
    return f"{describe_origin(one)} -> {describe_origin(other)}"
