"""What is in an environment's folder, read from names, sizes and small files; no lock, nothing written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from envkeep.errors import BadFormatError
from envkeep.store.files import reading
from envkeep.store.layout import (
    ENVIRONMENT,
    MANIFEST,
    TAGS,
    TEMPORARY,
    TXT_SUFFIX,
    Backup,
    StoredEnvironment,
    Summary,
    stamp_of_txt,
)
from envkeep.store.manifest import read_identity, read_manifest, read_tags
from envkeep.store.stamps import instant_of, is_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set
    from datetime import datetime

    from envkeep.store.manifest import Manifest

__all__ = [
    "Header",
    "backup_at",
    "last_order",
    "leftovers",
    "microseconds",
    "newest_first",
    "read_backup",
    "read_backups",
    "read_environment",
    "read_header",
    "tags_of",
]

# a folder in which something rotates away during every one of so many looks is read as it was at the last
_LOOKS = 5


class Header(NamedTuple):
    """The two facts at the head of a ``.txt``, None where a line is missing, and how many lines of requirements follow."""

    executable: str | None
    version: str | None
    lines: int


def read_environment(path: Path) -> StoredEnvironment:
    """Return the environment whose folder this is; one without (readable) ``environment.json`` has its folder's name alone."""
    try:
        identity = read_identity(path / ENVIRONMENT)
    except (BadFormatError, OSError):
        return StoredEnvironment(folder=path.name, path=path, prefix=None, name=path.name, kind=None)
    return StoredEnvironment(folder=path.name, path=path, prefix=identity.prefix, name=identity.name, kind=identity.kind)


def read_backups(environment: StoredEnvironment) -> tuple[Backup, ...]:
    """Return the backups in a folder, oldest first; none where the folder is gone.

    Raises:
        StoreError: the folder cannot be read.
    """
    found = _look(environment)
    for _ in range(_LOOKS - 1):
        if None not in found:
            break
        # one was rotated away during that look, so that one may have come which it did not see
        found = _look(environment)
    return tuple(sorted((backup for backup in found if backup is not None), key=lambda backup: (backup.order, backup.stamp)))


def newest_first(environment: StoredEnvironment) -> Iterator[Backup]:
    """Yield the backups in a folder from the last one on, each read when it is asked for; in all else as ``read_backups``."""
    passed: tuple[int, str] | None = None
    for look in range(_LOOKS):
        stamps, tags = _stamps(environment)
        orders = [(_order(environment.path, stamp), stamp) for stamp in stamps]
        places = sorted([(order, stamp) for order, stamp in orders if order is not None], reverse=True)
        is_last = look == _LOOKS - 1
        # one that was rotated away during this look: so one may have come which it did not see
        if len(places) < len(orders) and not is_last:
            continue
        for place in places:
            if passed is not None and place >= passed:
                continue
            backup = _backup(environment, place[1], tags.get(place[1], ()))
            if backup is not None and (is_last or (backup.order, backup.stamp) == place):
                passed = place
                yield backup
            elif not is_last:
                # the same, or another took its stamp
                break
        else:
            return


def read_backup(environment: StoredEnvironment, stamp: str) -> Backup | None:
    """Return one backup of an environment, None where it is not there (any more)."""
    return _backup(environment, stamp, _tags_by_stamp(environment.path).get(stamp, ()))


def backup_at(path: Path) -> Backup | None:
    """Return the backup that a path belongs to: its ``.txt``, its folder, or a file in that; None for any other path.

    It may lie anywhere, in a store or copied out of one.
    """
    for folder in (path.with_name(stamp_of_txt(path.name) or path.name), path.parent, path.parent.parent):
        if is_stamp(folder.name) and os.path.lexists(folder / MANIFEST):
            environment = read_environment(folder.parent)
            return _backup(environment, folder.name, _tags_by_stamp(folder.parent).get(folder.name, ()))
    return None


def last_order(environment: StoredEnvironment, names: Iterable[str]) -> int:
    """Return the highest ``order`` of the backups in a folder, without a look at their files; 0 where there is none.

    Args:
        environment: whose folder it is.
        names: of what is in it.

    Raises:
        StoreError: the folder can be listed, and not looked into.
    """
    stamps = {stamp_of_txt(name) or name for name in names}
    return max([0, *[_order(environment.path, stamp) or 0 for stamp in stamps if is_stamp(stamp)]])


def leftovers(folder: Path, names: Set[str] | None = None) -> tuple[Path, ...]:
    """Return what a killed writer or another program's rotation left in an environment's folder, sorted.

    That is what has a temporary name, and folders of backups whose ``.txt`` is gone (it comes last and goes first), unless
    tagged. Only under the folder's lock are these sure to be nobody's.

    Args:
        folder: the environment's.
        names: of what is in it; None: it is listed.

    Raises:
        BadFormatError: the tags cannot be read, so nobody knows what is tagged.
        OSError: likewise, or the folder cannot.
    """
    tagged = set(tags_of(folder).values())
    names = set(os.listdir(folder)) if names is None else names  # noqa: PTH208
    bare = {name for name in names if is_stamp(name) and f"{name}{TXT_SUFFIX}" not in names} - tagged
    left = {name for name in names if name.startswith(TEMPORARY)} | {name for name in bare if (folder / name).is_dir()}
    return tuple(folder / name for name in sorted(left))


def tags_of(folder: Path) -> Mapping[str, str]:
    """Return the tags of an environment's folder and the stamps they are on; errors as of ``manifest.read_tags``."""
    return read_tags(folder / TAGS)


def read_header(path: Path) -> Header:
    """Return the head of a ``.txt`` without parsing the rest, as far as it can be read; nothing of it where it cannot."""
    executable = version = None
    lines = 0
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                text = line.strip()
                if text.startswith("# executable:"):
                    executable = executable or text.partition(":")[2].strip() or None
                elif text.startswith("# version:"):
                    version = version or next(iter(text.partition(":")[2].split()), None)
                elif text and not text.startswith(("#", "[")):
                    # `[GCC 9.4.0]` is the rest of a version that PyMoDAQ wrote under Python 3.9 and older
                    lines += 1
    except OSError:
        return Header(executable=None, version=None, lines=0)
    return Header(executable=executable, version=version, lines=lines)


def _tags_by_stamp(folder: Path) -> dict[str, tuple[str, ...]]:
    try:
        tags = tags_of(folder)
    except (BadFormatError, OSError):
        # who reads goes on without; who would remove something asks for the tags itself and stops
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, stamp in sorted(tags.items()):
        found[stamp] = (*found.get(stamp, ()), name)
    return found


def _look(environment: StoredEnvironment) -> list[Backup | None]:
    """Return what is in a folder, unsorted; None for each that went away meanwhile."""
    stamps, tags = _stamps(environment)
    return [_backup(environment, stamp, tags.get(stamp, ())) for stamp in stamps]


def _stamps(environment: StoredEnvironment) -> tuple[set[str], dict[str, tuple[str, ...]]]:
    """Return the stamps of the backups in a folder, none where it is gone, and the tags on them."""
    with reading(environment.path):
        try:
            with os.scandir(environment.path) as entries:
                names = {entry.name for entry in entries}
        except FileNotFoundError:
            return set(), {}
    tags = _tags_by_stamp(environment.path)
    stamps = {stamp for name in names if (stamp := stamp_of_txt(name)) is not None}
    # PyMoDAQ knows no tags: where it rotated a tagged backup's `.txt` away, the rest still is a backup
    return stamps | {stamp for stamp in tags if stamp in names and is_stamp(stamp)}, tags


def _order(folder: Path, stamp: str) -> int | None:
    """Return the ``order`` of a backup without a look at its files; None where it is gone."""
    start = f"{folder}{os.sep}{stamp}"
    manifest = _manifest(start)
    if manifest is not None:
        return manifest.order
    status = _status(start + TXT_SUFFIX)
    return None if status is None else microseconds(instant_of(stamp, status.st_mtime))


def _backup(environment: StoredEnvironment, stamp: str, tags: tuple[str, ...]) -> Backup | None:
    # joined as text: a list of a thousand backups makes this the most of its work
    start = f"{environment.path}{os.sep}{stamp}"
    # not asked of the listing: one that runs while a backup is written may hold its `.txt` and not its folder
    manifest = _manifest(start)
    sizes_fit = manifest is not None and all(_size(f"{start}{os.sep}{entry.name}") == entry.size for entry in manifest.files)
    folder_stands = manifest is not None or os.path.isdir(start)  # noqa: PTH112
    # looked at after the folder: the `.txt` goes first, so where it still stands nobody had begun to remove the rest
    status = _status(start + TXT_SUFFIX)
    txt, folder = environment.path / f"{stamp}{TXT_SUFFIX}", environment.path / stamp
    if manifest is not None and (status is not None or tags):
        edited = status is not None and status.st_size != manifest.txt.size
        return Backup(
            environment=environment,
            stamp=stamp,
            created=manifest.created,
            order=manifest.order,
            txt=txt,
            folder=folder,
            state="damaged" if status is None or not sizes_fit else "edited" if edited else "whole",
            digest=manifest.digest,
            tags=tags,
            note=manifest.note,
            summary=manifest.summary,
            size=manifest.txt.size + sum([entry.size for entry in manifest.files]),
        )
    if status is None:
        return None
    created = instant_of(stamp, status.st_mtime)
    return Backup(
        environment=environment,
        stamp=stamp,
        created=created,
        order=microseconds(created),
        txt=txt,
        folder=folder if folder_stands else None,
        state="damaged" if folder_stands else "lone",
        tags=tags,
        summary=_summary_of_txt(txt),
        size=status.st_size,
    )


def _manifest(folder: str) -> Manifest | None:
    try:
        return read_manifest(folder)
    except (BadFormatError, OSError):
        return None


def _status(path: str) -> os.stat_result | None:
    """Return the status of a file, None where there is none.

    Raises:
        StoreError: nobody may look. Taken for an empty one, an environment's folder would be given up for another.
    """
    try:
        return os.stat(path)  # noqa: PTH116 - of each backup
    except PermissionError:
        with reading(Path(path)):
            raise
    except OSError:
        return None


def _summary_of_txt(txt: Path) -> Summary:
    header = read_header(txt)
    return Summary(python=None if header.version == "none" else header.version, pip=header.lines)


def microseconds(instant: datetime) -> int:
    """Return an instant as microseconds since 1970: the unit of ``Backup.order``."""
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - see above
    except OSError:
        return None
