"""The store: backups of environments as plain files in a folder that anybody can read, copy and mail.

Reading takes no lock and writes nothing. Writing holds the lock of the environment's folder; see ``files`` for why nothing is
ever seen half.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError, RefusedError, StoreError, UnknownBackupError, UsageError
from envkeep.store import environments
from envkeep.store.files import publish_file, reading, remove_tree, replace_file, set_aside, staged, storing
from envkeep.store.layout import MANIFEST, RECORD, TAGS, TEMPORARY, TXT_SUFFIX, Summary
from envkeep.store.locks import Locks
from envkeep.store.manifest import Manifest, file_entry, manifest_bytes, tags_bytes
from envkeep.store.names import tag_fault
from envkeep.store.reading import last_order, leftovers, microseconds, newest_first, read_backup, read_backups, tags_of
from envkeep.store.retention import decide
from envkeep.store.stamps import next_stamp, readable, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set
    from pathlib import Path

    from envkeep.model.record import EnvironmentInfo, Record
    from envkeep.model.specification import Specification
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.retention import Decision

__all__ = ["Store"]


class Store:
    """The backups under one home.

    Args:
        home: envkeep's folder (``~/.envkeep``), or PyMoDAQ's (``~/.pymodaq``); made when something is first written.
        folder: the folder in it that holds one folder for each environment.
        limit: how many backups of an environment stay that have no tag; at least 1.
        lock_timeout: seconds to wait for another process that writes.

    Raises:
        UsageError: the limit is less than 1.
    """

    def __init__(self, home: Path, *, folder: str = "environments", limit: int = 25, lock_timeout: float = 30.0) -> None:
        decide((), limit)
        self.home = home
        self.path = home / folder
        self.limit = limit
        self._locks = Locks(lock_timeout)

    # -- reading

    def environments(self) -> tuple[StoredEnvironment, ...]:
        """Return the environments that the store has a folder for, by folder name; those without a backup too.

        Raises:
            StoreError: the store's folder cannot be read.
        """
        return environments.list_environments(self.path)

    def find_environment(self, prefix: Path | str) -> StoredEnvironment | None:
        """Return the stored environment of a prefix, or a folder of PyMoDAQ's with backups of it; None where there is none."""
        return environments.find_environment(self.path, prefix)

    def backups(self, environment: StoredEnvironment) -> tuple[Backup, ...]:
        """Return the backups of an environment, oldest first; the order is that of their making, whatever the clock did.

        Raises:
            StoreError: the folder cannot be read.
        """
        return read_backups(environment)

    def newest_first(self, environment: StoredEnvironment) -> Iterator[Backup]:
        """Yield the backups of an environment from the last one on, each read when it is asked for.

        Raises:
            StoreError: the folder cannot be read.
        """
        return newest_first(environment)

    def load(self, backup: Backup) -> Record | Specification:
        """Return what a backup holds, read from the best of its files; see ``contents.load``."""
        from envkeep.store.contents import load

        return load(backup)

    # -- writing

    @contextmanager
    def locked(self, environment: StoredEnvironment) -> Iterator[None]:
        """Hold an environment's folder against other writers; the methods that write do so by themselves.

        Raises:
            StoreError: another process holds it for longer than the time limit, or the lock file cannot be made.
        """
        with self._locks.held(environment.path):
            yield

    def environment_of(self, prefix: Path | str, info: EnvironmentInfo) -> StoredEnvironment:
        """Return the stored environment of a prefix, with a folder of its own, made now if need be; see ``environments``.

        Raises:
            StoreError: the folder cannot be made.
        """
        return environments.environment_of(self.path, self._locks, prefix, info)

    def named_environment(self, name: str) -> StoredEnvironment:
        """Return the environment of a folder name, made now if need be: for files that are imported.

        Raises:
            UsageError: no folder can have that name.
            StoreError: the folder cannot be made.
        """
        return environments.named_environment(self.path, self._locks, name)

    def write(
        self,
        environment: StoredEnvironment,
        record: Record,
        *,
        digest: str | None = None,
        tag: str | None = None,
        note: str | None = None,
        now: datetime | None = None,
        changes: Mapping[str, int] | None = None,
        extra: Mapping[str, bytes] | None = None,
        historic: bool = False,
    ) -> Backup:
        """Keep a record as a new backup; nothing is compared and nothing rotated.

        Args:
            environment: from ``environment_of``.
            record: what to keep.
            digest: of its content; None: it is found.
            tag: put on the backup.
            note: kept with it.
            now: aware instant of its making; the clock's where None.
            changes: counts against the backup before, for ``Backup.summary``.
            extra: more files to lie in the folder.
            historic: see ``publish``.

        Raises:
            StoreError: it cannot be written; nothing of it is left, and the other backups are as they were.
            UsageError, RefusedError: as of ``tag``.
        """
        from envkeep.formats.variants import file_set, requirements
        from envkeep.model.content import content_digest

        summary = Summary(
            python=record.python.version if record.python else None,
            conda=len(record.conda),
            pip=len(record.pip),
            changes=None if changes is None else tuple(changes.items()),
        )
        return self.publish(
            environment,
            requirements(record),
            {**file_set(record), **(extra or {})},
            main=RECORD,
            summary=summary,
            digest=content_digest(record) if digest is None else digest,
            tag=tag,
            note=note,
            now=now,
            historic=historic,
        )

    def publish(
        self,
        environment: StoredEnvironment,
        txt: bytes,
        files: Mapping[str, bytes],
        *,
        main: str,
        summary: Summary,
        digest: str | None = None,
        tag: str | None = None,
        note: str | None = None,
        now: datetime | None = None,
        historic: bool = False,
    ) -> Backup:
        """Write a backup's files: the folder first, the ``.txt`` last; see ``write``.

        Args:
            environment: whose it is.
            txt: bytes of the ``.txt``.
            files: name, or ``folder/name``, and bytes of what goes with it.
            main: the one of ``files`` that says most.
            summary: for lists.
            digest: of the record's content.
            tag: put on the backup.
            note: kept with it.
            now: aware instant of its making; the clock's where None.
            historic: whether ``now`` is when it was once made: it is then put in order by that and not after all others.
        """
        instant = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
        with self.locked(environment), storing(f"write a backup in {environment.path}"):
            if tag is not None:
                self._check_tag(environment, tag, None)
            names = self.sweep(environment)
            order = microseconds(instant)
            if not historic:
                order = max(order, last_order(environment, names) + 1)
            manifest = Manifest(
                created=instant,
                order=order,
                main=main,
                txt=file_entry("txt", txt),
                files=tuple(file_entry(name, data) for name, data in sorted(files.items())),
                summary=summary,
                digest=digest,
                note=note,
            )
            stamp = _free_stamp(names, stamp_of(instant))
            with staged() as stage:
                folder = stage.folder(environment.path / stamp, {**files, MANIFEST: manifest_bytes(manifest)})
                listed = stage.file(environment.path / f"{stamp}{TXT_SUFFIX}", txt)
                stage.bring_to_disk()
                folder.put(environment.path / stamp)
                try:
                    while not listed.put(environment.path / f"{stamp}{TXT_SUFFIX}"):
                        # PyMoDAQ, which takes no lock, wrote one of this very second in between
                        taken, stamp = stamp, _free_stamp(_names(environment.path), stamp)
                        (environment.path / taken).rename(environment.path / stamp)
                except BaseException:
                    # where it was stopped after the last step, the backup is whole
                    if not _holds(environment.path / f"{stamp}{TXT_SUFFIX}", txt):
                        remove_tree(*set_aside(environment.path / stamp))
                    raise
            if tag is not None:
                self._write_tags(environment, {**self._tags(environment), tag: stamp})
            return self._reread(environment, stamp)

    def publish_lone(self, environment: StoredEnvironment, stamp: str, txt: bytes) -> Backup:
        """Keep a ``.txt`` as it is, under its stamp or the next free one; the errors are those of ``write``."""
        with self.locked(environment), storing(f"write a backup in {environment.path}"):
            stamp = _free_stamp(self.sweep(environment), stamp)
            while not publish_file(environment.path / f"{stamp}{TXT_SUFFIX}", txt):
                stamp = _free_stamp(_names(environment.path), stamp)
            return self._reread(environment, stamp)

    def import_file(self, path: Path, name: str | None = None) -> Backup:
        """Bring a loose file into the store as a backup of the environment of that folder name; see ``importing``."""
        from envkeep.store.importing import import_file

        return import_file(self, path, name)

    def tag(self, backup: Backup, tag: str) -> Backup:
        """Put a tag on a backup, which then never rotates away; return the backup with it.

        Raises:
            UsageError: a text that cannot be a tag.
            RefusedError: the tag is on another backup of the environment.
            UnknownBackupError: the backup is gone.
            StoreError: it cannot be written.
        """
        environment = backup.environment
        with self.locked(environment), storing(f"write the tags in {environment.path}"):
            self._check_tag(environment, tag, backup.stamp)
            self._reread(environment, backup.stamp)
            self._write_tags(environment, {**self._tags(environment), tag: backup.stamp})
            return self._reread(environment, backup.stamp)

    def untag(self, environment: StoredEnvironment, tag: str) -> None:
        """Take a tag away; the backup stays, until it rotates.

        Raises:
            UnknownBackupError: no backup has the tag.
            StoreError: it cannot be written.
        """
        with self.locked(environment), storing(f"write the tags in {environment.path}"):
            tags = dict(self._tags(environment))
            if tags.pop(tag, None) is None:
                known = ", ".join(sorted(tags)) or "none"
                raise UnknownBackupError(f"no backup of {environment.folder} is tagged {tag!r}", f"Tags there are: {known}.")
            self._write_tags(environment, tags)

    def forget(self, backups: Iterable[Backup]) -> tuple[Backup, ...]:
        """Remove backups with all their files and tags; return those that were still there.

        Raises:
            StoreError: one cannot be removed; it and those after it stay.
        """
        gone = []
        for backup in backups:
            with self.locked(backup.environment), storing(f"remove {backup.label}", stands="The other backups are as they were."):
                tags = self._tags(backup.environment)
                if backup.stamp in tags.values():
                    self._write_tags(backup.environment, {tag: stamp for tag, stamp in tags.items() if stamp != backup.stamp})
                if self._remove(backup):
                    gone.append(backup)
        return tuple(gone)

    def rotation(self, environment: StoredEnvironment) -> tuple[Decision, ...]:
        """Return what ``rotate`` would do, oldest first; the errors are those of ``rotate``."""
        self._tags(environment)
        return decide(self.backups(environment), self.limit)

    def rotate(self, environment: StoredEnvironment) -> tuple[Backup, ...]:
        """Remove what is beyond the limit, and what killed writers left; return the backups removed, oldest first.

        Raises:
            StoreError: something cannot be removed, or the tags cannot be read, so that nobody knows what must stay.
            UsageError: the limit is less than 1.
        """
        with (
            self.locked(environment),
            storing(f"rotate the backups in {environment.path}", stands="No newer backup was touched."),
        ):
            names = self.sweep(environment)
            self._tags(environment)
            # without a look at each backup: mostly there are not so many
            if sum(name.endswith(TXT_SUFFIX) for name in names) <= self.limit:
                return ()
            gone = tuple(decision.backup for decision in self.rotation(environment) if not decision.keep)
            return tuple(backup for backup in gone if self._remove(backup))

    def sweep(self, environment: StoredEnvironment) -> Set[str]:
        """Remove what killed writers left in an environment's folder; return the names of what is in it then.

        The caller holds its lock. A folder whose ``.txt`` is gone is such a leftover, unless it is tagged; without readable tags
        nothing is swept.

        Raises:
            OSError: the folder cannot be read, or something cannot be removed.
        """
        names = _names(environment.path)
        try:
            left = leftovers(environment.path, names)
        except (BadFormatError, OSError):
            return names
        for path in left:
            remove_tree(path if path.name.startswith(TEMPORARY) else set_aside(path)[0])
        return names.difference([path.name for path in left])

    # -- inside

    def _remove(self, backup: Backup) -> bool:
        # the `.txt` first: without it the rest is no backup any more, and the next writer would finish this
        aside = set_aside(*[part for part in (backup.txt, backup.environment.path / backup.stamp) if os.path.lexists(part)])
        for path in aside:
            remove_tree(path)
        return bool(aside)

    def _reread(self, environment: StoredEnvironment, stamp: str) -> Backup:
        backup = read_backup(environment, stamp)
        if backup is not None:
            return backup
        raise UnknownBackupError(
            f"{environment.folder} has no backup {stamp} ({readable(stamp)})", "It was removed in between; see envkeep list."
        )

    def _tags(self, environment: StoredEnvironment) -> Mapping[str, str]:
        try:
            with reading(environment.path / TAGS):
                return tags_of(environment.path)
        except (BadFormatError, StoreError) as error:
            raise StoreError(
                f"{error.fact}; nobody knows which backups are tagged",
                f"Mend or remove {environment.path / TAGS}. Nothing is removed from {environment.folder} until then.",
            ) from error

    def _write_tags(self, environment: StoredEnvironment, tags: Mapping[str, str]) -> None:
        replace_file(environment.path / TAGS, tags_bytes(tags))

    def _check_tag(self, environment: StoredEnvironment, tag: str, stamp: str | None) -> None:
        fault = tag_fault(tag)
        if fault is not None:
            raise UsageError(f"{tag!r} cannot be a tag: it {fault}", "Take a word such as paper-2025 or before-upgrade.")
        holder = self._tags(environment).get(tag)
        if holder is not None and holder != stamp:
            raise RefusedError(
                f"the tag {tag!r} is on the backup {holder} of {environment.folder}",
                f"Take it away first (envkeep tag --remove {environment.folder}@{holder} {tag}), or take another word.",
            )


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _names(folder: Path) -> set[str]:
    return set(os.listdir(folder))  # noqa: PTH208


def _free_stamp(taken: Set[str], stamp: str) -> str:
    # a program that keeps many at once is ahead of the clock by as many
    while stamp in taken or f"{stamp}{TXT_SUFFIX}" in taken:
        stamp = next_stamp(stamp)
    return stamp
