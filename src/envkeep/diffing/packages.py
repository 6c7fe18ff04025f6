"""Changes of packages between two records: conda's first, then the Python distributions that conda's changes do not explain."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from envkeep.diffing.changes import Change, ChangeKind
from envkeep.diffing.pairing import pairs
from envkeep.model.content import conda_identity, distribution_identity, origin_identity
from envkeep.model.names import normalise
from envkeep.model.versions import Order, compare_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import CondaPackage, Distribution, Origin, Record

__all__ = ["describe_origin", "package_changes", "version_kind"]


def package_changes(old: Record, new: Record) -> list[Change]:
    """Return the changes of conda packages and Python distributions, sorted by name.

    A conda package and the distributions it owns are one thing to a reader: a distribution is mentioned only where its conda
    package did not change (its files were altered by something else), or where another manager has it now.
    """
    conda = _conda_changes(old, new)
    moved: list[Change] = []
    others: list[Change] = []
    left_conda: set[tuple[str, str]] = set()
    came_to_conda: set[tuple[str, str]] = set()
    touched = {change.name for change in conda}
    for before, after in _dist_pairs(old, new):
        if before is not None and after is not None and before.from_pip != after.from_pip:
            moved.append(_moved(before, after, new))
            if before.conda_package is not None:
                left_conda.add((before.conda_package, normalise(before.name)))
            if after.conda_package is not None:
                came_to_conda.add((after.conda_package, normalise(after.name)))
        else:
            change = _dist_change(before, after, touched)
            if change is not None:
                others.append(change)
    if moved:
        gone, come = _owned(old), _owned(new)
        conda = [
            change
            for change in conda
            if not (change.kind == "remove" and _all_in(change.name, gone, left_conda))
            and not (change.kind == "install" and _all_in(change.name, come, came_to_conda))
        ]
    return sorted((*conda, *moved, *others), key=lambda change: (normalise(change.name), change.manager or "", change.kind))


def version_kind(old: str, new: str, order: Order) -> ChangeKind | None:
    """Return ``upgrade`` or ``downgrade``, or None for two versions that are the same to the order."""
    direction = compare_versions(old, new, order)
    return None if direction == 0 else "upgrade" if direction < 0 else "downgrade"


def describe_origin(origin: Origin | None) -> str:
    """Return where a distribution came from, in few words: ``index``, ``git <url> at <commit>``, ``editable <url>``, a URL."""
    if origin is None:
        return "index"
    commit = f" at {origin.commit[:12]}" if origin.commit else ""
    words = "editable " if origin.editable else f"{origin.vcs} " if origin.vcs else ""
    folder = f" (folder {origin.subdirectory})" if origin.subdirectory else ""
    return f"{words}{origin.url}{commit}{folder}"


def _conda_changes(old: Record, new: Record) -> list[Change]:
    changes = []
    for before, after in pairs(old.conda, new.conda, group=lambda package: package.name, same=conda_identity):
        if before is not None and after is not None:
            kind, detail = _conda_kind(before, after)
            changes.append(
                Change(kind=kind, name=after.name, manager="conda", old=before.version, new=after.version, detail=detail)
            )
        elif before is not None:
            changes.append(Change(kind="remove", name=before.name, manager="conda", old=before.version))
        elif after is not None:
            changes.append(Change(kind="install", name=after.name, manager="conda", new=after.version, detail=_source(after)))
    return changes


def _source(package: CondaPackage) -> str:
    return f"from {package.channel}" if package.channel else ""


def _conda_kind(before: CondaPackage, after: CondaPackage) -> tuple[ChangeKind, str]:
    notes = []
    if before.channel != after.channel:
        notes.append(f"channel {before.channel or 'unknown'} -> {after.channel or 'unknown'}")
    kind = version_kind(before.version, after.version, "conda")
    if kind is not None:
        return kind, "; ".join(notes)
    if before.version != after.version:
        notes.append("the same version, spelled otherwise")
    if before.build != after.build:
        notes.append(f"build {before.build} -> {after.build}")
    if before.subdir != after.subdir:
        notes.append(f"platform {before.subdir or 'unknown'} -> {after.subdir or 'unknown'}")
    elsewhere = before.channel != after.channel or before.subdir != after.subdir
    if (before.build != after.build or before.version != after.version) and not elsewhere:
        return "rebuild", "; ".join(notes)
    if not notes:
        notes.append("another artefact of the same name")
    return "crossgrade", "; ".join(notes)


def _dist_pairs(old: Record, new: Record) -> Iterator[tuple[Distribution | None, Distribution | None]]:
    return pairs(
        old.distributions,
        new.distributions,
        group=_normalised_name,
        same=distribution_identity,
        kin=_from_pip,
    )


def _normalised_name(dist: Distribution) -> str:
    return normalise(dist.name)


def _from_pip(dist: Distribution) -> bool:
    return dist.from_pip


def _moved(before: Distribution, after: Distribution, new: Record) -> Change:
    notes = ["conda -> pip" if after.from_pip else "pip -> conda"]
    if after.from_pip:
        if after.origin is not None:
            notes.append(describe_origin(after.origin))
        if any(package.name == before.conda_package for package in new.conda):
            notes.append(f"installed over conda's {before.conda_package}, which conda still lists")
    return Change(
        kind="moved",
        name=after.name,
        manager="pip" if after.from_pip else "conda",
        old=before.version,
        new=after.version,
        detail="; ".join(notes),
    )


def _dist_change(before: Distribution | None, after: Distribution | None, touched: set[str]) -> Change | None:
    owners = {dist.conda_package for dist in (before, after) if dist is not None and dist.conda_package is not None}
    if owners & touched:
        return None
    altered = f"in the files of conda's {min(owners)}, which conda does not know of" if owners else ""
    manager: Literal["conda", "pip"] = "conda" if owners else "pip"
    if before is not None and after is not None:
        kind, detail = _dist_kind(before, after)
        detail = "; ".join(note for note in (detail, altered) if note)
        return Change(kind=kind, name=after.name, manager=manager, old=before.version, new=after.version, detail=detail)
    if before is not None:
        return Change(kind="remove", name=before.name, manager=manager, old=before.version, detail=altered)
    if after is not None:
        detail = altered or (describe_origin(after.origin) if after.origin else "")
        return Change(kind="install", name=after.name, manager=manager, new=after.version, detail=detail)
    return None


def _dist_kind(before: Distribution, after: Distribution) -> tuple[ChangeKind, str]:
    notes = []
    one, other = describe_origin(before.origin), describe_origin(after.origin)
    if one != other:
        notes.append(f"{one} -> {other}")
    kind = version_kind(before.version, after.version, "pip")
    if kind is not None:
        return kind, "; ".join(notes)
    if before.version != after.version:
        notes.append("the same version, spelled otherwise")
    if not notes:
        same_place = origin_identity(before.origin) == origin_identity(after.origin)
        notes.append("other content" if same_place else "another artefact of the same place")
    return "crossgrade", "; ".join(notes)


def _owned(record: Record) -> dict[str, set[tuple[str, str]]]:
    owned: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for dist in record.distributions:
        if dist.conda_package is not None:
            owned[dist.conda_package].add((dist.conda_package, normalise(dist.name)))
    return owned


def _all_in(name: str, owned: dict[str, set[tuple[str, str]]], moved: set[tuple[str, str]]) -> bool:
    mine = owned.get(name, set())
    return bool(mine) and mine <= moved
