"""What ``import envkeep`` gives: capture, load, diff, plan, restore, verify, export.

``backup`` is in ``integrations.application``.

An environment is a prefix, by default the one this Python runs in. A backup is named as on the command line (``latest``,
``microscope@2025-01-31``, a tag), and so is a file. What the settings say about engines, installers and channels holds here too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from envkeep.model.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from envkeep.diffing.changes import Changes
    from envkeep.engines.base import EngineName, InstallerName, Progress
    from envkeep.formats.pip_section import PipChoice
    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.planning.fidelity import Fidelity
    from envkeep.planning.plan import Plan
    from envkeep.restoring.result import RestoreResult
    from envkeep.store.config import Config
    from envkeep.store.layout import Backup
    from envkeep.store.store import Store
    from envkeep.verifying.outcome import Verification

    ExportFormat: TypeAlias = Literal[
        "environment-yml", "no-builds", "from-history", "portable", "explicit", "requirements", "record-json"
    ]

__all__ = [
    "Place",
    "Source",
    "capture",
    "diff",
    "export",
    "load",
    "load_settings",
    "open_store",
    "plan",
    "prefix_of",
    "restore",
    "verify",
]

Place: TypeAlias = "str | os.PathLike[str]"
Source: TypeAlias = "Record | Specification | str | os.PathLike[str]"


def capture(prefix: Place | None = None, *, home: Place | None = None) -> Record:
    """Return the record of an environment as it is now; nothing in it is changed.

    Args:
        prefix: of a conda environment, a venv or an interpreter; None: the one this Python runs in.
        home: as of ``load``. Of an environment that is backed up there, files that did not move since are not read again.

    Raises:
        NotAnEnvironmentError: the prefix is none.
    """
    return _captured(prefix, home)


def load(backup: Place = "latest", *, home: Place | None = None) -> Record | Specification:
    """Return what a backup or a file holds: a complete record, or what a list or an environment.yml asks for.

    Args:
        backup: ``latest``, ``latest~2``, a stamp, a date, a tag, each also of another environment (``microscope@latest``); or a
            file. Without ``ENV@``, backups of the environment this Python runs in.
        home: where backups are kept; None: ENVKEEP_HOME, else ``~/.envkeep``.

    Raises:
        UnknownBackupError, EnvironmentNotFoundError: there is no such backup; the message lists those there are.
        BadFormatError: it cannot be read.
    """
    source, _ = _load(backup, home)
    return source


def diff(old: Source, new: Source | None = None, *, home: Place | None = None) -> Changes:
    """Return what changed from one environment to another: false where nothing did, else its changes, one after the other.

    Args:
        old: a record, a backup or a file.
        new: the same; None: the environment this Python runs in, as it is now.
        home: as of ``load``.

    Raises:
        UnknownBackupError, EnvironmentNotFoundError, BadFormatError: as of ``load``.
    """
    from envkeep.diffing.diff import diff as compare

    return compare(_read(old, home), _captured(None, home, ask_git=False) if new is None else _read(new, home))


def export(
    source: Record | None = None,
    format: ExportFormat = "environment-yml",  # noqa: A002 - the word of --format
    *,
    pip: PipChoice = "pinned",
    with_secrets: bool = False,
    prefix: Place | None = None,
    home: Place | None = None,
) -> str:
    """Return a record, or an environment as it is now, as the text of a file that other tools read.

    Args:
        source: from ``capture`` or ``load``; None: the environment of ``prefix``. Its ``requirements`` alone (what ``pip freeze``
            lists, with local projects and packages of conda's build machines as a backup's ``.txt`` has them) take less than a
            capture, and nothing is read where nothing changed since a backup and what a checkout or an index says has no part.
        format: which file.
        pip: how the pip section of an environment.yml names packages.
        with_secrets: also variables that look secret.
        prefix: as of ``capture``, without a source.
        home: as of ``capture``, without a source.

    Raises:
        UsageError: there is no such format, or a source and a prefix are given.
        NotAnEnvironmentError: the prefix is none.
    """
    if source is not None and prefix is not None:
        from envkeep.errors import UsageError

        raise UsageError("a record and a prefix are given, and only one can be exported", "Leave one of them out.")
    if source is None and format == "requirements":
        from envkeep.keeping.listing import last_list

        text = last_list(prefix, home, os.environ)
        if text is None:
            from envkeep.capturing.listed import requirements_list

            text = requirements_list(prefix_of(prefix))
        if text is not None:
            return text
    from envkeep.formats.export import export as write

    return write(capture(prefix, home=home) if source is None else source, format, pip=pip, with_secrets=with_secrets)


def plan(
    source: Source,
    prefix: Place | None = None,
    *,
    name: str | None = None,
    fidelity: Fidelity | None = None,
    strict: bool = False,
    channels: Sequence[str] = (),
    remap: Mapping[str, str] | None = None,
    engine: EngineName | None = None,
    offline: bool = False,
    with_secrets: bool = False,
    home: Place | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Return the plan that rebuilds a record, a backup or a file; channels are asked, nothing is built.

    Args:
        source: what is rebuilt.
        prefix: where; None: a new folder beside the old environment, called ``name``.
        name: of the new environment; None: the old one's and a stamp.
        fidelity: the rung to start at (``exact``, ``same-version``, ``requested``, ``pip``); None: the best there is.
        strict: refuse rather than bring anything back less near.
        channels: take packages from here instead.
        remap: channels that take the place of others.
        engine: what makes conda environments; None: what the settings say, else the first that is found.
        offline: use no network.
        with_secrets: bring back variables that look secret, too.
        home: as of ``load``.
        progress: told how far the look at the channels is.

    Raises:
        TargetExistsError: the target is there and not an empty folder.
        RefusedError: ``strict``, and it would come back less near.
        EngineError, UnsolvableError: nothing can make it, or the channels do not hold it.
        UsageError: the arguments make no sense together.
        UnknownBackupError, EnvironmentNotFoundError, BadFormatError: as of ``load``.
    """
    from envkeep.restoring.prepare import Options, prepare

    backup: Backup | None = None
    config = load_settings(home)
    what: Record | Specification
    if isinstance(source, (str, os.PathLike)):
        what, backup = _load(source, home)
    else:
        what = source
    options = Options(
        target=None if prefix is None else prefix_of(prefix),
        name=name,
        fidelity=fidelity,
        strict=strict,
        channels=tuple(channels),
        remap=remap,
        engine=engine,
        offline=offline,
        with_secrets=with_secrets,
    ).with_settings(config, own=backup is not None)
    stamp = "restored" if backup is None else backup.stamp
    return prepare(what, options, os.environ, stamp=stamp, progress=progress).plan


def restore(
    plan: Plan,
    *,
    engine: EngineName | None = None,
    installer: InstallerName | None = None,
    files: bool = False,
    imports: bool = False,
    home: Place | None = None,
    progress: Progress | None = None,
) -> RestoreResult:
    """Build the environment of a plan and verify it; if that fails, nothing of it is left and nothing else was touched.

    Args:
        plan: of ``plan``.
        engine: what makes conda environments; None: what the settings say, else the first that is found.
        installer: pip or uv; None: what the settings say, else what is there.
        files: afterwards, hold every file against its recorded hash.
        imports: afterwards, import every package.
        home: whose settings; None: ENVKEEP_HOME, else ``~/.envkeep``.
        progress: told how far long work is.

    Raises:
        TargetExistsError, UnsolvableError, RefusedError, EngineError, InstallerError: nothing was built; the message says why.
    """
    from envkeep.restoring.engine import engine_here
    from envkeep.restoring.restore import restore as build

    config = load_settings(home)
    made_by = engine_here(engine or config.engine, os.environ) if plan.conda_step is not None else None
    return build(plan, engine=made_by, installer=installer or config.installer, files=files, imports=imports, progress=progress)


def verify(
    expected: Source,
    prefix: Place | None = None,
    *,
    files: bool = False,
    imports: bool = False,
    home: Place | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Hold an environment against a record, a backup or a file, package by package.

    Args:
        expected: what it should be.
        prefix: of the environment; None: the one this Python runs in.
        files: also hold every file against its recorded hash.
        imports: also import every package, each in a process of its own.
        home: as of ``load``.
        progress: told how far long work is.

    Raises:
        NotAnEnvironmentError: the prefix is none.
        UnknownBackupError, EnvironmentNotFoundError, BadFormatError: as of ``load``.
    """
    from envkeep.verifying.prefix import verify_prefix

    return verify_prefix(_read(expected, home), prefix_of(prefix), files=files, imports=imports, progress=progress)


def load_settings(home: Place | None = None) -> Config:
    """Return the settings of a home; None: ENVKEEP_HOME, else ``~/.envkeep``.

    Raises:
        BadConfigError: a setting makes no sense.
    """
    from envkeep.store.config import load_config
    from envkeep.store.home import resolve_home

    return load_config(resolve_home(None if home is None else os.fspath(home), os.environ), os.environ)


def open_store(config: Config) -> Store:
    """Return the store that the settings say."""
    from envkeep.store.store import Store

    return Store(config.home, folder=config.folder, limit=config.limit, lock_timeout=config.lock_timeout)


def prefix_of(place: Place | None) -> Path:
    """Return an absolute prefix; None is that of the running Python."""
    return Path(sys.prefix) if place is None else absolute(place)


def _captured(prefix: Place | None, home: Place | None, *, ask_git: bool = True) -> Record:
    # in what state checkouts are is no content, so that a comparison need not know
    store = _store_beside(home)
    if store is None:
        from envkeep.capturing.capture import capture as capture_prefix

        return capture_prefix(prefix_of(prefix), ask_git=ask_git)
    from envkeep.keeping.former import capture_beside

    return capture_beside(prefix_of(prefix), store, ask_git=ask_git)


def _store_beside(home: Place | None) -> Store | None:
    """Return the store, None where the settings cannot be read: they say nothing of what is in an environment."""
    from envkeep.errors import BadConfigError

    try:
        return open_store(load_settings(home))
    except BadConfigError:
        return None


def _read(source: Source, home: Place | None) -> Record | Specification:
    return _load(source, home)[0] if isinstance(source, (str, os.PathLike)) else source


def _load(named: Place, home: Place | None) -> tuple[Record | Specification, Backup | None]:
    from envkeep.formats.load import load_file
    from envkeep.store.select import resolve

    store = open_store(load_settings(home))
    # a Path is a file, whatever it is called; a text can be a selector
    text = named if isinstance(named, str) else str(absolute(named))
    found = resolve(store, text, store.find_environment(sys.prefix))
    return (load_file(found), None) if isinstance(found, Path) else (store.load(found), found)
