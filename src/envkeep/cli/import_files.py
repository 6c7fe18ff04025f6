"""``envkeep import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Quiet, Verbose
from envkeep.errors import EnvkeepError, UsageError

if TYPE_CHECKING:
    from envkeep.store.layout import Backup

__all__ = ["command"]


def command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="A .txt, environment.yml, explicit list, record, or a backup's folder."),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "-n",
            "--name",
            metavar="NAME",
            help="The environment they are of (default: what the file calls it, else its folder's name).",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Bring loose files into the store as backups; the files themselves stay as they are.

    Example: envkeep import ~/old/20250131112405_environment.txt -n microscope
    """
    with answering("import", home, json=json, quiet=quiet, verbose=verbose) as run:
        if name is not None and not name.strip():
            raise UsageError("-n names no environment", "Leave it out, or give a name.")
        store = run.store()
        kept: list[Backup] = []

        def said() -> str:
            return "\n".join(f"{backup.label}: kept, from {file}" for backup, file in zip(kept, files, strict=False))

        for file in files:
            try:
                kept.append(store.import_file(file, name))
            except EnvkeepError:  # noqa: PERF203 - a handful of files
                # those before it are in the store, which the error alone would not tell
                if kept:
                    run.console.say(said())
                raise
        run.answer(kept, said, talk=True)
