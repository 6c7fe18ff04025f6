"""What tests let processes of their own do to a store; each is a function here because the process imports it by its name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envkeep.errors import StoreError
from envkeep.keeping.backup import backup
from envkeep.store.store import Store
from support.stores import NOON, environment, publish

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "back_up",
    "forget_tagged",
    "publish_again_and_again",
    "publish_at_noon",
    "publish_new",
    "publish_where_no_file_may_grow",
    "rotate",
]


def publish_at_noon(home: Path, text: str = "six==1.0") -> None:
    store = Store(home, limit=3)
    publish(store, environment(store), text, now=NOON)


def publish_new(home: Path, tag: str | None) -> None:
    store = Store(home, limit=3)
    publish(store, environment(store), "new==1", tag=tag)


def publish_again_and_again(home: Path, times: int) -> None:
    store = Store(home, limit=3)
    stored = environment(store)
    for number in range(times):
        publish(store, stored, f"new=={number}")
        store.rotate(stored)


def publish_where_no_file_may_grow(home: Path, text: str, told: Path) -> None:
    """Publish where no file may become larger than 4 kB, so that the writes break off in the middle; write down what is said."""
    import resource

    store = Store(home)
    stored = environment(store)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        publish(store, stored, text)
    except StoreError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        told.write_text(str(error))


def rotate(home: Path) -> None:
    store = Store(home, limit=3)
    store.rotate(environment(store))


def forget_tagged(home: Path) -> None:
    store = Store(home, limit=3)
    store.forget(backup for backup in store.backups(environment(store)) if backup.tags)


def back_up(prefix: Path, home: Path, limit: int | None = None) -> None:
    """Back up; the status of the process is 20 where a backup was kept, and 10 where none was."""
    store = Store(home) if limit is None else Store(home, limit=limit)
    sys.exit(10 if backup(prefix, store).kept is None else 20)
