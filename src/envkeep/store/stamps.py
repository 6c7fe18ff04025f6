"""The time stamp in a backup's file name: local time to the second, as PyMoDAQ writes it (``20250131112405``).

Local time repeats an hour when daylight saving ends and jumps when a clock is set, so a stamp names a backup and does not order
it: the UTC instant of the manifest does.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache

__all__ = ["FORMAT", "instant_of", "is_stamp", "next_stamp", "readable", "stamp_of"]

FORMAT = "%Y%m%d%H%M%S"


def stamp_of(instant: datetime) -> str:
    """Return the stamp of an aware instant, in this machine's local time."""
    # strftime does not pad years before 1000 on every platform, and a stamp has 14 digits
    local = instant.astimezone()
    return f"{local.year:04d}{local:%m%d%H%M%S}"


# when a backup is kept it is asked of each other's name a dozen times
@lru_cache(maxsize=4096)
def is_stamp(text: str) -> bool:
    """Return whether a text is a stamp: 14 digits that are a date and a time."""
    return _parse(text) is not None


def next_stamp(stamp: str) -> str:
    """Return the stamp one second later."""
    moment = _parse(stamp)
    if moment is None:
        raise ValueError(stamp)
    later = moment + timedelta(seconds=1)
    return f"{later.year:04d}{later:%m%d%H%M%S}"


def instant_of(stamp: str, modified: float | None = None) -> datetime:
    """Return the UTC instant that a stamp stands for on this machine.

    Args:
        stamp: 14 digits.
        modified: the file's modification time (seconds since 1970), which says which of the two is meant where the local time
            occurred twice.
    """
    moment = _parse(stamp)
    if moment is None:
        raise ValueError(stamp)
    try:
        first = moment.astimezone(timezone.utc)
        second = moment.replace(fold=1).astimezone(timezone.utc)
    except (OSError, OverflowError, ValueError):
        # years that the C library cannot convert; order among such stamps is all that is left to save
        return moment.replace(tzinfo=timezone.utc)
    if modified is None:
        return first
    return min((first, second), key=lambda instant: abs(instant.timestamp() - modified))


def readable(stamp: str) -> str:
    """Return a stamp as a person reads it: ``2025-01-31 11:24:05``."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}"


def _parse(text: str) -> datetime | None:
    # strptime takes Arabic-Indic digits and single-digit fields; a file name of ours has neither
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return datetime(  # noqa: DTZ001 - local time on purpose
            int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:])
        )
    except ValueError:
        return None
