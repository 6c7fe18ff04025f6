"""Stores with small backups in them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkeep.model.record import EnvironmentInfo
from envkeep.store.layout import RECORD, Summary

if TYPE_CHECKING:
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["NOON", "environment", "fill", "info", "publish", "tree"]

NOON = datetime(2025, 1, 31, 11, 24, 5, tzinfo=timezone.utc)


def info(name: str = "lab", prefix: str = "/envs/lab", conda_name: str | None = None) -> EnvironmentInfo:
    return EnvironmentInfo(name=name, prefix=prefix, kind="conda", subdir="linux-64", conda_name=conda_name)


def environment(store: Store, prefix: str = "/envs/lab") -> StoredEnvironment:
    return store.environment_of(prefix, info(Path(prefix).name, prefix))


def publish(store: Store, stored: StoredEnvironment, text: str = "six==1.0", **given: Any) -> Backup:
    """Keep a backup whose files hold a text and nothing that a format would understand."""
    txt = f"# executable: {stored.prefix}/bin/python\n# version: 3.12.1\n\n{text}\n".encode()
    files = {"environment.yml": text.encode() * 50, "explicit.txt": text.encode(), RECORD: text.encode() * 9}
    fields: dict[str, Any] = {"main": RECORD, "summary": Summary(python="3.12.1", conda=1, pip=1), "digest": text, **given}
    return store.publish(stored, txt, files, **fields)


def fill(store: Store, stored: StoredEnvironment, number: int) -> list[Backup]:
    """Keep that many backups, a minute apart."""
    return [publish(store, stored, f"six=={n}.0", now=NOON + timedelta(minutes=n)) for n in range(number)]


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
