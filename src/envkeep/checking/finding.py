"""What ``check`` finds: one thing that could not be rebuilt, with the remedy while there is time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RANKS", "Finding", "Rank", "listed", "ranked"]

Rank = Literal["lost", "here-only", "at-risk", "unclear"]

_SHOWN = 6

RANKS: tuple[Rank, ...] = ("lost", "here-only", "at-risk", "unclear")


@frozen
class Finding:
    """One finding.

    Attributes:
        rank: ``lost``: no rebuild brings it back; ``here-only``: only on this machine, or with what is on it; ``at-risk``: a
            rebuild may bring back something else; ``unclear``: what a rebuild should do is not known for sure.
        code: a stable word, listed in docs/reference/check.md.
        subject: the package, channel or file it is about.
        fact: one sentence without a final full stop.
        remedy: what to do about it.
    """

    rank: Rank
    code: str
    subject: str
    fact: str
    remedy: str


def ranked(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings, the worst first, without repetitions."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (RANKS.index(finding.rank), finding.code, finding.subject.lower())))


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence: the first few, and how many more."""
    known = sorted(set(names))
    more = len(known) - _SHOWN
    return ", ".join(known[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
