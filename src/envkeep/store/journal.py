"""What rebuilds have under way, written down beside the store: a run that was killed can be told, and what it moved put back.

Each piece of work has a folder of its own in ``<home>/journal`` with ``entry.json`` and a lock, which is held as long as its
process lives. So nobody has to guess from a process id whether it still runs.
"""

from __future__ import annotations

import json
import os
import platform
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal, get_args

from envkeep.errors import StoreError
from envkeep.model.frozen import frozen
from envkeep.store.files import make_folder, publish_folder, remove_tree, replace_file, set_aside, storing
from envkeep.store.layout import TEMPORARY
from envkeep.store.locks import Locks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Entry", "Journal", "Kind", "Stage"]

Kind = Literal["restore", "rollback"]
Stage = Literal["building", "kept", "put-back", "done"]

_FOLDER = "journal"
_ENTRY = "entry.json"
_SCHEMA = 1


@frozen
class Entry:
    """One piece of work.

    Attributes:
        folder: its own in the journal.
        kind: a new environment (``restore``), or one in the place of another (``rollback``).
        prefix: that is built at.
        source: the backup's label, or the file.
        started: UTC, aware.
        machine: its name; homes are shared between machines, prefixes are not.
        stage: ``building``; ``kept``: the new one is proven, the old one stands aside; ``put-back``: the old one is back, and
            what was built stands at ``left``; ``done``: nothing is left to tell.
        aside: where the old environment stands, or was to stand; None for a restore.
        inode: the old environment's number in its file system, which tells it from all others wherever it is moved to.
        saved: label of the backup that the old environment's state is in; None where there is none.
        left: where what was built of the new environment was moved to when the old one was put back, else empty.
    """

    folder: Path
    kind: Kind
    prefix: str
    source: str
    started: datetime
    machine: str
    stage: Stage = "building"
    aside: str | None = None
    inode: int | None = None
    saved: str | None = None
    left: str = ""


class Journal:
    """The pieces of work under one home.

    Args:
        home: envkeep's folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._path = home / _FOLDER
        self._locks = Locks(0)

    def entries(self) -> tuple[Entry, ...]:
        """Return what there is to tell of on this machine, oldest first; what cannot be read is passed over."""
        try:
            folders = sorted(self._path.iterdir())
        except OSError:
            return ()
        found = (_read(folder) for folder in folders if not folder.name.startswith(TEMPORARY))
        return tuple(entry for entry in found if entry is not None and entry.stage != "done" and entry.machine == platform.node())

    def is_running(self, entry: Entry) -> bool:
        """Return whether the process that wrote an entry still works at it."""
        try:
            with self._locks.held(entry.folder):
                return False
        except StoreError:
            return entry.folder.is_dir()

    @contextmanager
    def begin(
        self,
        kind: Kind,
        prefix: str,
        source: str,
        *,
        aside: str | None = None,
        inode: int | None = None,
        saved: str | None = None,
    ) -> Iterator[Entry]:
        """Write a piece of work down and hold its lock; it stays there until it is ``done``.

        Raises:
            StoreError: it cannot be written.
        """
        now = datetime.now(timezone.utc)
        folder = self._path / f"{now:%Y%m%d%H%M%S}-{os.getpid()}-{os.urandom(4).hex()}"
        entry = Entry(
            folder=folder,
            kind=kind,
            prefix=prefix,
            source=source,
            started=now,
            machine=platform.node(),
            aside=aside,
            inode=inode,
            saved=saved,
        )
        with storing(f"write {folder}", stands="Nothing was built or moved."):
            make_folder(self._path)
            publish_folder(folder, {_ENTRY: _bytes(entry)})
        with self._locks.held(folder):
            yield entry

    @contextmanager
    def noting_restore(self, prefix: str, source: str) -> Iterator[None]:
        """Write a restore down as long as it lasts; it leaves a whole environment or nothing, unless its process is killed.

        Where nothing can be written (a home that is read-only), it goes on unwritten.
        """
        with ExitStack() as stack:
            try:
                entry = stack.enter_context(self.begin("restore", prefix, source))
            except StoreError:
                yield
                return
            try:
                yield
            finally:
                with suppress(StoreError):
                    self.update(entry, stage="done")
        self.sweep()

    @contextmanager
    def resume(self, entry: Entry) -> Iterator[Entry]:
        """Hold the lock of a piece of work that nobody is at.

        Raises:
            StoreError: somebody is, or it is gone.
        """
        with self._locks.held(entry.folder):
            yield entry

    def update(self, entry: Entry, **changes: str) -> Entry:
        """Write down what became of a piece of work; the caller holds its lock.

        Raises:
            StoreError: it cannot be written.
        """
        changed = replace(entry, **changes)  # type: ignore[arg-type]
        with storing(f"write {entry.folder}", stands=""):
            replace_file(entry.folder / _ENTRY, _bytes(changed))
        return changed

    def sweep(self) -> None:
        """Remove what is done; nobody holds a lock there any more."""
        try:
            folders = list(self._path.iterdir())
        except OSError:
            return
        for folder in folders:
            entry = _read(folder)
            if entry is not None and entry.stage == "done":
                # on Windows not while another process looks at it; then the next one does it
                with suppress(OSError):
                    remove_tree(*set_aside(folder))


def _bytes(entry: Entry) -> bytes:
    value = {
        "schema": _SCHEMA,
        "kind": entry.kind,
        "stage": entry.stage,
        "prefix": entry.prefix,
        "source": entry.source,
        "started": entry.started.isoformat(),
        "machine": entry.machine,
        "aside": entry.aside,
        "inode": entry.inode,
        "saved": entry.saved,
        "left": entry.left,
    }
    return json.dumps(value, indent=2).encode() + b"\n"


def _read(folder: Path) -> Entry | None:
    try:
        value = json.loads((folder / _ENTRY).read_bytes())
        entry = Entry(
            folder=folder,
            kind=value["kind"],
            prefix=str(value["prefix"]),
            source=str(value["source"]),
            started=datetime.fromisoformat(value["started"]),
            machine=value["machine"],
            stage=value["stage"],
            aside=value["aside"],
            inode=value["inode"],
            saved=value["saved"],
            left=str(value["left"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return entry if entry.kind in get_args(Kind) and entry.stage in get_args(Stage) else None
