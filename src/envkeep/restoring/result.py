"""What came of a restore or a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen
from envkeep.planning.fidelity import reaches

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.planning.plan import Plan, StepDown
    from envkeep.restoring.unowned import Contents
    from envkeep.verifying.outcome import Verification

__all__ = ["RestoreResult", "RollbackResult"]


@frozen
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


@frozen
class RollbackResult:
    """What came of a rollback.

    Attributes:
        built: what was built in the place of the old environment.
        aside: where the old environment stands now; None where it is back at its place.
        saved: label of the backup that its state is in; None where there is none.
        worse: what came out worse than the plan had said, for which the old one was put back; empty where the new one stays.
        contents: of the old environment: its size, and what in it no package owns, which the new one does not have.
    """

    built: RestoreResult
    aside: Path | None
    saved: str | None
    worse: tuple[str, ...]
    contents: Contents

    @property
    def as_asked(self) -> bool:
        """Whether the new environment stays and came out at the fidelity asked for."""
        return not self.worse and self.built.as_asked
