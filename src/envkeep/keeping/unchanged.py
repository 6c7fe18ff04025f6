"""Did anything move since the last look? Then there is nothing to read, and nothing to keep.

A handful of stats, whatever the size of the environment, and no lock is taken.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from envkeep.store.seen import Seen, at_rest, content, forget, holds, read_seen, rested, seen_file, watched, write_seen
from envkeep.store.variables import has_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.model.record import Problem, Record
    from envkeep.store.layout import Backup
    from envkeep.store.seen import Signature, Watched
    from envkeep.store.store import Store

__all__ = ["Known", "forget_look", "look", "look_as_configured", "look_as_told", "problems_of", "remember"]


class Known(NamedTuple):
    """The backup that holds what is in the environment, and what was odd when it was read."""

    backup: Backup
    problems: tuple[Problem, ...]


def look(prefix: Path, store: Store) -> Known | None:
    """Return the last backup of an environment if nothing has moved since it was found to hold what is there; else None.

    Args:
        prefix: of the environment.
        store: where its backups are.
    """
    path, seen = _seen(os.fspath(prefix), os.fspath(store.home))
    if seen is None or seen.store != str(store.path) or seen.limit != store.limit or not holds(path, seen):
        return None
    from envkeep.store.reading import read_backup, read_environment

    backup = read_backup(read_environment(store.path / seen.folder), seen.stamp)
    if backup is None or backup.state != "whole":
        return None
    return Known(backup, problems_of(seen))


def problems_of(seen: Seen) -> tuple[Problem, ...]:
    """Return the problems of the capture that a look stands for."""
    if not seen.problems:
        return ()
    from envkeep.model.record import Problem

    return tuple(
        Problem(code=code, message=message, path=path, package=package) for code, message, path, package in seen.problems
    )


def look_as_configured(prefix: str, home: str) -> Seen | None:
    """Return what was seen last if nothing has moved since, the files of settings included; for who has not read those.

    Args:
        prefix: of the environment.
        home: envkeep's.
    """
    path, seen = _seen(prefix, home)
    if seen is None or not seen.as_configured or not _lies_in(seen.store, home):
        return None
    return seen if holds(path, seen) else None


def look_as_told(
    prefix: str | os.PathLike[str] | None, home: str | os.PathLike[str] | None, environ: Mapping[str, str]
) -> Seen | None:
    """Return what was seen last if nothing has moved since, of a home as an option or ENVKEEP_HOME names it.

    Args:
        prefix: of the environment; None: the one this Python runs in.
        home: envkeep's; None: ENVKEEP_HOME, else ``~/.envkeep``.
        environ: of the process; a variable that sets anything else is for those who read all settings.
    """
    place = sys.prefix if prefix is None else os.fspath(prefix)
    if has_settings(environ) or place.startswith("~"):
        return None
    told = os.fspath(home or "") or environ.get("ENVKEEP_HOME", "").strip() or "~/.envkeep"
    # another relative home wherever one is
    if not (home or told.startswith("~") or os.path.isabs(told)):  # noqa: PTH117 - as below
        return None
    told = os.path.expanduser(told) if told.startswith("~") else told  # noqa: PTH111 - pathlib takes as long as the rest
    return look_as_configured(place, os.path.abspath(told))  # noqa: PTH100


def remember(  # noqa: PLR0917 - once for each backup
    prefix: Path, store: Store, record: Record, backup: Backup, things: Watched | None, began: int
) -> None:
    """Note how everything stands where a backup holds what is there, unless something of the environment moved just now.

    Args:
        prefix: of the environment.
        store: where its backups are.
        record: what was captured.
        backup: that holds it, kept just now or found to; no other backup in its folder says otherwise.
        things: how the environment stood right after the capture (``capturing.watching``); None where that cannot be told.
        began: when the capture began, ns since 1970.
    """
    from envkeep.errors import EnvkeepError

    path, asked = _place(os.fspath(prefix), os.fspath(store.home))
    if things is None:
        forget(path)
        return
    settings = _settings(store)
    things = things._replace(still={**watched(settings or (), ()).still, **things.still})
    try:
        own = _own(store, backup, began) if at_rest(things, began) else None
    except (EnvkeepError, OSError):
        # gone by now, or none that can be read
        own = None
    if own is None:
        forget(path)
        return
    stood, young = own
    seen = Seen(
        prefix=os.path.abspath(prefix),  # noqa: PTH100 - as the capture spells it
        asked=asked,
        store=str(store.path),
        folder=backup.environment.folder,
        stamp=backup.stamp,
        limit=store.limit,
        as_configured=settings is not None,
        taken=began,
        watched=things._replace(still={**things.still, **stood}),
        young=young,
        problems=tuple((problem.code, problem.message, problem.path, problem.package) for problem in record.problems),
        is_list=_is_list(record, backup),
    )
    write_seen(path, seen)


def _own(store: Store, backup: Backup, began: int) -> tuple[dict[str, Signature | None], dict[str, str]] | None:
    """Return how the store's part stands, and what is in what is young of it; None where it does not say what the backup says."""
    from envkeep.store.layout import ENVIRONMENT, TXT_SUFFIX
    from envkeep.store.manifest import read_manifest

    if backup.state != "whole" or backup.folder is None:
        return None
    folder = backup.environment.path
    names = set(os.listdir(folder))  # noqa: PTH208
    # lists without a folder are PyMoDAQ's, and are compared as well
    lone = {name for name in names if name.endswith(TXT_SUFFIX) and name.removesuffix(TXT_SUFFIX) not in names}
    own = {folder, folder / ENVIRONMENT, *(folder / name for name in lone)}
    own |= {backup.txt, backup.folder, *backup.folder.iterdir()}
    stood = watched(map(str, own), ()).still
    young = [path for path, found in stood.items() if found is not None and not rested(found, began)]
    # as they were written, whatever became of them since
    manifest = read_manifest(backup.folder)
    written = {str(backup.folder / entry.name): entry.sha256 for entry in manifest.files} | {str(backup.txt): manifest.txt.sha256}
    held = {path: written.get(path) or content(path) or "" for path in young}
    # what PyMoDAQ, which takes no lock, has put there since the others were compared would be among the names by now
    newest = next(store.newest_first(backup.environment), None) if young else backup
    if newest is None or newest.stamp != backup.stamp or newest.state != "whole":
        return None
    return dict(stood), held


def forget_look(prefix: Path, store: Store) -> None:
    """Make the next backup of an environment read it, whatever moved: somebody has found that it is not what its backup holds."""
    for kind in ("", "own"):
        forget(seen_file(os.fspath(store.home), os.path.abspath(prefix), kind=kind))  # noqa: PTH100 - as it was written


def _lies_in(store: str, home: str) -> bool:
    """Return whether a store's folder lies in a home: a copied home has the notes of the first, which may still be there."""
    try:
        return store.startswith(os.path.join(home, "")) or os.path.samefile(os.path.dirname(store), home)  # noqa: PTH118, PTH120, PTH121
    except OSError:
        return False


def _is_list(record: Record, backup: Backup) -> bool:
    from envkeep.formats.requirements_txt import write

    # which index has a local version is a matter of settings, in what state a checkout is one of git
    origins = (dist.origin for dist in record.distributions if dist.origin is not None)
    if any(origin.editable or origin.kind == "directory" for origin in origins):
        return False
    if any("+" in dist.version for dist in record.distributions):
        return False
    try:
        return backup.txt.read_bytes() == write(record, name_indexes=True).encode("utf-8", "replace")
    except OSError:
        return False


def _seen(prefix: str, home: str) -> tuple[str, Seen | None]:
    path, asked = _place(prefix, home)
    seen = read_seen(path)
    if seen is None or seen.prefix != os.path.abspath(prefix) or seen.asked != asked:  # noqa: PTH100
        return path, None
    return path, seen


def _place(prefix: str, home: str) -> tuple[str, str]:
    # an update replaces the Python under a running process, which goes on as what it was
    spelled = os.path.abspath(prefix)  # noqa: PTH100
    try:
        own = os.path.samefile(spelled, sys.prefix)  # noqa: PTH121
    except (OSError, ValueError):
        own = False
    return seen_file(home, spelled, kind="own" if own else ""), sys.version if own else ""


def _settings(store: Store) -> tuple[str, ...] | None:
    """Return the files of settings that alone say that backups are kept, where and how many; None where anything else says it."""
    from envkeep.errors import EnvkeepError
    from envkeep.store.config import CONFIG_FILE, load_config
    from envkeep.store.config_sources import pymodaq_files

    try:
        config = load_config(store.home, {})
    except EnvkeepError:
        return None
    if config.limit != store.limit or store.home / config.folder != store.path or not config.keep_backup:
        return None
    # PyMoDAQ's own counts as soon as it is there
    own = (store.home / CONFIG_FILE, store.home / "config" / "utils.toml", *pymodaq_files(store.home, os.environ))
    return tuple(map(str, own))
