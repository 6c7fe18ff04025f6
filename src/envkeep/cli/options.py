"""The options that verbs share, so that each is spelled, explained and defaulted once."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated, Optional

import typer

__all__ = ["AsJson", "DryRun", "Home", "Name", "Prefix", "Quiet", "Verbose", "Yes"]

# typer of Python 3.10 wants Optional where an alias is evaluated at run time
Home = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--home", metavar="DIR", help="Where backups are kept (default: ENVKEEP_HOME, else ~/.envkeep).", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors and results.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more: every problem, every command run.")]
Name = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("-n", "--name", metavar="NAME", help="The environment, by name.", show_default=False),
]
Prefix = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("-p", "--prefix", metavar="PATH", help="The environment, by its folder.", show_default=False),
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("-d", "--dry-run", help="Show what would be done, and do nothing.")]
