"""The options that verbs share, so that each is spelled, explained and defaulted once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from envkeep.cli.parameters import option

__all__ = ["DryRun", "Name", "Prefix", "Shared", "Yes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The options that every command has, and that may stand before the command, too."""

    home: Annotated[
        Path | None, option("--home", metavar="DIR", help="Where backups are kept (default: ENVKEEP_HOME, else ~/.envkeep).")
    ] = None
    json: Annotated[bool, option("--json", help="Print the result as JSON.")] = False
    quiet: Annotated[bool, option("-q", "--quiet", help="Say nothing but errors and what was asked to be shown.")] = False
    verbose: Annotated[bool, option("-v", "--verbose", help="Say more: every package, every problem.")] = False


Name: TypeAlias = Annotated[str | None, option("-n", "--name", metavar="NAME", help="The environment, by name.")]
Prefix: TypeAlias = Annotated[Path | None, option("-p", "--prefix", metavar="PATH", help="The environment, by its folder.")]
Yes: TypeAlias = Annotated[bool, option("-y", "--yes", help="Do not ask.")]
DryRun: TypeAlias = Annotated[bool, option("-d", "--dry-run", help="Show what would be done, and do nothing.")]
