"""What rotation keeps and removes: what ``envkeep forget`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.layout import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.layout import Backup
    from envkeep.store.retention import Decision

__all__ = ["forgotten_text", "rotation_text"]


def rotation_text(decisions: Sequence[Decision]) -> str:
    """Return what would be kept and removed, and why."""
    if not decisions:
        return "no backups"
    return columns(("keep" if decision.keep else "remove", decision.backup.label, decision.reason) for decision in decisions)


def forgotten_text(backups: Sequence[Backup], *, would: bool) -> str:
    """Return which backups were, or would be, removed."""
    if not backups:
        return "nothing to remove"
    verb = "would remove" if would else "removed"
    return "\n".join(f"{verb} {backup.label}{_tagged(backup)}" for backup in backups)


def _tagged(backup: Backup) -> str:
    return f" (tagged {', '.join(backup.tags)})" if backup.tags else ""
