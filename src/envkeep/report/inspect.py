"""What restoring a file would do: what ``envkeep inspect`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.report.plan import plan_text
from envkeep.report.record import record_text, specification_text

if TYPE_CHECKING:
    from envkeep.model.specification import Specification
    from envkeep.planning.plan import Plan

__all__ = ["inspected_text"]


def inspected_text(source: Record | Specification, plan: Plan, file: str) -> str:
    """Return what a file holds, then the plan of restoring it, whole."""
    held = record_text(source, file) if isinstance(source, Record) else specification_text(source, file)
    return f"{held}\n\n{plan_text(plan, verbose=True)}"
