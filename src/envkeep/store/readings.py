"""Which files of an environment its last backup's record was read from, and how they stood: what need not be read again.

One file for each environment under ``<home>/seen``, which may be deleted at any time. The readings themselves are in the
backup's record, which it names by its sha256. A file counts as the one that was read if its signature is the same, and nothing is
said of files that had not been at rest when they were read (see ``seen``).

The file is lines in pairs, a checksum and what it is of, which goes on from the one before: what is damaged would otherwise be
taken for what was read. The first pair has everything; each that follows what is other since then, for most of it stays.
"""

from __future__ import annotations

import os
import time
from json import dumps, loads
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zlib import crc32

from envkeep import __version__
from envkeep.store.seen import read_whole, rested, seen_file, signature, signature_of, write_whole
from envkeep.store.stamps import is_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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

Row = TypeVar("Row")

_SCHEMA = 2
_LARGEST = 256 << 20
# what follows the first pair is at most this part of it: else the file is written anew
_ADDED = 4
_ADDING = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
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


class _Note(NamedTuple):
    """A file of readings: its path, how it stands, what it says, the last checksum in it, and the size of its first pair."""

    path: str
    stand: Signature
    readings: Readings
    checksum: int
    first: int


# what was last read or written: a process that backs up again need not parse it again
_last: _Note | None = None


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
        note = last if last is not None and (last.path, last.stand) == (path, stand) else _parsed(path, stand)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if note is None or note.readings.prefix != prefix or not 0 <= time.time_ns() - note.readings.taken <= _LIFETIME:
        return None
    _keep(note)
    return note.readings


def write_readings(home: Path, readings: Readings) -> None:
    """Keep what a record was read from; where it cannot be written, the next backup reads everything."""
    path = _file(home, readings.prefix)
    last = _last
    if last is not None and last.path == path and _add(last, readings):
        return
    raw = {"schema": _SCHEMA, "written_by": __version__, "user": _user(), **_raw(readings)}
    pair, checksum = _pair(raw, 0)
    stand = signature(path) if write_whole(path, pair) else None
    if stand is not None:
        _keep(_Note(path, stand, readings, checksum, len(pair)))


def _add(note: _Note, readings: Readings) -> bool:
    """Add what is other to a file that stands as it was last read or written; False where it is to be written anew."""
    before = note.readings
    if (before.prefix, before.taken) != (readings.prefix, readings.taken):
        return False
    # nearly all rows are the very objects of the time before
    others = readings._replace(
        packages=_others(before.packages, readings.packages), distributions=_others(before.distributions, readings.distributions)
    )
    gone = before.packages.keys() - readings.packages.keys(), before.distributions.keys() - readings.distributions.keys()
    pair, checksum = _pair(_raw(others, *gone), note.checksum)
    if note.stand[3] + len(pair) > note.first + note.first // _ADDED:
        return False
    try:
        # through no link, and nothing that has another name: what a copy of the home shares with this one is not ours to write
        handle = os.open(note.path, _ADDING)
        with os.fdopen(handle, "ab", buffering=0) as file:
            info = os.fstat(handle)
            if signature_of(info) != note.stand or info.st_nlink != 1 or file.write(pair) != len(pair):
                return False
    except OSError:
        return False
    stand = signature(note.path)
    if stand is not None:
        _keep(note._replace(stand=stand, readings=readings, checksum=checksum))
    return True


def _others(old: Mapping[str, Row], new: Mapping[str, Row]) -> dict[str, Row]:
    return {key: row for key, row in new.items() if old.get(key) is not row}


def _raw(readings: Readings, files: Iterable[str] = (), places: Iterable[str] = ()) -> dict[str, Any]:
    """Return readings as plain values of JSON, and which rows of packages (by file) and distributions (by place) are gone."""
    return {
        **readings._asdict(),
        "packages": {name: rest for name, *rest in readings.packages.values()},
        "distributions": {path: rest for path, *rest in readings.distributions.values()},
        "gone": (sorted(files), sorted(places)),
    }


def _pair(raw: dict[str, Any], before: int) -> tuple[bytes, int]:
    text = dumps(raw).encode("ascii")
    checksum = crc32(text, before)
    return b"%08x\n%s\n" % (checksum, text), checksum


def _keep(note: _Note) -> None:
    global _last  # noqa: PLW0603 - of one environment only: a process that keeps hundreds shall not grow by them
    _last = note


def _file(home: Path, prefix: str) -> str:
    return seen_file(os.fspath(home), prefix, kind="files")


def _parsed(path: str, stood: Signature | None) -> _Note | None:
    *lines, end = read_whole(path, _LARGEST).split(b"\n")
    if stood is None or end or not lines or len(lines) % 2:
        return None
    checksum = 0
    pairs: list[dict[str, Any]] = []
    for said, text in zip(lines[::2], lines[1::2], strict=True):
        checksum = crc32(text, checksum)
        if said != b"%08x" % checksum:
            return None
        pairs.append(loads(text))
    raw = pairs[0]
    # another user may be shown other files
    if (raw["schema"], raw["written_by"], raw["user"]) != (_SCHEMA, __version__, _user()):
        return None
    packages: dict[str, PackageRow] = {}
    distributions: dict[str, DistributionRow] = {}
    for raw in pairs:
        for file, (stand, owned) in raw["packages"].items():
            packages[file] = PackageRow(_text(file), _text(stand), [*map(_text, owned)])
        for place, (name, owner, stands) in raw["distributions"].items():
            whose = None if owner is None else _text(owner)
            distributions[place] = DistributionRow(_text(place), _text(name), whose, _text(stands))
        files, places = raw["gone"]
        for file in files:
            del packages[file]
        for place in places:
            del distributions[place]
    if not is_stamp(raw["stamp"]) or type(raw["taken"]) is not int:
        return None
    readings = Readings(
        prefix=_text(raw["prefix"]),
        stamp=_text(raw["stamp"]),
        record=_text(raw["record"]),
        taken=raw["taken"],
        packages=packages,
        distributions=distributions,
        files={_text(path): _text(stand) for path, stand in raw["files"].items()},
    )
    return _Note(path, stood, readings, checksum, len(lines[0]) + len(lines[1]) + 2)


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError
    return value
