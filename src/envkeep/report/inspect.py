"""What restoring a file would do: what ``envkeep inspect`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.planning.link_scripts import may_have_link_scripts
from envkeep.report.plan import plan_text
from envkeep.report.record import record_text, specification_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.specification import Specification
    from envkeep.planning.plan import Plan

__all__ = ["inspected_text"]


def inspected_text(source: Record | Specification, plan: Plan, file: str) -> str:
    """Return what a file holds, then the plan of restoring it, whole, and what of it runs foreign code."""
    held = record_text(source, file) if isinstance(source, Record) else specification_text(source, file)
    parts = [held, "", plan_text(plan, verbose=True, placed=False), "runs code of the packages:"]
    parts += [f"  {line}" for line in _runs(plan)]
    if not isinstance(source, Record) and source.refused:
        parts.append("restore refuses this file, for the lines that are not taken over; each of these allows one:")
        allowed = list(dict.fromkeys(line.allow for line in source.refused if line.allow))
        parts += [f"  {option}" for option in allowed]
        parts.append("  --skip-refused, which leaves them all out")
    return "\n".join(parts)


def _runs(plan: Plan) -> Iterator[str]:
    conda, pip = plan.conda_step, plan.pip_step
    if conda is not None:
        known = f": {', '.join(plan.link_scripts)}" if plan.link_scripts else ""
        if set(may_have_link_scripts(plan)) - set(plan.link_scripts):
            known += ", and of those of which nothing is known before they are there" if known else ", if any has some"
        elif not known:
            known = ": none has any"
        yield f"link scripts of conda packages, only with --link-scripts{known}"
    lines = pip.lines if pip is not None else ()
    built = [line.name for line in lines if line.origin is not None and not line.origin.url.split("#")[0].endswith(".whl")]
    if built:
        yield f"the build of Python packages from their source: {', '.join(built)}"
    if any(line.origin is None for line in lines):
        yield "the build of every Python package that its index has no wheel of"
    if conda is None and not lines:
        yield "none"
    yield "the new environment's Python, without any package, which is asked for its version"
