"""Which backups stay: decided without touching anything, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import UsageError
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.layout import Backup

__all__ = ["Decision", "decide"]


@frozen
class Decision:
    """Whether a backup stays, and why."""

    backup: Backup
    keep: bool
    reason: str


def decide(backups: Sequence[Backup], limit: int) -> tuple[Decision, ...]:
    """Return what rotation does with the backups of one environment.

    Tagged ones stay and are not counted; of the others the newest ``limit`` stay, so the last one of all does. A damaged one is
    not counted either, lest it push out one that can be restored; it goes when it is older than those.

    Args:
        backups: of one environment, oldest first.
        limit: how many without a tag stay; at least 1.

    Returns:
        One decision for each backup, in the order given.

    Raises:
        UsageError: the limit is less than 1.
    """
    if limit < 1:
        raise UsageError(f"a limit of {limit} backups would keep none", "Give a limit of 1 or more.")
    decisions = []
    newer = 0
    for backup in reversed(backups):
        if backup.tags:
            keep, reason = True, f"tagged {', '.join(backup.tags)}"
        elif newer >= limit:
            keep, reason = False, f"older than the newest {limit}"
        elif backup.state == "damaged":
            keep, reason = True, "damaged, not counted"
        else:
            newer += 1
            keep, reason = True, f"number {newer} of the newest {limit}"
        decisions.append(Decision(backup=backup, keep=keep, reason=reason))
    return tuple(reversed(decisions))
