"""``envkeep backup``."""

from __future__ import annotations

from typing import Annotated

import typer

from envkeep.cli.backing_up import back_up
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
    back_up(
        home,
        name=name,
        prefix=prefix,
        every=all_,
        force=force,
        tag=tag,
        note=note,
        json=json,
        quiet=quiet,
        verbose=verbose,
    )
