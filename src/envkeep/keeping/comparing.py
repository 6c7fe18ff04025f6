"""Is what an environment holds now what its last backup holds?

The last complete backup decides, by the digest of its content. PyMoDAQ may have written lists of its own since then, into the
same folder; they hold Python packages and nothing else, and write conda's in ways nobody can compare. So they never stand for a
complete backup, but one that names other packages than there are now shows that the environment was another in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from envkeep.errors import EnvkeepError
from envkeep.model.names import normalise
from envkeep.model.record import Record
from envkeep.store.contents import load, load_record
from envkeep.store.environments import written_from

if TYPE_CHECKING:
    from envkeep.diffing.changes import Changes
    from envkeep.model.specification import Specification
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["Comparison", "compare"]

# `pip freeze` leaves these out (setuptools and wheel up to Python 3.11)
_UNLISTED = frozenset({"pip", "setuptools", "wheel", "distribute"})
_TELLING = frozenset({"install", "remove", "upgrade", "downgrade"})


class Comparison(NamedTuple):
    """An environment held against its backups.

    Attributes:
        same: whether nothing needs to be kept.
        previous: the backup that it was held against; None where there is none.
        changes: since ``previous``; None without one, or where nothing of it can be read.
    """

    same: bool
    previous: Backup | None = None
    changes: Changes | None = None


def compare(store: Store, environment: StoredEnvironment, record: Record, digest: str) -> Comparison:
    """Hold what was captured against the last backup of its environment.

    Args:
        store: where the backups are.
        environment: whose they are.
        record: what was captured.
        digest: of its content.

    Raises:
        StoreError: the backups cannot be read.
    """
    prefix = record.environment.prefix
    since: list[Backup] = []
    complete: Backup | None = None
    for backup in store.newest_first(environment):
        if not _is_captured_here(backup, prefix):
            continue
        if backup.digest is not None:
            complete = backup
            break
        since.append(backup)
    last = since[0] if since else complete
    if last is None:
        return Comparison(same=False)
    if complete is None or any(_tells_otherwise(backup, record) for backup in since):
        return Comparison(same=False, previous=last, changes=_changes(last, record))
    if complete.digest == digest:
        from envkeep.diffing.changes import Changes

        # a damaged one cannot be relied on, so a sound one joins it
        return Comparison(same=complete.state != "damaged", previous=complete, changes=Changes())
    return Comparison(same=False, previous=complete, changes=_changes(complete, record))


def _is_captured_here(backup: Backup, prefix: str) -> bool:
    """Leave out imported files, and lists that PyMoDAQ wrote from another environment of the same name."""
    if backup.folder is None:
        return written_from(backup.txt, prefix) is not False
    return backup.digest is not None or backup.state == "damaged"


def _tells_otherwise(backup: Backup, record: Record) -> bool:
    listed = _value(backup)
    if listed is None or isinstance(listed, Record):
        return False
    from envkeep.diffing.diff import diff

    # an editable or local project stands in such a list as a bare path, so that its name there is a guess
    from_elsewhere = {dist.name for dist in record.distributions if dist.origin is not None}
    from_elsewhere |= {requirement.name for requirement in listed.requirements if requirement.origin is not None}
    vague = {normalise(name) for name in from_elsewhere} | _UNLISTED
    return any(
        change.kind == "python" or (change.kind in _TELLING and normalise(change.name) not in vague)
        for change in diff(listed, record)
    )


def _changes(backup: Backup, record: Record) -> Changes | None:
    value = load_record(backup) or _value(backup)
    if value is None:
        return None
    from envkeep.diffing.diff import diff

    return diff(value, record)


def _value(backup: Backup) -> Record | Specification | None:
    try:
        return load(backup)
    except EnvkeepError:
        return None
