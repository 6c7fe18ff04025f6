"""``envkeep backup``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command"]


def command(
    name: Name = None,
    prefix: Prefix = None,
    all_: Annotated[bool, typer.Option("--all", help="Every environment that can be found.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Keep a backup even if nothing changed.")] = False,
    tag: Annotated[
        str | None,
        typer.Option("--tag", metavar="TAG", help="Tag the backup: it never rotates away.", show_default=False),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="TEXT", help="Keep a note with the backup.", show_default=False),
    ] = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Keep a backup of an environment if it differs from the last one; say what changed.

    Example: envkeep backup -n microscope --tag before-upgrade
    """
    with answering("backup", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import live_prefix
        from envkeep.errors import UsageError
        from envkeep.keeping.backup import backup
        from envkeep.report.backup import backup_text, backups_text

        store = run.store()
        if not all_:
            result = backup(live_prefix(name, prefix, store), store, force=force, tag=tag, note=note, afresh=json)
            run.answer(result, lambda: backup_text(result, verbose=verbose), problems=result.problems, talk=True)
        if name is not None or prefix is not None or tag is not None:
            raise UsageError("--all goes with neither -n, -p nor --tag", "Leave it out, or name no environment.")
        from envkeep.capturing.discovery import known_prefixes
        from envkeep.keeping.every import backup_all
        from envkeep.report.progress import progress_for
        from envkeep.store.journal import Journal

        stored = [Path(each.prefix) for each in store.environments() if each.prefix is not None]
        # what a rollback moved aside is no environment that anybody uses
        aside = {each.aside for each in Journal(store.home).entries()}
        found = [each for each in known_prefixes(os.environ, also=stored) if str(each) not in aside]
        results = backup_all(found, store, progress_for(quiet=quiet), force=force, note=note)
        status = 1 if results.failed else 0
        run.answer(results, lambda: backups_text(results), status=status, talk=True)
