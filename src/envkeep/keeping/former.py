"""The last backup as a former capture: what of its readings still holds need not be read again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.capturing.former import Former
from envkeep.errors import BadFormatError, StoreError
from envkeep.store.contents import load_record_as, remember_record
from envkeep.store.layout import RECORD
from envkeep.store.manifest import read_manifest
from envkeep.store.readings import read_readings, write_readings

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from envkeep.capturing.former import Carried
    from envkeep.model.record import Record
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.readings import Readings
    from envkeep.store.store import Store

__all__ = ["capture_beside", "former_of", "note_readings"]


# what was last noted, and what it was read from: a process that backs up again patches that
_last: tuple[Readings, Carried] | None = None


def capture_beside(prefix: Path, store: Store, *, ask_git: bool = True, now: datetime | None = None) -> Record:
    """Return the record of an environment; what did not move since its last backup is taken from that, nothing is noted.

    Args:
        prefix: of the environment.
        store: where its backups are; one that cannot be read is none.
        ask_git: as of ``capture``.
        now: as of ``capture``.

    Raises:
        NotAnEnvironmentError, UnreadableEnvironmentError: as of ``capture``.
    """
    from envkeep.capturing.capture import capture

    try:
        environment = store.find_environment(prefix.absolute())
    except StoreError:
        environment = None
    return capture(prefix, ask_git=ask_git, now=now, former=former_of(prefix, store, environment))


def former_of(prefix: Path, store: Store, environment: StoredEnvironment | None) -> Former:
    """Return what need not be read again of an environment; nothing where its last backup is none, or another than was noted.

    Args:
        prefix: of the environment.
        store: where its backups are.
        environment: which it is there.
    """
    readings = read_readings(store.home, _spelled(prefix)) if environment is not None else None
    if environment is None or readings is None:
        return Former()
    record = load_record_as(environment.path / readings.stamp / RECORD, readings.record)
    # once: another thread may keep a backup of another environment meanwhile
    last = _last
    return Former(readings, record, last[1] if last is not None and last[0] is readings else None)


def note_readings(prefix: Path, store: Store, former: Former, record: Record, backup: Backup, *, written: bool) -> None:
    """Note what a record was read from, for the next backup.

    Args:
        prefix: of the environment.
        store: where its backups are.
        former: was filled as it was captured.
        record: what was captured.
        backup: that holds its content.
        written: whether it was written from this very record, and not from a former one of the same content.
    """
    global _last  # noqa: PLW0603 - of one environment only, as the readings themselves
    if backup.folder is None:
        return
    try:
        digest = next((entry.sha256 for entry in read_manifest(backup.folder).files if entry.name == RECORD), None)
    except (BadFormatError, OSError):
        return
    if digest is None:
        return
    if written:
        remember_record(digest, record)
    held = record if written else load_record_as(backup.folder / RECORD, digest)
    if held is not None:
        readings = former.readings(_spelled(prefix), backup.stamp, digest, record, held)
        write_readings(store.home, readings)
        _last = (readings, former.carried)


def _spelled(prefix: Path) -> str:
    # as a capture spells it: links in it stay
    return os.path.abspath(prefix)  # noqa: PTH100
