"""``diff``: what changed from one record to another; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.diffing.changes import Changes
from envkeep.model.record import Record

if TYPE_CHECKING:
    from envkeep.model.specification import Specification

__all__ = ["diff"]


def diff(old: Record | Specification, new: Record | Specification) -> Changes:
    """Return what changed.

    Two records are compared in all that is content (``model.content``). Where one side is a file from elsewhere (a lone ``.txt``,
    an environment.yml), what both hold is compared, by names and versions, and ``uncompared`` says what is not.

    Args:
        old: what was.
        new: what is.
    """
    if isinstance(old, Record) and isinstance(new, Record):
        from envkeep.diffing.packages import package_changes
        from envkeep.diffing.settings import python_changes, setting_changes

        return Changes(changes=(*python_changes(old, new), *package_changes(old, new), *setting_changes(old, new)))
    from envkeep.diffing.listing import diff_listings

    return diff_listings(old, new)
