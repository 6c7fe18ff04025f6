"""What came out of a rebuild, package by package, in the words of docs/reference/fidelity.md."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from envkeep.planning.fidelity import Fidelity

__all__ = ["GOOD", "Kind", "Outcome", "Verification", "Word"]

Kind = Literal["python", "conda", "pip", "variable", "requested", "pinned"]
Word = Literal["exact", "same-version", "other-version", "missing", "extra", "mended"]

GOOD: frozenset[Word] = frozenset({"exact", "mended"})


@frozen
class Outcome:
    """What became of one package or setting.

    Attributes:
        expected: version (and build) or text that was recorded; None for an extra. Never the value of a variable.
        found: what is there; None where it is missing.
        reason: why it is not exact, or what a reader should know though it is; empty where there is nothing to say.
    """

    kind: Kind
    name: str
    outcome: Word
    expected: str | None
    found: str | None
    reason: str = ""


@frozen
class Verification:
    """What an environment is, held against what it should be.

    Attributes:
        outcomes: Python first, then conda's, pip's and the settings, each sorted by name.
        faults: what is wrong beyond packages: Python does not start, a dependency is broken that was not, a file was altered.
        reached: the highest rung of the ladder that it stands on; None where it is below all.
    """

    outcomes: tuple[Outcome, ...]
    faults: tuple[str, ...] = ()
    reached: Fidelity | None = None

    @property
    def exact(self) -> bool:
        """Whether everything is as it was (or better: mended), settings included, and nothing is at fault."""
        return not self.faults and all(outcome.outcome in GOOD for outcome in self.outcomes)

    @property
    def counts(self) -> dict[Word, int]:
        """How many of each outcome."""
        return dict(Counter(outcome.outcome for outcome in self.outcomes))
