"""Which conda packages of a plan may run link scripts, as far as anybody knows before they are there; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.record import Record

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage
    from envkeep.planning.plan import Plan

__all__ = ["may_have_link_scripts"]


def may_have_link_scripts(plan: Plan) -> tuple[str, ...]:
    """Return the names of what a plan installs with link scripts, and of what nobody knows it of, sorted.

    The record of an environment knows, from the packages' file lists. A channel's index, a lock file and an explicit list do not.
    Packages that are solved for only when the plan is executed are named by their specs.
    """
    step = plan.conda_step
    if step is None:
        return ()
    recorded = plan.source.conda if isinstance(plan.source, Record) else ()
    # a record that was made of an explicit list knows nothing but URL and hash
    known = {_artefact(package) for package in recorded if package.size is not None or package.depends}
    named = [package.name for package in step.packages if package.link_scripts or _artefact(package) not in known]
    return tuple(sorted({*named, *step.specs}))


def _artefact(package: CondaPackage) -> tuple[str, str | None, str | None]:
    # not its URL, which is another one in an archive
    return package.spec, package.sha256, package.md5
