"""Changes of what is not a package: Python, channels in use, requested specs, pins, variables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.diffing.changes import Change, ChangeKind
from envkeep.model.content import spec_identity
from envkeep.model.matchspec import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkeep.model.record import Record

__all__ = ["python_changes", "setting_changes"]


def python_changes(old: Record, new: Record) -> Iterator[Change]:
    """Yield the change of Python's version, if there is one."""
    before = old.python.version if old.python else None
    after = new.python.version if new.python else None
    if before != after:
        yield Change(kind="python", name="python", old=before, new=after)


def setting_changes(old: Record, new: Record) -> Iterator[Change]:
    """Yield the changes of channels in use, requested specs, pins and variables, each sorted by name."""
    before, after = ({package.channel for package in record.conda if package.channel} for record in (old, new))
    for channel in sorted(before ^ after):
        yield Change(
            kind="channel",
            name=channel,
            old=channel if channel in before else None,
            new=channel if channel in after else None,
        )
    before_specs, after_specs = ([spec_identity(spec) for spec in record.requested.specs] for record in (old, new))
    for change in _specs("requested", before_specs, after_specs):
        yield replace(change, detail=_how_known(change, old, new))
    yield from _specs("pin", old.pinned, new.pinned)
    yield from _variables(old, new)


def _how_known(change: Change, old: Record, new: Record) -> str:
    before, after = _is_inferred(change.old, old), _is_inferred(change.new, new)
    if before and change.new is not None and not after:
        return "the old one inferred from what nothing else needs"
    if after and change.old is not None and not before:
        return "the new one inferred from what nothing else needs"
    return "inferred from what nothing else needs" if before or after else ""


def _is_inferred(spec: str | None, record: Record) -> bool:
    # what is inferred is a name that nobody ever asked for
    if spec is None or not record.requested.inferred or spec != name_of(spec):
        return False
    return not any(spec in block.update_specs for block in record.history)


def _specs(kind: ChangeKind, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    gone, come = Counter(old), Counter(new)
    gone, come = gone - come, come - gone
    befores, afters = _by_name(gone), _by_name(come)
    for name in sorted(befores.keys() | afters.keys()):
        before, after = befores.get(name, []), afters.get(name, [])
        for at in range(max(len(before), len(after))):
            yield Change(
                kind=kind,
                name=name,
                old=before[at] if at < len(before) else None,
                new=after[at] if at < len(after) else None,
            )


def _by_name(specs: Counter[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for spec in sorted(specs.elements()):
        groups.setdefault(name_of(spec) or spec, []).append(spec)
    return groups


def _variables(old: Record, new: Record) -> Iterator[Change]:
    before, after = Counter(old.variables), Counter(new.variables)
    gone = {name for name, _ in before - after}
    come = {name for name, _ in after - before}
    for name in sorted(gone | come):
        word = "set" if name not in gone else "unset" if name not in come else "another value"
        yield Change(kind="variable", name=name, detail=word)
