"""The folders of environments: found again by prefix, one for each, named so that a person recognises them."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.errors import StoreError, UsageError
from envkeep.store.files import make_folder, publish_folder, reading, remove_tree, replace_file, storing
from envkeep.store.layout import ENVIRONMENT, TEMPORARY
from envkeep.store.manifest import Identity, identity_bytes
from envkeep.store.names import folder_name, is_folder_name, unused_name
from envkeep.store.reading import read_backups, read_environment, read_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkeep.model.record import EnvironmentInfo
    from envkeep.store.layout import StoredEnvironment
    from envkeep.store.locks import Locks

__all__ = ["environment_of", "find_environment", "list_environments", "named_environment", "written_from"]


def list_environments(store: Path) -> tuple[StoredEnvironment, ...]:
    """Return the environments that have a folder in the store's folder, by folder name; none where that is not there.

    Raises:
        StoreError: it cannot be read.
    """
    with reading(store):
        try:
            with os.scandir(store) as entries:
                names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(TEMPORARY)]
        except FileNotFoundError:
            return ()
    return tuple(read_environment(store / name) for name in sorted(names))


def find_environment(store: Path, prefix: Path | str) -> StoredEnvironment | None:
    """Return the environment of a prefix: the one whose ``environment.json`` names it, compared as the system compares paths.

    Where none does, it is a folder without ``environment.json`` (PyMoDAQ's, which has no ``prefix`` then) that holds a backup
    written from the prefix.
    """
    known = list_environments(store)
    return _claimed(known, prefix) or _unclaimed(known, prefix)


def environment_of(store: Path, locks: Locks, prefix: Path | str, info: EnvironmentInfo) -> StoredEnvironment:
    """Return the environment of a prefix, with a folder of its own, made now if need be.

    A folder without ``environment.json`` (PyMoDAQ's; it names it by the last part of VIRTUAL_ENV or CONDA_DEFAULT_ENV, else
    ``unknown``) is taken over where one of its backups was written from this prefix.

    Raises:
        StoreError: the folder cannot be made.
    """
    found = _claimed(list_environments(store), prefix)
    if found is not None:
        return found
    with storing(f"make {store}"):
        make_folder(store)
    with locks.held(store):
        # another process may have made it while this one waited
        known = list_environments(store)
        found = _claimed(known, prefix)
        if found is not None:
            return found
        adopted = _unclaimed(known, prefix)
        if adopted is not None:
            name = adopted.folder
        else:
            plain = folder_name(info.name).casefold()
            rival = next((each.prefix for each in known if each.folder.casefold() == plain), None)
            name = unused_name(info.name, str(prefix), [path.name for path in store.iterdir()], rival)
        identity = Identity(prefix=str(prefix), kind=info.kind, name=info.name, first_seen=datetime.now(timezone.utc))
        return _make(store / name, identity)


def named_environment(store: Path, locks: Locks, name: str) -> StoredEnvironment:
    """Return the environment of a folder name, made now if need be, without a prefix.

    Raises:
        UsageError: no folder can have that name.
        StoreError: the folder cannot be made.
    """
    found = _by_folder(store, name)
    if found is not None:
        return found
    if not is_folder_name(name):
        raise UsageError(f"an environment in the store cannot be named {name!r}", f"{folder_name(name)!r} would do.")
    with storing(f"make {store}"):
        make_folder(store)
    with locks.held(store):
        found = _by_folder(store, name)
        if found is not None:
            return found
        return _make(store / name, Identity(prefix=None, kind=None, name=name, first_seen=datetime.now(timezone.utc)))


def written_from(txt: Path, prefix: Path | str) -> bool | None:
    """Return whether a ``.txt`` says that its Python lies in a prefix; None where it does not say."""
    executable = read_header(txt).executable
    if executable is None or executable == "none":
        return None
    return Path(_comparable(prefix)) in Path(_comparable(executable)).parents


def _by_folder(store: Path, name: str) -> StoredEnvironment | None:
    return next((each for each in list_environments(store) if each.folder.casefold() == name.casefold()), None)


def _make(path: Path, identity: Identity) -> StoredEnvironment:
    with storing(f"make {path}"):
        for left in path.parent.glob(f"{TEMPORARY}*"):
            # of a writer that was killed: whoever makes folders here holds the lock
            remove_tree(left)
        if path.is_dir():
            replace_file(path / ENVIRONMENT, identity_bytes(identity))
        else:
            publish_folder(path, {ENVIRONMENT: identity_bytes(identity)})
    return read_environment(path)


def _comparable(prefix: Path | str) -> str:
    return os.path.normcase(os.path.normpath(prefix))


def _claimed(known: Iterable[StoredEnvironment], prefix: Path | str) -> StoredEnvironment | None:
    wanted = _comparable(prefix)
    return next((each for each in known if each.prefix is not None and _comparable(each.prefix) == wanted), None)


def _unclaimed(known: Iterable[StoredEnvironment], prefix: Path | str) -> StoredEnvironment | None:
    for environment in known:
        if environment.prefix is None and not os.path.lexists(environment.path / ENVIRONMENT):
            # a folder that cannot be read is nobody's
            with suppress(StoreError):
                if any(written_from(backup.txt, prefix) for backup in read_backups(environment)):
                    return environment
    return None
