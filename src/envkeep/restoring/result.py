"""What came of a restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkeep.planning.fidelity import reaches

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.planning.plan import Plan, StepDown
    from envkeep.verifying.outcome import Verification

__all__ = ["RestoreResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
    """What came of a restore.

    Attributes:
        plan: as it was executed, settled.
        prefix: the new environment.
        verification: of it, package by package.
        steps_down: every package that came back less near than the plan started at, and why.
        notes: what else a reader should know.
    """

    plan: Plan
    prefix: Path
    verification: Verification
    steps_down: tuple[StepDown, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def as_asked(self) -> bool:
        """Whether it came out at the fidelity that was asked for, or nearer; what the exit status says."""
        return reaches(self.verification.reached, self.plan.asked)
