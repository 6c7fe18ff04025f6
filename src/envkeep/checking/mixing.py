"""Conda transactions after pip's: conda does not know what pip's packages need, and may have taken it away.

conda's documentation warns of it; the history says when conda changed something, the files of pip's packages when pip did.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from envkeep.capturing.reading import scan
from envkeep.checking.finding import Finding, listed
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkeep.model.record import Record, Transaction

__all__ = ["mixing_findings"]

_WHEN = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})")
# seconds: `conda env create` runs pip right after the transaction, and writes the history at its end
_GRACE = 60.0


def mixing_findings(record: Record, prefix: Path) -> Iterator[Finding]:
    """Yield a finding if conda changed packages after pip had installed some that are still there.

    Args:
        record: of the environment.
        prefix: where it is, on this machine: times of files are looked at.
    """
    installed = _installed(record, prefix)
    if not installed:
        return
    first = min(installed.values())
    later = [
        (moment, transaction)
        for transaction in record.history
        if (transaction.added or transaction.removed) and (moment := _moment(transaction)) is not None and moment > first + _GRACE
    ]
    if not later:
        return
    last, transaction = max(later, key=lambda pair: pair[0])
    before = [name for name, moment in installed.items() if moment + _GRACE < last]
    changed = len(transaction.added) + len(transaction.removed)
    times = "once" if len(later) == 1 else f"{len(later)} times"
    yield Finding(
        rank="at-risk",
        code="conda-after-pip",
        subject="conda",
        fact=(
            f"conda changed the environment {times} after pip had installed {listed(before)}, last on {transaction.when} "
            f"({changed} package{'' if changed == 1 else 's'}); conda does not know what pip's packages need"
        ),
        remedy="Check that they still fit (pip check); next time let conda install first, and pip last.",
    )


def _installed(record: Record, prefix: Path) -> dict[str, float]:
    """When pip's packages were installed, in seconds since 1970: the time of their RECORD, which an installer writes last."""
    wanted = {normalise(dist.name): dist.name for dist in record.pip}
    found: dict[str, float] = {}
    for location in sorted({dist.location for dist in record.pip if dist.location}):
        for entry in scan(prefix / location):
            name = normalise(entry.name.partition("-")[0])
            if entry.name.endswith(".dist-info") and name in wanted:
                try:
                    found[wanted[name]] = (prefix / location / entry.name / "RECORD").stat().st_mtime
                except OSError:
                    continue
    return found


def _moment(transaction: Transaction) -> float | None:
    # written in local time, without a zone
    match = _WHEN.search(transaction.when)
    if match is None:
        return None
    try:
        return time.mktime(time.strptime(match[1], "%Y-%m-%d %H:%M:%S"))
    except (ValueError, OverflowError):
        return None
