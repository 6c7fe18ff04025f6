"""``envkeep restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envkeep.cli.options import AsJson, DryRun, Home, Quiet, Verbose, Yes, file, folder
from envkeep.cli.rebuilding import Rebuild, with_rebuild
from envkeep.cli.restoring import restore_backup

__all__ = ["command"]


@with_rebuild
def command(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a file.")],
    name: Annotated[
        str | None,
        typer.Option(
            "-n",
            "--name",
            metavar="NAME",
            help="Name of the new environment, beside the old one (default: OLDNAME-STAMP).",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[
        Path | None,
        typer.Option("-p", "--prefix", parser=folder, metavar="PATH", help="Folder of the new environment.", show_default=False),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(
            "--platform", metavar="SUBDIR", help="Plan for another platform (with --dry-run or --script).", show_default=False
        ),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            parser=file,
            metavar="FILE",
            help="Write the plan as a script for bash (.sh) or PowerShell (.ps1) that needs no envkeep, and build nothing.",
            show_default=False,
        ),
    ] = None,
    *,
    rebuild: Rebuild,
    yes: Yes = False,
    dry_run: DryRun = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Build a new environment from a backup or a file, and verify it, package by package.

    The old environment stays as it is. Exit status 3 if the new one came out below the fidelity that was asked for.

    Example: envkeep restore microscope@latest -p ~/envs/microscope-new
    """
    restore_backup(
        backup,
        home,
        name=name,
        prefix=prefix,
        platform=platform,
        script=script,
        rebuild=rebuild,
        yes=yes,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
        verbose=verbose,
    )
