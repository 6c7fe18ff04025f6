"""BACKUP on the command line: ``[ENV@]SELECTOR``, or a file."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.errors import EnvironmentNotFoundError, StoreError, UnknownBackupError
from envkeep.model.paths import absolute
from envkeep.store.contents import is_intact, main_file
from envkeep.store.files import reading
from envkeep.store.reading import backup_at
from envkeep.store.stamps import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["resolve", "resolve_environment"]

_LATEST = re.compile(r"latest(?:~(\d{1,9}))?\Z")
_DATES = ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
_ENDINGS = (".txt", ".yml", ".yaml", ".json", ".gz", ".lock", ".toml", ".envkeep")
_SHOWN = 10


def resolve(store: Store, text: str, active: StoredEnvironment | None) -> Backup | Path:
    """Return the backup, or the file, that a text means.

    ``ENV@`` names an environment's folder in the store; without it the active one is meant, and where nothing is active the only
    one there is. SELECTOR is ``latest``, ``latest~2``, a stamp or a beginning of it that only one has, a date (``2025-01-31``,
    also with a time: the last backup as of then), or a tag. A path into an intact set, in the store or copied out of it, means
    the set; an edited or lone ``.txt``, and any other file, means itself.

    Args:
        store: where to look.
        text: as the user typed it.
        active: the stored environment of the active prefix; None where nothing is active.

    Raises:
        UnknownBackupError: it means nothing, or more than one backup; lists the candidates.
        EnvironmentNotFoundError: no environment of that folder is stored, or which one is not said.
        StoreError: the store cannot be read.
    """
    path = absolute(text) if text.startswith("~") else Path(text)
    if "/" in text or os.sep in text or text.startswith("~") or (text.lower().endswith(_ENDINGS) and path.is_file()):
        return _of_path(path)
    name, at, selector = text.rpartition("@")
    try:
        environment = resolve_environment(store, name if at else None, active)
        backups = store.backups(environment)
        if not backups:
            raise UnknownBackupError(f"{environment.folder} has no backup", "envkeep backup keeps the first one.")
        return _select(store, environment, backups, selector)
    except (UnknownBackupError, EnvironmentNotFoundError):
        # a folder that happens to have the name of an environment is not what was meant
        if path.is_file() or (text and path.is_dir() and _set_in(absolute(path)) is not None):
            return _of_path(path)
        if active is None and not at:
            hint = _named(store.environments(), text)
            if hint is not None:
                raise UnknownBackupError(f"{text} is an environment and no backup", f"Did you mean {hint}@latest?") from None
        raise


def resolve_environment(store: Store, folder: str | None, active: StoredEnvironment | None = None) -> StoredEnvironment:
    """Return the stored environment of a folder name; without one the active, else the only one that has backups.

    Raises:
        EnvironmentNotFoundError: there is none, or more than one to choose from; lists them.
    """
    if not folder and active is not None:
        return active
    known = store.environments()
    if folder:
        for environment in known:
            if environment.folder == folder:
                return environment
        # what a person calls it comes first: `scope` may be stored as `scope-envs`, beside somebody's `Scope`
        for same in (
            [environment for environment in known if environment.name == folder],
            [environment for environment in known if environment.folder.casefold() == folder.casefold()],
        ):
            if len(same) == 1:
                return same[0]
        names = [environment.folder for environment in known]
        raise EnvironmentNotFoundError(f"the store has no environment {folder!r} ({store.path})", _choices(folder, names))
    kept = [environment for environment in known if _backups(store, environment)]
    if len(kept) == 1:
        return kept[0]
    if not kept:
        raise EnvironmentNotFoundError(f"there is no backup in {store.path}", "envkeep backup keeps the first one.")
    names = [environment.folder for environment in kept]
    raise EnvironmentNotFoundError(
        f"no environment is active, and {len(kept)} are stored", f"Name one, as in {names[0]}@latest; there are {_listed(names)}."
    )


def _backups(store: Store, environment: StoredEnvironment) -> Sequence[Backup]:
    # of an environment that nobody asked for: one that cannot be read is not meant
    try:
        return store.backups(environment)
    except StoreError:
        return ()


def _of_path(path: Path) -> Backup | Path:
    path = absolute(path)
    with reading(path):
        there = path.exists()
    if not there:
        raise UnknownBackupError(f"there is no file {path}", "A backup is named by ENV@SELECTOR, as in microscope@latest.")
    found = _set_in(path) if path.is_dir() else backup_at(path)
    if isinstance(found, Path) or (found is not None and (path.is_dir() or is_intact(found))):
        return found
    if path.is_dir():
        raise UnknownBackupError(f"{path} is a folder, and not one of a backup", "Name a file, or a backup by ENV@SELECTOR.")
    return path


def _set_in(folder: Path) -> Backup | Path | None:
    """Return the backup whose folder this is; of one that came without its ``.txt``, or under another name, the main file."""
    return backup_at(folder) or main_file(folder)


def _select(store: Store, environment: StoredEnvironment, backups: Sequence[Backup], selector: str) -> Backup:
    latest = _LATEST.match(selector)
    if latest:
        back = int(latest[1] or 0)
        if back < len(backups):
            return backups[-1 - back]
        there = "1 backup" if len(backups) == 1 else f"{len(backups)} backups"
        raise UnknownBackupError(f"{environment.folder} has {there}, so there is no {selector}", _candidates(backups))
    for backup in backups:
        if selector in backup.tags:
            return backup
    if selector.isascii() and selector.isdigit():
        matching = [backup for backup in backups if backup.stamp.startswith(selector)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            fact = f"{len(matching)} backups of {environment.folder} begin with {selector}"
            raise UnknownBackupError(fact, _candidates(matching))
    elif _is_date(selector):
        # the stamps are what a person sees, so a date is held against them and not against UTC
        bound = re.sub(r"\D", "", selector).ljust(14, "9")
        before = [backup for backup in backups if backup.stamp <= bound]
        if before:
            return before[-1]
        oldest = min(backups, key=lambda backup: backup.stamp)
        raise UnknownBackupError(
            f"{environment.folder} has no backup as old as {selector}", f"The oldest is {_described(oldest)}."
        )
    remedy = _elsewhere(store, environment, selector) or _near(selector, backups)
    raise UnknownBackupError(f"{environment.folder} has no backup {selector!r}", remedy)


def _is_date(text: str) -> bool:
    return any(_parses(text, form) for form in _DATES)


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


def _elsewhere(store: Store, environment: StoredEnvironment, selector: str) -> str | None:
    if selector == "live" or selector.startswith("live:"):
        return "live is what an environment holds now, which is no backup; envkeep diff compares with it."
    known = store.environments()
    named = _named(known, selector)
    if named is not None:
        return f"Did you mean {named}@latest?"
    for other in known:
        if other.folder != environment.folder and any(
            selector in backup.tags or selector == backup.stamp for backup in _backups(store, other)
        ):
            return f"Did you mean {other.folder}@{selector}?"
    return None


def _named(known: Sequence[StoredEnvironment], word: str) -> str | None:
    return next((each.folder for each in known if word in {each.folder, each.name}), None)


def _near(selector: str, backups: Sequence[Backup]) -> str:
    from difflib import get_close_matches

    words = ["latest", *(tag for backup in backups for tag in backup.tags), *(backup.stamp for backup in backups)]
    near = get_close_matches(selector, words, n=1) or [word for word in words if word.casefold() == selector.casefold()]
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}{_candidates(backups)}"


def _choices(word: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    if not names:
        return "envkeep backup keeps the first backup of an environment."
    near = get_close_matches(word, names, n=1)
    return (f"Did you mean {near[0]}? " if near else "") + f"There are {_listed(names)}."


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _candidates(backups: Sequence[Backup]) -> str:
    newest = list(reversed(backups))
    lines = [f"  {_described(backup)}" for backup in newest[:_SHOWN]]
    if len(newest) > _SHOWN:
        lines.append(f"  and {len(newest) - _SHOWN} older ones")
    return "There are:\n" + "\n".join(lines)


def _described(backup: Backup) -> str:
    python = backup.summary.python if backup.summary else None
    facts = [readable(backup.stamp), *([f"Python {python}"] if python else []), *(f"tag {tag}" for tag in backup.tags)]
    return f"{backup.stamp} ({', '.join(facts)})"
