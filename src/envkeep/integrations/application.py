"""``envkeep.backup()``: the one line with which an application keeps a backup of its environment each time it starts."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from logging import Logger
    from threading import Thread

    from envkeep.api import Place
    from envkeep.keeping.backup import BackupResult

__all__ = ["backup"]


@overload
def backup(
    prefix: Place | None = None,
    *,
    home: Place | None = None,
    tag: str | None = None,
    note: str | None = None,
    background: Literal[False] = False,
) -> BackupResult | None: ...


@overload
def backup(
    prefix: Place | None = None,
    *,
    home: Place | None = None,
    tag: str | None = None,
    note: str | None = None,
    background: Literal[True],
) -> Thread: ...


@overload
def backup(
    prefix: Place | None = None,
    *,
    home: Place | None = None,
    tag: str | None = None,
    note: str | None = None,
    background: bool,
) -> BackupResult | Thread | None: ...


def backup(
    prefix: Place | None = None,
    *,
    home: Place | None = None,
    tag: str | None = None,
    note: str | None = None,
    background: bool = False,
) -> BackupResult | Thread | None:
    """Keep a backup of an environment if it differs from the last one. Never raises: an application starts without it, too.

    What came of it goes to the logger ``envkeep``: a backup that was kept, or had no need to be, as INFO; a failure as WARNING.
    Where the settings say ``keep_backup = false`` nothing is done but to say so (INFO).

    Args:
        prefix: of the environment; None: the one this Python runs in.
        home: where backups are kept; None: ENVKEEP_HOME, else ``~/.envkeep``. ``~/.pymodaq`` continues PyMoDAQ's.
        tag: put on the backup, which then never rotates away.
        note: kept with a new backup.
        background: return at once and work in a thread; a program that ends meanwhile waits for it.

    Returns:
        What came of it; None where it failed or is switched off. With ``background``, the thread.
    """
    if not background:
        return _backup(prefix, home, tag, note)
    # on its way out, Python lets nobody import it any more, and the thread may get that far late (filelock asks for it)
    import concurrent.futures.thread  # noqa: F401
    from threading import Thread

    thread = Thread(target=_backup, args=(prefix, home, tag, note), name="envkeep-backup")
    try:
        thread.start()
    except RuntimeError as error:
        # no more threads, or the interpreter is on its way out
        _logger().warning("no backup was kept: %s", error)
    return thread


def _backup(prefix: Place | None, home: Place | None, tag: str | None, note: str | None) -> BackupResult | None:
    try:
        return _keep(prefix, home, tag, note)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is no reason for an application not to start
        from envkeep.errors import EnvkeepError

        if isinstance(error, EnvkeepError):
            _logger().warning("no backup was kept: %s", ". ".join(part for part in (error.fact, error.remedy) if part))
        else:
            # a defect: where it happened matters
            _logger().warning("no backup was kept: %r", error, exc_info=True)
        return None


def _keep(prefix: Place | None, home: Place | None, tag: str | None, note: str | None) -> BackupResult | None:
    unchanged = _unchanged(prefix, home) if tag is None else None
    if unchanged is not None:
        return unchanged
    from envkeep.api import load_settings, open_store, prefix_of
    from envkeep.keeping.backup import backup as keep

    config = load_settings(home)
    if not config.keep_backup:
        said = next(setting.origin for setting in config.settings if setting.name == "backup.keep_backup")
        _logger().info("no backup was kept: keep_backup is false (%s)", said)
        return None
    result = keep(prefix_of(prefix), open_store(config), tag=tag, note=note)
    if result.kept is None:
        _logger().info("%s: nothing changed, no backup was kept", result.environment.folder)
    else:
        counts = "" if result.changes is None else result.changes.counts.text(ascii_only=True)
        _logger().info("%s: kept %s%s", result.environment.folder, result.kept.txt, f" ({counts})" if counts else "")
    for problem in result.problems:
        _logger().info("%s: %s", result.environment.folder, problem.message)
    return result


def _unchanged(prefix: Place | None, home: Place | None) -> BackupResult | None:
    """Return what a backup comes to where nothing moved: the first of a process shall load next to nothing for it."""
    from envkeep.keeping.unchanged import look_as_told

    seen = look_as_told(prefix, home, os.environ)
    if seen is None:
        return None
    from envkeep.keeping.backup import UnchangedResult

    if "logging" in sys.modules:
        # whoever wants to read this has loaded it, which takes longer than all the rest
        _logger().info("%s: nothing changed, no backup was kept", seen.folder)
        for _, message, _, _ in seen.problems:
            _logger().info("%s: %s", seen.folder, message)
    return UnchangedResult(seen)


def _logger() -> Logger:
    from logging import getLogger

    # without a handler of the application's, logging prints warnings on stderr: no backup fails in silence
    return getLogger("envkeep")
