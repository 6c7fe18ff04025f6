"""``backup --all``: every environment that can be found, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import EnvkeepError
from envkeep.keeping.backup import BackupResult, backup
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envkeep.engines.base import Progress
    from envkeep.store.store import Store

__all__ = ["Failure", "Results", "backup_all"]


@frozen
class Failure:
    """An environment that could not be backed up."""

    prefix: str
    code: str
    fact: str
    remedy: str | None


@frozen
class Results:
    """What came of each environment, in the order they were found."""

    done: tuple[BackupResult, ...] = ()
    failed: tuple[Failure, ...] = ()


def backup_all(
    prefixes: Iterable[Path], store: Store, progress: Progress, *, force: bool = False, note: str | None = None
) -> Results:
    """Back up each environment; one that fails does not keep the others from it."""
    found = tuple(prefixes)
    done: list[BackupResult] = []
    failed: list[Failure] = []
    progress.start("backing up", len(found))
    try:
        for prefix in found:
            try:
                done.append(backup(prefix, store, force=force, note=note))
            except EnvkeepError as error:
                failed.append(Failure(prefix=str(prefix), code=error.code, fact=error.fact, remedy=error.remedy))
            progress.advance()
    finally:
        progress.finish()
    return Results(done=tuple(done), failed=tuple(failed))
