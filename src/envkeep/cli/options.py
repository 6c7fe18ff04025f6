"""The options that verbs share, so that each is spelled, explained and defaulted once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AllowIndex", "AsJson", "DryRun", "Home", "Name", "Prefix", "Quiet", "Verbose", "Yes", "file", "folder"]


def folder(text: str | Path) -> Path:
    """Return a folder that an option names; an empty text, mostly an unset variable of a shell, is not the current one.

    A default, which an option given before the verb becomes, is a Path already.

    Raises:
        typer.BadParameter: the text is empty.
    """
    if not str(text).strip():
        raise typer.BadParameter("it is empty; say . for the folder where you are")
    return Path(text)


def file(text: str | Path) -> Path:
    """Return a file that an option names; see ``folder``.

    Raises:
        typer.BadParameter: the text is empty.
    """
    if not str(text).strip():
        raise typer.BadParameter("it is empty; name a file")
    return Path(text)


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        parser=folder,
        metavar="DIR",
        help="Where backups are kept (default: ENVKEEP_HOME, else ~/.envkeep).",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors and what was asked to be shown.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more: every package, every problem.")]
Name = Annotated[
    str | None,
    typer.Option("-n", "--name", metavar="NAME", help="The environment, by name.", show_default=False),
]
Prefix = Annotated[
    Path | None,
    typer.Option("-p", "--prefix", parser=folder, metavar="PATH", help="The environment, by its folder.", show_default=False),
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("-d", "--dry-run", help="Show what would be done, and do nothing.")]
AllowIndex = Annotated[
    list[str] | None,
    typer.Option("--allow-index", metavar="URL", help="A package index that the file may name.", show_default=False),
]
