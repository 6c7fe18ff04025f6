"""``envkeep check``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.cli.answering import Answering
    from envkeep.engines.base import Engine
    from envkeep.errors import EngineError
    from envkeep.model.record import Record
    from envkeep.store.store import Store

__all__ = ["command"]


def command(
    backup: Annotated[
        str | None,
        typer.Argument(
            metavar="[BACKUP]", help="One, as it was recorded; else the environment as it is now.", show_default=False
        ),
    ] = None,
    name: Name = None,
    prefix: Prefix = None,
    files: Annotated[bool, typer.Option("--files", help="Also hold every file against its recorded hash.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Also ask channels and indexes whether they still have it.")] = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what in an environment or a backup could not be rebuilt, worst first, each with the remedy. Exit status 3 if anything.

    Example: envkeep check -n microscope --files
    """
    with answering("check", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.checking.check import check
        from envkeep.checking.files import altered_files
        from envkeep.report.check import check_text
        from envkeep.report.progress import progress_for

        where: Path | None = None
        if backup is not None:
            record, label = _recorded(run.store(), backup, name, prefix, files=files)
        else:
            from envkeep.capturing.capture import capture
            from envkeep.cli.choosing import live_prefix

            where = live_prefix(name, prefix, run.store())
            # git is asked for more than a record holds
            record = capture(where, ask_git=False)
            label = record.environment.name
        progress = progress_for(quiet=quiet)
        engine = _engine(run) if online and record.conda else None
        findings = check(record, prefix=where, online=online, engine=engine, progress=progress)
        altered = altered_files(where, progress) if files and where is not None else ()
        status = 3 if findings or altered else 0
        result = {"findings": findings, "files": altered}
        run.answer(
            result,
            lambda: check_text(label, findings, altered, record.problems),
            status=status,
            problems=record.problems,
            talk=True,
        )


def _engine(run: Answering) -> Engine | EngineError:
    """Return who asks the channels, or why nobody can: what needs no network is told all the same."""
    from envkeep.errors import EngineError
    from envkeep.restoring.engine import engine_here

    try:
        return engine_here(run.config().engine, os.environ)
    except EngineError as error:
        return error


def _recorded(store: Store, backup: str, name: str | None, prefix: Path | None, *, files: bool) -> tuple[Record, str]:
    """Return a backup's record, and what to call it."""
    from envkeep.cli.choosing import choose, load
    from envkeep.errors import UsageError
    from envkeep.model.record import Record

    if files:
        raise UsageError("--files looks into an environment, and a backup has none of its files", "Leave BACKUP or --files out.")
    chosen = choose(store, backup, name, prefix)
    found = load(store, chosen)
    if not isinstance(found, Record):
        raise UsageError(
            f"{chosen.label} is a list of packages, and no record that says where they came from",
            f"See what it holds: envkeep show {chosen.label}",
        )
    return found, chosen.label
