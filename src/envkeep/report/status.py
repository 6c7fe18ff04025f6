"""How an environment stands to its backups: what ``envkeep status`` prints, and ``envkeep`` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.diff import changes_text, unicode_out
from envkeep.report.record import summary_line

if TYPE_CHECKING:
    from envkeep.keeping.status import StatusResult

__all__ = ["status_text"]


def status_text(result: StatusResult, *, next_command: bool = False) -> str:
    """Return whether an environment has changed since its last backup, and how; ``next_command`` adds what to do now."""
    environment = result.record.environment
    parts = [f"{environment.name} ({environment.prefix}): {summary_line(result.record)}"]
    if result.previous is None or result.word == "never":
        parts.append("never backed up")
    elif result.word == "same":
        parts.append(f"nothing changed since {result.previous.stamp}")
    elif result.changes is None:
        parts.append(f"its last backup, {result.previous.stamp}, cannot be compared")
    else:
        parts.append(f"changed since {result.previous.stamp}: {result.changes.counts.text(ascii_only=not unicode_out())}")
        parts.append(changes_text(result.changes))
    if next_command:
        follow = {
            "never": "envkeep backup",
            "changed": "envkeep backup",
            "same": "envkeep list; to rebuild: envkeep restore latest",
        }
        parts.append(f"next: {follow[result.word]}")
    return "\n".join(parts)
