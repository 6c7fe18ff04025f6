"""What came of a restore: what ``envkeep restore`` prints at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.report.plan import steps_down_text
from envkeep.report.verification import verification_text

if TYPE_CHECKING:
    from envkeep.restoring.result import RestoreResult

__all__ = ["restored_text"]


def restored_text(result: RestoreResult, *, verbose: bool = False) -> str:
    """Return where the new environment is, what came back less near and why, and the outcome package by package."""
    parts = [f"built {result.prefix}"]
    if result.steps_down:
        parts.append(steps_down_text(result.steps_down, "came back less near than asked:"))
    parts += [f"note: {note}" for note in result.notes]
    parts.append(verification_text(result.verification, of_list=not isinstance(result.plan.source, Record), verbose=verbose))
    if not result.as_asked:
        reached = result.verification.reached or "less than that"
        parts.append(f"asked: {result.plan.asked}; reached: {reached}")
    return "\n".join(parts)
