"""A capture that takes what it can from the one before, and one that knows nothing: are they the same?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.keeping import former
from envkeep.store import contents, readings

if TYPE_CHECKING:
    from envkeep.model.record import Record

__all__ = ["alike", "forget_what_was_read"]


def forget_what_was_read() -> None:
    """Leave no more of former captures than a new process has: the files."""
    former._last = None
    readings._last = None
    contents._last = None


def alike(one: Record, other: Record) -> bool:
    return replace(one, captured_at=other.captured_at) == other
