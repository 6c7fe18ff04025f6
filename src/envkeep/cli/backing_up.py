"""What ``envkeep backup`` does, apart from its options: it runs at the start of applications, where typer would be most of it."""

from __future__ import annotations

import os
from pathlib import Path

from envkeep.cli.answering import answering

__all__ = ["back_up"]


def back_up(
    home: Path | None = None,
    *,
    name: str | None = None,
    prefix: Path | None = None,
    every: bool = False,
    force: bool = False,
    tag: str | None = None,
    note: str | None = None,
    json: bool = False,
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Keep a backup of an environment, or of every one, and say what came of it.

    Raises:
        SystemExit: always.
    """
    with answering("backup", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import live_prefix
        from envkeep.errors import UsageError
        from envkeep.keeping.backup import backup
        from envkeep.report.backup import backup_text, backups_text

        store = run.store()
        if not every:
            result = backup(live_prefix(name, prefix, store), store, force=force, tag=tag, note=note, afresh=json)
            run.answer(result, lambda: backup_text(result, verbose=verbose, tag=tag), problems=result.problems, talk=True)
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
        run.answer(results, lambda: backups_text(results, verbose=verbose), status=status, talk=True)
