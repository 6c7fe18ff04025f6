"""Python packages from the index in place of conda packages that no channel has any more; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.planning.plan import InstallPip, PipLine, StepDown, Verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.model.record import CondaPackage, Distribution
    from envkeep.planning.fidelity import Fidelity
    from envkeep.planning.plan import Plan

__all__ = ["StandIns"]

# what installs the others, and what all of them are for
_NEEDED = frozenset({"python", "pip"})


class StandIns:
    """The Python distributions of conda packages, to be asked from the index instead.

    A package without a Python distribution of its own (a library) has no stand-in; nor has anything where the network is off.

    Args:
        plan: made from a record, which says what distributions a conda package holds.
        why: by name, why the packages' artefacts cannot be had.
        start: the rung that they step down from.
    """

    def __init__(self, plan: Plan, why: Mapping[str, str], start: Fidelity) -> None:
        self._plan = plan
        self._why = why
        self._start: Fidelity = start
        self._held: dict[str, list[Distribution]] = {}
        if isinstance(plan.source, Record) and plan.source.python is not None and not plan.offline:
            for dist in plan.source.distributions:
                if dist.conda_package is not None and dist.conda_package not in _NEEDED:
                    self._held.setdefault(dist.conda_package, []).append(dist)

    def are_there_for(self, package: CondaPackage) -> bool:
        """Return whether a conda package has any."""
        return package.name in self._held

    def instead_of(self, packages: Iterable[CondaPackage]) -> tuple[Plan, frozenset[str]]:
        """Return the plan with the stand-ins of conda packages, and the names of those that have some.

        Args:
            packages: that nothing on the channels can take the place of.
        """
        lines: list[PipLine] = []
        steps_down: list[StepDown] = []
        for package in packages:
            held = self._held.get(package.name, ())
            if not held:
                continue
            lines += [PipLine(name=dist.name, version=dist.version, text=f"{dist.name}=={dist.version}") for dist in held]
            reason = f"{self._why[package.name]}, and nothing on the channels takes its place: it comes from the package index"
            steps_down.append(StepDown(name=package.name, start=self._start, end="pip", why=reason))
        if not lines:
            return self._plan, frozenset()
        steps = list(self._plan.steps)
        old = self._plan.pip_step
        if old is None:
            place = next(index for index, step in enumerate(steps) if isinstance(step, Verify))
            steps.insert(place, InstallPip(lines=tuple(lines), deps=False))
        else:
            steps[steps.index(old)] = replace(old, lines=(*old.lines, *lines))
        names = frozenset(step.name for step in steps_down)
        return replace(self._plan, steps=tuple(steps), steps_down=(*self._plan.steps_down, *steps_down)), names
