"""What every change of an environment's content has to move: a few folders, and the files that are rewritten in place.

conda, mamba and py-rattler write a new file into conda-meta, or remove one, for each package, and pip, uv and setuptools a folder
of site-packages: those folders' times tell. In place are rewritten the history, ``state``, ``pinned``, ``pyvenv.cfg``, the
``.egg-link`` of an old editable install, and what git keeps of the commit that is checked out. An installer that has not finished
writes into a metadata folder that it made a moment ago, so the young ones that are not finished are watched as well.

Not told: a person who edits a METADATA or a conda record in place. Whoever relies on this looks again after a day.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.checkout import files_of_checkout
from envkeep.capturing.layout import find_executable, possible_site_folders
from envkeep.capturing.owners import METADATA
from envkeep.capturing.reading import read_bytes, read_text, scan
from envkeep.model.names import normalise
from envkeep.model.urls import path_of_file_url
from envkeep.store.seen import Watched, at_rest, watched

if TYPE_CHECKING:
    from collections.abc import Collection

    from envkeep.model.record import Record

__all__ = ["watch"]

_IN_PREFIX = ("conda-meta", "conda-meta/history", "conda-meta/state", "conda-meta/pinned", "pyvenv.cfg", "lib", "lib64")
_SMALL = 1 << 20
_LARGEST = 64 << 20
# an hour: the longest that pip compiles between the folder it makes and the last file it puts there
_YOUNG = 3600 * 10**9
# more things to look at than this cost more than they save
_MOST = 400
# what a reader could not do may work the next time, though nothing has moved
_PASSING = frozenset({"python-not-started", "unknown-python", "vanished-record"})


def watch(prefix: Path, record: Record, since: int) -> Watched | None:
    """Return how everything stands that a change of a record's identity (``model.content``) would move.

    Args:
        prefix: of the environment, absolute.
        record: what was captured there.
        since: when the capture began, ns since 1970.

    Returns:
        None where it cannot be told: something could not be read, or moved in the two seconds before, or an installer seems to be
        at work.
    """
    if any(problem.code in _PASSING or problem.code.startswith("unreadable") for problem in record.problems):
        return None
    version = record.python.version if record.python is not None else None
    kind = record.environment.kind
    paths = {str(prefix / name) for name in _IN_PREFIX}
    if not at_rest(watched(paths, ()), since):
        # right after a change this is nearly always all that is looked at
        return None
    folders = [str(folder) for group in possible_site_folders(prefix, kind, version, record.conda) for folder in group]
    paths.update(folders)
    executable = find_executable(prefix, kind, version)
    paths.update(str(prefix / name) for name in ("bin/python", "python.exe", "Scripts/python.exe"))
    if executable is not None:
        paths.add(str(executable))
    if not at_rest(watched(paths, ()), since):
        # before the folders are listed
        return None
    same = {str(prefix)}
    # conda writes its record of a package after its files, so those are complete
    condas = {normalise(dist.name) for dist in record.distributions if not dist.from_pip}
    for folder in folders:
        paths.update(_delicate(folder, since, condas))
    for dist in record.distributions:
        origin = dist.origin
        local = path_of_file_url(origin.url) if origin is not None and origin.kind == "directory" else None
        if local is not None:
            files = files_of_checkout(Path(local))
            if files is None:
                return None
            paths.update(files.still)
            same.update((local, *files.same))
    if len(paths) + len(same) > _MOST:
        return None
    return watched(paths, same)


def _delicate(folder: str, since: int, complete: Collection[str]) -> set[str]:
    """Return what of a site-packages folder can change without the folder: what is young, a link, or rewritten in place."""
    found = set()
    entries = [entry for entry in scan(folder) if entry.name.endswith(METADATA)]
    names = [normalise(entry.name.partition("-")[0]) for entry in entries]
    often = Counter(names)
    for entry, name in zip(entries, names, strict=True):
        if entry.name.endswith(".egg-link"):
            found.add(entry.path)
            found.update(_of_egg_link(entry.path))
            continue
        unsure = (name not in complete or often[name] > 1) and _is_young(entry, since) and not _is_finished(entry.path)
        if unsure or entry.is_symlink() or entry.name.endswith(".egg"):
            found.add(entry.path)
        metadata = f"{entry.path}/METADATA"
        if os.path.islink(metadata):  # noqa: PTH114 - one for each package
            # into uv's cache (--link-mode symlink) or conda's, which are emptied without a word here
            found.add(metadata)
    return found


def _is_young(entry: os.DirEntry[str], since: int) -> bool:
    try:
        info = entry.stat()
    except OSError:
        return True
    return max(info.st_mtime_ns, info.st_ctime_ns) > since - _YOUNG


def _is_finished(info: str) -> bool:
    """Return whether an installer is done with a metadata folder: pip and uv write its RECORD last, their INSTALLER listed."""
    try:
        return b".dist-info/INSTALLER," in read_bytes(f"{info}/RECORD", _LARGEST)
    except OSError:
        return False


def _of_egg_link(path: str) -> set[str]:
    try:
        project = (read_text(path, _SMALL).splitlines() or [""])[0].strip()
    except (OSError, ValueError):
        return set()
    infos = (entry.path for entry in scan(project) if entry.name.endswith(".egg-info")) if project else ()
    return {os.path.join(info, name) for info in infos for name in ("PKG-INFO", "requires.txt")}  # noqa: PTH118
