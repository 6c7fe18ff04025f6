"""``backup``: what is in an environment now, kept if it is not what the last backup holds."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.errors import RefusedError, StoreError
from envkeep.keeping.unchanged import look, problems_of
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from datetime import datetime

    from envkeep.capturing.former import Former
    from envkeep.diffing.changes import Changes
    from envkeep.model.record import Problem, Record
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.seen import Seen
    from envkeep.store.store import Store

__all__ = ["BackupResult", "UnchangedResult", "backup"]


@frozen
class BackupResult:
    """What came of a backup.

    Attributes:
        kept: the new backup; None where nothing changed.
        environment: its folder in the store.
        record: what is in the environment; None where nothing had moved since the last look, so that it was not read again.
        previous: the backup it was compared with; None for the first one.
        changes: against ``previous``; None without one, and where nothing of it can be read.
        rotated: what went because of the limit, oldest first.
        moved_from: a stored environment of the same content whose prefix is gone: this one may be it, under a new name. Its
            backups stay where they are.
        problems: what the capture met and survived.
        unrotated: why nothing rotated, where something should have; the backup was kept all the same.
    """

    kept: Backup | None
    environment: StoredEnvironment
    record: Record | None
    previous: Backup | None = None
    changes: Changes | None = None
    rotated: tuple[Backup, ...] = ()
    moved_from: StoredEnvironment | None = None
    problems: tuple[Problem, ...] = ()
    unrotated: str | None = None


class UnchangedResult(BackupResult):
    """The result where nothing moved since the last look; the backup is read when somebody asks for it.

    An application that keeps a backup at its start seldom asks, and to load what a backup is made of would be all of its work.

    Args:
        seen: the look.
    """

    __slots__ = ("_previous", "_seen")
    _seen: Seen
    _previous: Backup | None

    def __init__(self, seen: Seen) -> None:
        # it is frozen, and what is not said here is found when it is asked for
        said = {
            "_seen": seen,
            "_previous": None,
            "kept": None,
            "record": None,
            "rotated": (),
            "moved_from": None,
            "unrotated": None,
        }
        for name, value in said.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[UnchangedResult], tuple[Seen]]:
        """Copied and sent to other processes as what it is made of."""
        return UnchangedResult, (self._seen,)

    @property
    def environment(self) -> StoredEnvironment:
        """Its folder in the store."""
        from envkeep.store.reading import read_environment

        return read_environment(Path(self._seen.store) / self._seen.folder)

    @property
    def previous(self) -> Backup | None:
        """The backup that holds what is there; None where it is gone by the time that this is first asked."""
        if self._previous is None:
            from envkeep.store.reading import read_backup

            object.__setattr__(self, "_previous", read_backup(self.environment, self._seen.stamp))
        return self._previous

    @property
    def changes(self) -> Changes:
        """None."""
        from envkeep.diffing.changes import Changes

        return Changes()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the capture met that the look stands for."""
        return problems_of(self._seen)


def backup(
    prefix: Path,
    store: Store,
    *,
    force: bool = False,
    tag: str | None = None,
    note: str | None = None,
    now: datetime | None = None,
    afresh: bool = False,
) -> BackupResult:
    """Keep a backup of an environment if its content differs from the last one's, then rotate.

    The environment is captured while its folder is locked, so that of several processes at once one keeps a backup and the others
    find it there, and an older state never comes to lie on a newer one.

    Args:
        prefix: of the environment.
        store: where to.
        force: keep one though nothing changed.
        tag: put on the backup; on the last one where nothing changed.
        note: kept with a new backup.
        now: aware instant; the clock's where None.
        afresh: read the environment even where nothing moved since the last look, so that the result has its record.

    Raises:
        NotAnEnvironmentError: the prefix is none.
        RefusedError: it holds nothing at all, which is no state to come back to; or the tag is on another backup.
        StoreError: it cannot be kept; the backups made before are as they were.
    """
    if not force and tag is None and not afresh:
        known = look(prefix, store)
        if known is not None:
            from envkeep.diffing.changes import Changes

            return BackupResult(
                kept=None,
                environment=known.backup.environment,
                record=None,
                previous=known.backup,
                changes=Changes(),
                problems=known.problems,
            )
    environment = store.find_environment(prefix.absolute())
    from envkeep.capturing.distribution import with_states
    from envkeep.capturing.former import Former
    from envkeep.capturing.watching import watch
    from envkeep.keeping.comparing import compare
    from envkeep.keeping.former import former_of, note_readings
    from envkeep.keeping.unchanged import remember
    from envkeep.model.content import content_digest

    record: Record | None = None
    former = Former()
    if environment is None or environment.prefix is None:
        # a new one, or a folder of PyMoDAQ's that becomes this environment's
        record = _capture(prefix, now, former)
        environment = store.environment_of(record.environment.prefix, record.environment)

    with store.locked(environment):
        # captured before the lock was had: fresh enough only where nobody kept one in between
        if record is None or next(store.newest_first(environment), None) is not None:
            # whoever forces a backup wants all of it read
            former = Former() if force else former_of(prefix, store, environment)
            record = _capture(prefix, now, former)
        # at once: what changes while a backup is compared and written is not what was captured
        things = watch(prefix.absolute(), record, former.began)
        digest = content_digest(record)
        compared = compare(store, environment, record, digest)
        if compared.same and compared.previous is not None and not force:
            previous = compared.previous if tag is None else store.tag(compared.previous, tag)
            # what a killed run left undone, or a limit that is lower by now
            rotated, unrotated = _rotate(store, environment)
            if unrotated is None:
                remember(prefix, store, record, previous, things, former.began)
            note_readings(prefix, store, former, record, previous, written=False)
            return BackupResult(
                kept=None,
                environment=environment,
                record=record,
                previous=previous,
                changes=compared.changes,
                rotated=rotated,
                problems=record.problems,
                unrotated=unrotated,
            )
        counts = None if compared.changes is None else asdict(compared.changes.counts)
        record = replace(record, distributions=with_states(record.distributions))
        kept = store.write(environment, record, digest=digest, tag=tag, note=note, now=now, changes=counts)
        note_readings(prefix, store, former, record, kept, written=True)
        rotated, unrotated = _rotate(store, environment)
        if unrotated is None:
            remember(prefix, store, record, kept, things, former.began)
        return BackupResult(
            kept=kept,
            environment=environment,
            record=record,
            previous=compared.previous,
            changes=compared.changes,
            rotated=rotated,
            moved_from=_moved_from(store, digest) if compared.previous is None else None,
            problems=record.problems,
            unrotated=unrotated,
        )


def _capture(prefix: Path, now: datetime | None, former: Former) -> Record:
    from envkeep.capturing.capture import capture

    # in what state checkouts are is asked of git where a backup is kept: it makes none by itself
    record = capture(prefix, ask_git=False, now=now, former=former)
    if record.python is None and not record.conda and not record.distributions:
        raise RefusedError(
            f"{prefix} holds no package and no Python, so there is nothing to keep", "Install something into it, then back it up."
        )
    return record


def _rotate(store: Store, environment: StoredEnvironment) -> tuple[tuple[Backup, ...], str | None]:
    try:
        return store.rotate(environment), None
    except StoreError as error:
        # the new backup is there, which is what was asked for
        return (), error.fact


def _moved_from(store: Store, digest: str) -> StoredEnvironment | None:
    for other in store.environments():
        if other.prefix is not None and not Path(other.prefix).exists():
            backups = store.backups(other)
            if backups and backups[-1].digest == digest:
                return other
    return None
