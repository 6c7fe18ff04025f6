"""A rollback: what would move aside, what came of it, and what still stands aside: what ``envkeep rollback`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.layout import columns, count, size
from envkeep.report.plan import plan_text
from envkeep.report.restore import restored_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.planning.plan import Plan
    from envkeep.restoring.aside import Found
    from envkeep.restoring.result import RollbackResult
    from envkeep.restoring.unowned import Contents

__all__ = ["discarded_text", "found_text", "plan_of_rollback_text", "rolled_back_text", "waiting_text"]

_SHOWN = 12


def plan_of_rollback_text(plan: Plan, contents: Contents, *, verbose: bool = False) -> str:
    """Return what moves aside, with all in it that no package owns, then the plan of what takes its place."""
    parts = [f"moves aside: {plan.target} ({size(contents.size)}), after a backup of its present state"]
    parts += _unowned(contents, "no package owns, and the new one will not have:", verbose=verbose)
    return "\n".join([*parts, plan_text(plan, verbose=verbose)])


def rolled_back_text(result: RollbackResult, *, verbose: bool = False) -> str:
    """Return what came out, and where the old environment stands."""
    built = result.built
    parts = [restored_text(built, verbose=verbose)]
    if result.worse:
        parts.append("the old environment is back at its place, for the new one came out worse than the plan said:")
        parts += [f"  {fault}" for fault in result.worse]
        parts.append("To look at it, build it beside the old one: envkeep restore")
        return "\n".join(parts)
    parts.append(f"the environment before that stands at {result.aside} ({size(result.contents.size)})")
    if result.saved is not None:
        parts.append(f"  its state is in the backup {result.saved}")
    parts.append("  its scripts would start the new one's Python: run its programs with its own, bin/python -m PROGRAM")
    parts += _unowned(result.contents, "no package owns, and the new one does not have:", verbose=verbose)
    parts.append(f"  remove it: envkeep rollback --discard-old -p {built.prefix}")
    return "\n".join(parts)


def waiting_text(found: Sequence[Found]) -> str:
    """Return what earlier rollbacks left standing aside."""
    return "\n".join(f"{each.entry.prefix}: {each.fact}" for each in found) or "nothing stands aside"


def discarded_text(removed: Sequence[str]) -> str:
    """Return what was removed."""
    return "\n".join(f"removed {path}" for path in removed)


def found_text(found: Sequence[Found]) -> str:
    """Return what was found of earlier runs, each with what to do."""
    lines = []
    for each in found:
        lines.append(f"found: {each.fact}.")
        if each.remedy:
            lines.append(f"  {each.remedy}")
    return "\n".join(lines)


def _unowned(contents: Contents, title: str, *, verbose: bool) -> list[str]:
    if not contents.unowned:
        return []
    shown = contents.unowned if verbose else sorted(contents.unowned, key=lambda each: -each.size)[:_SHOWN]
    rows = [(each.path, count(each.files, "file"), size(each.size)) for each in sorted(shown, key=lambda each: each.path)]
    lines = [f"  {title}", columns(rows, indent="    ")]
    left = len(contents.unowned) - len(shown)
    return [*lines, f"    and {left} more; --verbose lists them"] if left else lines
