"""``envkeep list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose
from envkeep.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

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

        config, wrong = run.config_or_default()
        if wrong is not None:
            why = wrong.fact.splitlines()[0].rstrip(":")
            run.console.warn(f"the settings are wrong and do not count here ({why}); see `envkeep doctor`")
        store = run.store(config)
        named = name is not None or prefix is not None
        environment = stored_environment(store, name, prefix) if named else None if all_ else active_stored(store)
        if environment is None:
            rows = tuple((each, _backups(store, each)) for each in store.environments())
            shown = [{"environment": each, "backups": None if kept is None else kept[::-1]} for each, kept in rows]
            run.answer(shown, lambda: environments_table(rows, store.path))
        else:
            backups = tuple(reversed(store.backups(environment)))
            shown = [{"environment": environment, "backups": backups}]
            run.answer(shown, lambda: backups_table(environment, backups))


def _backups(store: Store, environment: StoredEnvironment) -> Sequence[Backup] | None:
    # one folder that cannot be read must not hide all others
    try:
        return store.backups(environment)
    except StoreError:
        return None
