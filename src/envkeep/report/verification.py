"""What came out of a rebuild, package by package: what ``envkeep verify`` and ``restore`` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.layout import columns, count
from envkeep.verifying.outcome import GOOD

if TYPE_CHECKING:
    from envkeep.verifying.outcome import Outcome, Verification

__all__ = ["verification_text"]


def verification_text(verification: Verification, *, of_list: bool = False, verbose: bool = False) -> str:
    """Return the outcomes: all that are not exact, every one with ``verbose``, then the counts and the verdict.

    ``of_list``: what it was held against is a list from a file, which does not say what else there was.
    """
    shown = [outcome for outcome in verification.outcomes if verbose or outcome.outcome != "exact" or outcome.reason]
    parts = []
    if shown:
        parts.append(columns((_row(outcome) for outcome in shown), indent="  "))
    parts += [f"  fault: {fault}" for fault in verification.faults]
    counts = ", ".join(f"{number} {word}" for word, number in verification.counts.items())
    parts.append(f"{count(len(verification.outcomes), 'thing')} compared: {counts}")
    parts.append(_verdict(verification, of_list=of_list))
    return "\n".join(parts)


def _row(outcome: Outcome) -> tuple[str, ...]:
    if outcome.outcome in GOOD or outcome.expected == outcome.found:
        versions = outcome.found or ""
    else:
        versions = f"{outcome.expected or 'none'} -> {outcome.found or 'none'}"
    return outcome.outcome, outcome.kind, outcome.name, versions, outcome.reason


def _verdict(verification: Verification, *, of_list: bool) -> str:
    if verification.exact:
        return "exact: everything is as the file lists it" if of_list else "exact: everything is as it was recorded"
    if verification.reached is None:
        return "not the same: something is missing or of another version"
    extra = verification.counts.get("extra", 0)
    if (
        not verification.faults
        and extra
        and all(each.outcome in GOOD or each.outcome == "extra" for each in verification.outcomes)
    ):
        return f"everything recorded is there, exact, and {count(extra, 'package')} more"
    return f"reached: {verification.reached}" + (", with faults" if verification.faults else "")
