"""How an environment stands to its backups: what ``envkeep status`` prints, and ``envkeep`` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen
from envkeep.report.backup import problems_hint
from envkeep.report.diff import changes_text, unicode_out
from envkeep.report.record import problems_text, summary_line

if TYPE_CHECKING:
    from envkeep.keeping.status import StatusResult

__all__ = ["Standing", "standing_text", "status_text"]


@frozen
class Standing:
    """What ``envkeep`` alone answers.

    Attributes:
        status: of the active environment; None where none is.
        fact: why none is; None where one is.
        next: the next useful command.
    """

    status: StatusResult | None
    fact: str | None
    next: str


def standing_text(standing: Standing, *, verbose: bool = False) -> str:
    """Return the status of the active environment and what to do now."""
    told = f"no active environment: {standing.fact}" if standing.status is None else status_text(standing.status, verbose=verbose)
    also = {"same": "; to rebuild: envkeep restore latest"}.get(standing.status.word, "") if standing.status else ""
    return f"{told}\nnext: {standing.next}{also or '; see envkeep -h'}"


def status_text(result: StatusResult, *, verbose: bool = False) -> str:
    """Return whether an environment has changed since its last backup, and how; then what was odd there."""
    environment = result.record.environment
    parts = [f"{environment.name} ({environment.prefix}): {summary_line(result.record)}"]
    if result.previous is None or result.word == "never":
        parts.append("never backed up")
    elif result.word == "same":
        parts.append(f"nothing changed since {result.previous.stamp}")
    elif result.changes is None:
        parts.append(f"its last backup, {result.previous.stamp}, cannot be compared")
    elif not result.changes:
        lacks = "is damaged" if result.previous.state == "damaged" else "lists Python packages alone"
        parts.append(f"nothing changed since {result.previous.stamp}, which {lacks}: envkeep backup keeps a complete one")
    else:
        parts.append(f"changed since {result.previous.stamp}: {result.changes.counts.text(ascii_only=not unicode_out())}")
        parts.append(changes_text(result.changes))
    if problems := result.record.problems:
        parts.append(problems_text(problems) if verbose else problems_hint(len(problems)))
    return "\n".join(parts)
