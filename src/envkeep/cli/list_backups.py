"""``envkeep list``."""

from __future__ import annotations

from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command"]


def command(
    name: Name = None,
    prefix: Prefix = None,
    all_: Annotated[bool, typer.Option("--all", help="Every stored environment, not the active one's backups.")] = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """List the backups of an environment, newest first; without one named or active, every stored environment.

    Example: envkeep list -n microscope
    """
    with answering("list", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import active_stored, stored_environment
        from envkeep.report.listing import backups_table, environments_table

        store = run.store()
        named = name is not None or prefix is not None
        environment = stored_environment(store, name, prefix) if named else None if all_ else active_stored(store)
        if environment is None:
            known = store.environments()
            rows = tuple((each, store.backups(each)) for each in known)
            run.answer(
                [{"environment": each, "backups": kept} for each, kept in rows], lambda: environments_table(rows, store.path)
            )
        else:
            backups = tuple(reversed(store.backups(environment)))
            run.answer({"environment": environment, "backups": backups}, lambda: backups_table(environment, backups))
