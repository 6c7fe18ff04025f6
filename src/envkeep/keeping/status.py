"""``status``: has an environment changed since its last backup? Nothing is written, no lock taken.

Where it has, what ``backup`` noted of how everything stood goes, so that the next one does not say the opposite of a change that
moves no folder: a METADATA or a record that was edited in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envkeep.keeping.comparing import compare
from envkeep.keeping.former import capture_beside
from envkeep.keeping.unchanged import forget_look
from envkeep.model.content import content_digest
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from envkeep.diffing.changes import Changes
    from envkeep.model.record import Record
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["StatusResult", "StatusWord", "status"]

StatusWord = Literal["never", "same", "changed"]


@frozen
class StatusResult:
    """How an environment stands to its backups.

    Attributes:
        word: ``never`` backed up, the ``same`` as in the last backup, or ``changed`` since: a ``backup`` would keep a new one.
        record: what is in the environment.
        environment: its folder in the store; None where it has none.
        previous: the backup it was held against; None without one.
        changes: since then; None without one, and where nothing of it can be read.
    """

    word: StatusWord
    record: Record
    environment: StoredEnvironment | None = None
    previous: Backup | None = None
    changes: Changes | None = None

    @property
    def changed(self) -> bool:
        """Whether a ``backup`` would keep a new one."""
        return self.word != "same"


def status(prefix: Path, store: Store, *, now: datetime | None = None) -> StatusResult:
    """Return how an environment stands to its backups.

    Args:
        prefix: of the environment.
        store: where its backups are.
        now: aware instant; the clock's where None.

    Raises:
        NotAnEnvironmentError: the prefix is none.
        StoreError: the store cannot be read.
    """
    record = capture_beside(prefix, store, ask_git=False, now=now)
    environment = store.find_environment(record.environment.prefix)
    if environment is None:
        return StatusResult(word="never", record=record)
    compared = compare(store, environment, record, content_digest(record))
    if compared.previous is None:
        return StatusResult(word="never", record=record, environment=environment)
    if not compared.same:
        forget_look(prefix, store)
    return StatusResult(
        word="same" if compared.same else "changed",
        record=record,
        environment=environment,
        previous=compared.previous,
        changes=compared.changes,
    )
