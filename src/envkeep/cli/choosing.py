"""From what was typed to the environment, the stored environment or the backup that is meant."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.errors import EnvironmentNotFoundError, EnvkeepError, NotAnEnvironmentError, UsageError
from envkeep.model.frozen import frozen
from envkeep.model.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["Chosen", "active_stored", "choose", "live_prefix", "load", "stored_environment"]


def live_prefix(name: str | None, prefix: Path | None, store: Store | None = None) -> Path:
    """Return the prefix of the live environment that is meant; by the rule of the design where neither is given.

    With a store, a name that conda's rules do not know (a venv's, a bare interpreter's) is the one that ``list`` shows, while its
    environment is there.

    Raises:
        EnvironmentNotFoundError, NotAnEnvironmentError, UsageError: as of ``capturing.discovery.find_prefix``.
    """
    from envkeep.capturing.discovery import find_prefix

    try:
        return find_prefix(name, prefix, os.environ)
    except EnvironmentNotFoundError as error:
        stored = store.environments() if store is not None and name is not None else ()
        there = {each.folder: Path(each.prefix) for each in stored if each.prefix is not None and Path(each.prefix).is_dir()}
        if name in there:
            return there[name]
        if there:
            raise EnvironmentNotFoundError(
                error.fact, f"{error.remedy} With backups there are {', '.join(sorted(there))}."
            ) from None
        raise


def stored_environment(store: Store, name: str | None, prefix: Path | None) -> StoredEnvironment:
    """Return the stored environment that is named, which may be long gone: by its folder in the store, or by its prefix.

    A name that is no folder's is the live environment's of that name, else one that was stored under another folder's name.

    Raises:
        EnvironmentNotFoundError: there is none; the remedy lists those there are.
        UsageError: both a name and a prefix.
    """
    if name is not None and prefix is None:
        for environment in store.environments():
            if environment.folder == name:
                return environment
    elif name is None and prefix is not None:
        found = store.find_environment(absolute(prefix))
        if found is not None:
            return found
    try:
        where = live_prefix(name, prefix)
    except (EnvironmentNotFoundError, NotAnEnvironmentError) as error:
        if name is not None:
            from envkeep.store.select import resolve_environment

            with suppress(EnvironmentNotFoundError):
                return resolve_environment(store, name)
        raise _unknown(store, str(name or prefix)) from error
    found = store.find_environment(where)
    if found is None:
        raise _unknown(store, str(where))
    return found


def active_stored(store: Store) -> StoredEnvironment | None:
    """Return the active environment's folder in the store; where none is, and one environment alone is stored, that one."""
    try:
        found = store.find_environment(live_prefix(None, None))
    except EnvkeepError:
        found = None
    if found is not None:
        return found
    known = store.environments()
    return known[0] if len(known) == 1 else None


@frozen
class Chosen:
    """What a BACKUP argument means: a backup in the store, or a file; one of the two."""

    backup: Backup | None = None
    file: Path | None = None

    @property
    def label(self) -> str:
        """``microscope@20250131112405``, or the file's path."""
        return self.backup.label if self.backup is not None else str(self.file)


def choose(store: Store, selector: str, name: str | None = None, prefix: Path | None = None) -> Chosen:
    """Return what a BACKUP argument means; ``name`` and ``prefix`` say whose, where the selector does not.

    Raises:
        UnknownBackupError: it names no backup or more than one.
        UsageError: an environment in the selector and in the options.
    """
    from envkeep.store.select import resolve

    if name is None and prefix is None:
        active = active_stored(store)
    else:
        if "@" in selector:
            raise UsageError(f"{selector!r} names an environment already", "Leave out -n/--name and -p/--prefix.")
        active = stored_environment(store, name, prefix)
    found = resolve(store, selector, active)
    return Chosen(file=found) if isinstance(found, Path) else Chosen(backup=found)


def load(store: Store, chosen: Chosen, *, allow_index: Sequence[str] = ()) -> Record | Specification:
    """Return what was chosen, read.

    Raises:
        BadFormatError: it cannot be read.
    """
    if chosen.file is None:
        assert chosen.backup is not None  # noqa: S101 - one of the two
        return store.load(chosen.backup)
    from envkeep.formats.load import load_file

    return load_file(chosen.file, allow_index=allow_index)


def _unknown(store: Store, wanted: str) -> EnvironmentNotFoundError:
    known = [environment.folder for environment in store.environments()]
    if not known:
        return EnvironmentNotFoundError(f"no backup of {wanted} in {store.path}", "Make the first one with: envkeep backup")
    import difflib

    near = difflib.get_close_matches(wanted, known, n=1)
    remedy = f"Did you mean {near[0]}? " if near else ""
    return EnvironmentNotFoundError(f"no backup of {wanted} in {store.path}", f"{remedy}Stored environments: {', '.join(known)}.")
