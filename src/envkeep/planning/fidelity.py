"""The ladder of fidelity: how near a rebuild is asked to be, and how near it came."""

from __future__ import annotations

from typing import Literal

__all__ = ["LADDER", "Fidelity", "reaches"]

Fidelity = Literal["exact", "same-version", "requested", "pip"]

LADDER: tuple[Fidelity, ...] = ("exact", "same-version", "requested", "pip")


def reaches(reached: Fidelity | None, asked: Fidelity) -> bool:
    """Return whether what was reached is at least what was asked; None is below every rung."""
    return reached is not None and LADDER.index(reached) <= LADDER.index(asked)
