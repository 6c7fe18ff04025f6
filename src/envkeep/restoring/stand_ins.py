"""Python packages from the index in place of conda packages that no channel has any more; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.planning.plan import InstallPip, PipLine, StepDown, Verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.model.record import CondaPackage
    from envkeep.planning.fidelity import Fidelity
    from envkeep.planning.plan import Plan

__all__ = ["from_index"]

# what installs the others, and what all of them are for
_NEEDED = frozenset({"python", "pip"})


def from_index(
    plan: Plan, packages: Iterable[CondaPackage], why: Mapping[str, str], start: Fidelity
) -> tuple[Plan, frozenset[str]]:
    """Return the plan with the Python distributions of conda packages asked from the index, and the names that this was done for.

    A package without a Python distribution of its own (a library) has no stand-in; nor has anything where the network is off.

    Args:
        plan: made from a record, which says what distributions a conda package holds.
        packages: that nothing on the channels can take the place of.
        why: by name, why their artefacts cannot be had.
        start: the rung that they step down from.
    """
    if not isinstance(plan.source, Record) or plan.source.python is None or plan.offline:
        return plan, frozenset()
    lines: list[PipLine] = []
    steps_down: list[StepDown] = []
    for package in packages:
        held = [dist for dist in plan.source.distributions if dist.conda_package == package.name]
        if not held or package.name in _NEEDED:
            continue
        lines += [PipLine(name=dist.name, version=dist.version, text=f"{dist.name}=={dist.version}") for dist in held]
        reason = f"{why[package.name]}, and nothing on the channels takes its place: it comes from the package index"
        steps_down.append(StepDown(name=package.name, start=start, end="pip", why=reason))
    if not lines:
        return plan, frozenset()
    steps = list(plan.steps)
    old = plan.pip_step
    if old is None:
        place = next(index for index, step in enumerate(steps) if isinstance(step, Verify))
        steps.insert(place, InstallPip(lines=tuple(lines), deps=False))
    else:
        steps[steps.index(old)] = replace(old, lines=(*old.lines, *lines))
    names = frozenset(step.name for step in steps_down)
    return replace(plan, steps=tuple(steps), steps_down=(*plan.steps_down, *steps_down)), names
