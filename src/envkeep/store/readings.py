"""Which files of an environment its last backup's record was read from, and how they stood: what need not be read again.

One file for each environment under ``<home>/seen``, which may be deleted at any time. The readings themselves are in the
backup's record, which it names by its sha256. A file counts as the one that was read if its signature is the same, and nothing is
said of files that had not been at rest when they were read (see ``seen``). The file begins with a checksum: what is damaged in it
would otherwise be taken for what was read.
"""

from __future__ import annotations

import os
import time
from json import JSONEncoder, loads
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from envkeep import __version__
from envkeep.model.kept import Kept
from envkeep.store.seen import read_whole, rested, seen_file, signature, write_whole
from envkeep.store.stamps import is_stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from envkeep.store.seen import Signature

__all__ = [
    "DistributionRow",
    "PackageRow",
    "Readings",
    "read_readings",
    "stand_at",
    "stand_of",
    "stands_of",
    "was_at_rest",
    "write_readings",
]

_SCHEMA = 1
_LARGEST = 256 << 20
_CHECKSUM = 9
_STAND = "%x.%x.%x.%x.%x.%x"
# where times can be set back (Windows has no time of change) a change is found after a day at the latest
_LIFETIME = 24 * 3600 * 10**9


class PackageRow(NamedTuple):
    """A record of conda-meta: its file, how it stood, and the Python metadata that it lists (see ``CondaMeta.owners``)."""

    file: str
    stand: str
    owned: Sequence[str]


class DistributionRow(NamedTuple):
    """A metadata folder of site-packages: its path, its distribution's name, whose it is, and how it and its files stood."""

    path: str
    name: str
    owner: str | None
    stands: str


class Readings(NamedTuple):
    """What a record was read from.

    Attributes:
        prefix: of the environment, absolute, as it was spelled.
        stamp: of the backup whose record holds what was read.
        record: sha256 hex of that record's file.
        taken: when everything was read without any of this, ns since 1970.
        packages: by name of the file in conda-meta.
        distributions: by path of the metadata folder.
        files: how other files stood that were read, by path.
    """

    prefix: str
    stamp: str
    record: str
    taken: int
    packages: Mapping[str, PackageRow]
    distributions: Mapping[str, DistributionRow]
    files: Mapping[str, str]


# what was last read or written, and how its file stood then: a process that backs up again need not parse it again
_last: tuple[str, Signature, Readings] | None = None


def stand_of(info: os.stat_result) -> str:
    """Return a file's signature as one text, which is quicker to write, to read and to compare than six numbers."""
    # %, which takes half the time of a format; and not by `signature_of`, for a call takes as long again
    return _STAND % (
        info.st_mode,
        info.st_dev,
        info.st_ino,
        info.st_size,
        info.st_mtime_ns,
        info.st_ctime_ns,
    )


def stands_of(signatures: Sequence[int]) -> str:
    """Return the same of several files, whose signatures follow each other."""
    return "|".join([_STAND] * (len(signatures) // _STAND.count("%"))) % tuple(signatures)


def stand_at(path: str) -> str:
    """Return how the file at a path stands; empty where there is none."""
    try:
        return stand_of(os.stat(path))  # noqa: PTH116 - several for each distribution
    except (OSError, ValueError):
        return ""


def was_at_rest(stands: str, since: int) -> bool:
    """Return whether files (how each stood, bars between) had not moved in the two seconds before ``since``, or later."""
    return all(rested(tuple([int(part, 16) for part in stand.split(".")]), since) for stand in stands.split("|") if stand)


def read_readings(home: Path, prefix: str) -> Readings | None:
    """Return what the last backup of a prefix was read from; None where that is of no use (foreign, damaged, too old).

    Args:
        home: envkeep's.
        prefix: of the environment, absolute.
    """
    path = _file(home, prefix)
    try:
        stand = signature(path)
        last = _last
        readings = last[2] if last is not None and last[:2] == (path, stand) else _parsed(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if stand is None or readings is None or readings.prefix != prefix or not 0 <= time.time_ns() - readings.taken <= _LIFETIME:
        return None
    _keep(path, stand, readings)
    return readings


def write_readings(home: Path, readings: Readings) -> None:
    """Keep what a record was read from; where it cannot be written, the next backup reads everything."""
    path = _file(home, readings.prefix)
    text = _written(readings).encode("ascii")
    stand = signature(path) if write_whole(path, _checksum(text) + text) else None
    if stand is not None:
        _keep(path, stand, readings)


def _written(readings: Readings) -> str:
    raw = {"schema": _SCHEMA, "written_by": __version__, "user": _user(), **readings._asdict()}
    # nearly all rows are those of the time before
    members = [f"{_encode(key)}: {_encode(value)}" for key, value in raw.items() if key not in {"packages", "distributions"}]
    members.append(f'"packages": {{{", ".join(_PACKAGES.each(readings.packages.values()))}}}')
    members.append(f'"distributions": {{{", ".join(_DISTRIBUTIONS.each(readings.distributions.values()))}}}')
    return f"{{{', '.join(members)}}}"


def _row(row: PackageRow | DistributionRow) -> str:
    name, *rest = row
    return f"{_encode(name)}: {_encode(rest)}"


_encode = JSONEncoder().encode
_PACKAGES: Kept[PackageRow, str] = Kept(_row)
_DISTRIBUTIONS: Kept[DistributionRow, str] = Kept(_row)


def _keep(path: str, stand: Signature, readings: Readings) -> None:
    global _last  # noqa: PLW0603 - of one environment only: a process that keeps hundreds shall not grow by them
    _last = (path, stand, readings)


def _file(home: Path, prefix: str) -> str:
    return seen_file(os.fspath(home), prefix, kind="files")


def _parsed(path: str) -> Readings | None:
    whole = read_whole(path, _LARGEST)
    text = whole[_CHECKSUM:]
    if whole[:_CHECKSUM] != _checksum(text):
        return None
    raw: dict[str, Any] = loads(text)
    # another user may be shown other files
    if (raw["schema"], raw["written_by"], raw["user"]) != (_SCHEMA, __version__, _user()):
        return None
    if not is_stamp(raw["stamp"]) or type(raw["taken"]) is not int:
        return None
    packages, distributions = raw["packages"].items(), raw["distributions"].items()
    return Readings(
        prefix=_text(raw["prefix"]),
        stamp=_text(raw["stamp"]),
        record=_text(raw["record"]),
        taken=raw["taken"],
        packages={file: PackageRow(_text(file), _text(stand), [*map(_text, owned)]) for file, (stand, owned) in packages},
        distributions={
            path: DistributionRow(_text(path), _text(name), None if owner is None else _text(owner), _text(stands))
            for path, (name, owner, stands) in distributions
        },
        files={_text(path): _text(stand) for path, stand in raw["files"].items()},
    )


def _checksum(text: bytes) -> bytes:
    return b"%08x\n" % crc32(text)


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError
    return value
