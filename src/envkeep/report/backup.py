"""What a backup kept: what ``envkeep backup`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.diff import changes_text, unicode_out
from envkeep.report.layout import count
from envkeep.report.record import problems_text, summary_line

if TYPE_CHECKING:
    from envkeep.keeping.backup import BackupResult
    from envkeep.keeping.every import Results

__all__ = ["backup_text", "backups_text", "problems_hint", "unchanged_text"]


def backup_text(result: BackupResult, *, verbose: bool = False, tag: str | None = None) -> str:
    """Return what was kept, where, and what changed since the backup before.

    Args:
        result: what came of it.
        verbose: list the problems.
        tag: that was asked for.
    """
    parts = []
    if result.kept is None:
        assert result.previous is not None  # noqa: S101 - nothing is left out unless it is there already
        parts.append(unchanged_text(result.environment.folder, result.previous.stamp))
        if tag is not None:
            parts.append(f"  {result.previous.stamp} is now tagged {tag}")
    else:
        assert result.record is not None  # noqa: S101 - what is kept was read
        tags = f", tagged {', '.join(result.kept.tags)}" if result.kept.tags else ""
        parts.append(f"{result.environment.folder}: kept {result.kept.stamp} ({summary_line(result.record)}{tags})")
        parts.append(f"  {result.kept.txt}")
        if result.previous is None:
            parts.append("  the first backup of this environment")
        elif result.changes is None:
            parts.append(f"  {result.previous.stamp}, the one before, cannot be read, so nobody can say what changed")
        elif not result.changes:
            parts.append(f"  nothing changed since {result.previous.stamp}")
        else:
            counts = result.changes.counts.text(ascii_only=not unicode_out())
            parts.append(f"  changed since {result.previous.stamp}: {counts}")
            parts.append(changes_text(result.changes))
    if result.moved_from is not None:
        parts.append(
            f"  the same content as {result.moved_from.folder}, whose folder {result.moved_from.prefix} is gone: "
            "its backups stay under that name"
        )
    if result.rotated:
        parts.append(f"  rotated away: {', '.join(backup.stamp for backup in result.rotated)}")
    if result.unrotated is not None:
        parts.append(f"  not rotated: {result.unrotated}")
    if result.problems:
        parts.append(problems_text(result.problems) if verbose else problems_hint(len(result.problems)))
    return "\n".join(parts)


def unchanged_text(folder: str, stamp: str) -> str:
    """Return that there was nothing to keep, since an environment's last backup holds what is there."""
    return f"{folder}: nothing changed since {stamp}, nothing new kept"


def problems_hint(number: int) -> str:
    """Return how many problems there are to be listed."""
    return f"  {count(number, 'problem')} seen while reading; --verbose lists them"


def backups_text(results: Results, *, verbose: bool = False) -> str:
    """Return a line for each environment, and one for what was odd there; failures last."""
    from textwrap import indent

    lines = []
    for result in results.done:
        if result.kept is None:
            lines.append(f"{result.environment.folder}: nothing changed")
        else:
            counts = "" if result.changes is None else result.changes.counts.text(ascii_only=not unicode_out())
            lines.append(f"{result.environment.folder}: kept {result.kept.stamp}{f' ({counts})' if counts else ''}")
        if result.problems:
            told = indent(problems_text(result.problems), "  ") if verbose else problems_hint(len(result.problems))
            lines.append(told)
    lines += [f"failed: {failure.prefix}: {failure.fact}" for failure in results.failed]
    return "\n".join(lines) or "no environment found"
