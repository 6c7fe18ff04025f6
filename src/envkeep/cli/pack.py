"""``envkeep pack``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command"]


def command(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a record.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The archive: NAME.envkeep.")],
    strict: Annotated[bool, typer.Option("--strict", help="Write no archive that lacks something.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network: caches, folders, the environment itself.")] = False,
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Pack variables that look secret, too.")] = False,
    name: Name = None,
    prefix: Prefix = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Put a backup and every artefact that it names into one archive, which rebuilds with no network.

    Conda's artefacts, wheels, and the sources of your own projects. An interrupted pack goes on where it was.

    Example: envkeep pack microscope@latest -o microscope.envkeep
    """
    with answering("pack", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.archive.pack import pack
        from envkeep.cli.choosing import choose, load
        from envkeep.errors import UsageError
        from envkeep.model.record import Record
        from envkeep.report.pack import packed_text
        from envkeep.report.progress import progress_for

        store = run.store()
        chosen = choose(store, backup, name, prefix)
        record = load(store, chosen)
        if not isinstance(record, Record):
            raise UsageError(f"{chosen.label} is no record, only a list", "Pack a backup that has a record; see envkeep list.")
        result = pack(
            record,
            output,
            os.environ,
            strict=strict,
            offline=offline,
            with_secrets=with_secrets,
            progress=progress_for(quiet=quiet),
        )
        run.answer(result, lambda: "" if quiet else packed_text(result, verbose=verbose))
