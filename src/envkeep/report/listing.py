"""Backups and environments in a table: what ``envkeep list`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.report.diff import unicode_out
from envkeep.report.layout import columns, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.layout import Backup, StoredEnvironment

__all__ = ["backups_table", "environments_table"]


def backups_table(environment: StoredEnvironment, backups: Sequence[Backup]) -> str:
    """Return the backups of an environment as a table, in the order given."""
    where = f" of {environment.prefix}" if environment.prefix is not None else "; nothing says of which folder"
    gone = "" if environment.prefix is None or _exists(environment) else ", which is no longer there"
    title = f"{environment.folder}: {count(len(backups), 'backup')}{where}{gone}"
    if not backups:
        return title
    head = ("stamp", "Python", "conda", "pip", "changed", "tags", "note")
    return f"{title}\n" + _table(head, [_backup_row(backup) for backup in backups])


def environments_table(rows: Sequence[tuple[StoredEnvironment, Sequence[Backup] | None]], where: Path) -> str:
    """Return every stored environment with its newest backup; ``rows`` hold each one's, oldest first, None if nobody can read."""
    if not rows:
        return f"no backups in {where} yet; make the first one with: envkeep backup"
    head = ("environment", "backups", "newest", "Python", "conda", "pip", "prefix")
    table: list[tuple[str, ...]] = []
    for environment, backups in rows:
        _, python, conda, pip, *_ = _backup_row(backups[-1]) if backups else ("", "", "", "", "")
        prefix = environment.prefix or "not known"
        gone = "" if environment.prefix is None or _exists(environment) else " (gone)"
        newest = backups[-1].stamp if backups else "none" if backups is not None else "cannot be read"
        number = "" if backups is None else str(len(backups))
        table.append((environment.folder, number, newest, python, conda, pip, prefix + gone))
    return _table(head, table)


def _backup_row(backup: Backup) -> tuple[str, ...]:
    summary = backup.summary
    if summary is None:
        python = conda = pip = changed = ""
    else:
        python = summary.python or "none"
        conda = "" if summary.conda is None else str(summary.conda)
        pip = "" if summary.pip is None else str(summary.pip)
        changed = _changed(dict(summary.changes)) if summary.changes is not None else ""
    state = {"whole": "", "lone": "", "edited": "the .txt was edited", "damaged": "damaged"}[backup.state]
    note = "; ".join(text for text in (backup.note or "", state) if text)
    return backup.stamp, python, conda, pip, changed, " ".join(backup.tags), note


def _changed(counts: dict[str, int]) -> str:
    from dataclasses import fields

    from envkeep.diffing.changes import Counts

    known = {field.name for field in fields(Counts)}
    text = Counts(**{word: number for word, number in counts.items() if word in known})
    return text.text(ascii_only=not unicode_out())


def _exists(environment: StoredEnvironment) -> bool:
    return environment.prefix is not None and Path(environment.prefix).is_dir()


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    # a column that says nothing in any row is left out
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return columns([tuple(row[i] for i in kept) for row in [head, *rows]], indent="  ")
