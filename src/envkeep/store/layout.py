"""What lies where in the store, and the values that stand for it.

``<home>/<folder>/<environment>/<stamp>_environment.txt`` and, beside it, the folder ``<stamp>/`` with all that goes with it. Only
backups end in ``.txt`` at that level, because PyMoDAQ takes every ``*.txt`` there for a backup of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envkeep.model.frozen import frozen
from envkeep.store.stamps import is_stamp

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from envkeep.model.record import EnvironmentKind

__all__ = [
    "ENVIRONMENT",
    "LOCK",
    "MANIFEST",
    "RECORD",
    "TAGS",
    "TEMPORARY",
    "TXT_SUFFIX",
    "Backup",
    "BackupState",
    "StoredEnvironment",
    "Summary",
    "stamp_of_txt",
]

TXT_SUFFIX = "_environment.txt"
MANIFEST = "manifest.json"
RECORD = "record.json.gz"
ENVIRONMENT = "environment.json"
TAGS = "tags.json"
LOCK = ".lock"
# leads the names of what is being written or removed; never seen by a reader, swept under the lock
TEMPORARY = ".tmp-"

BackupState = Literal["whole", "lone", "edited", "damaged"]


def stamp_of_txt(name: str) -> str | None:
    """Return the stamp of a backup's file name (``20250131112405_environment.txt``), None for any other file's."""
    stamp = name.removesuffix(TXT_SUFFIX)
    return stamp if stamp != name and is_stamp(stamp) else None


@frozen
class StoredEnvironment:
    """An environment's folder in the store; the environment itself may be long gone.

    Attributes:
        folder: the folder's name, which names the environment in ``ENV@SELECTOR``.
        path: of the folder.
        prefix: the environment it belongs to; None where no one said (PyMoDAQ's own folders, imported files).
        name: what a person calls it.
        kind: None where no one said.
    """

    folder: str
    path: Path
    prefix: str | None
    name: str
    kind: EnvironmentKind | None


@frozen
class Summary:
    """What a list of backups says of one without reading its record.

    Attributes:
        python: its version, None without Python or where the file does not say.
        conda: number of conda packages; None where the file does not say.
        pip: number of Python packages that are not conda's; for a lone ``.txt``, the number of its lines.
        changes: against the backup before: a word of ``diffing`` and how often; None for the first one and where nobody counted.
    """

    python: str | None = None
    conda: int | None = None
    pip: int | None = None
    changes: tuple[tuple[str, int], ...] | None = None


@frozen
class Backup:
    """A record kept in the store, as far as small files tell.

    Attributes:
        environment: whose it is.
        stamp: local time of its making, 14 digits; its name.
        created: UTC, aware; from the manifest, else from the stamp.
        order: rises with every backup of an environment, also where the clock went back.
        txt: the ``.txt``; there, unless the backup is tagged and something else than envkeep removed it.
        folder: what goes with it; None for a lone ``.txt``.
        state: ``whole``; ``lone`` is a ``.txt`` without a folder (PyMoDAQ's, or imported); ``edited`` where the ``.txt`` has not
            the size it was written with; ``damaged`` where another file has not, or is gone, or the manifest cannot be read.
            Sizes only: ``Store.load`` and ``integrity.examine`` hold the digests against the files.
        digest: of the record's content (``model.content``); None where there is no record.
        tags: sorted.
        note: what the user wrote at its making.
        summary: None where nothing can be said.
        size: bytes of its files, as far as the manifest knows.
    """

    environment: StoredEnvironment
    stamp: str
    created: datetime
    order: int
    txt: Path
    folder: Path | None
    state: BackupState
    digest: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    summary: Summary | None = None
    size: int = 0

    @property
    def label(self) -> str:
        """The selector that names it from anywhere: ``microscope@20250131112405``."""
        return f"{self.environment.folder}@{self.stamp}"
