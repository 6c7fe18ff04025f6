"""``envkeep tag``."""

from __future__ import annotations

from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command"]


def command(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date or a tag.")],
    tag: Annotated[str, typer.Argument(metavar="NAME", help="A word such as paper-2025.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag away instead.")] = False,
    name: Name = None,
    prefix: Prefix = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Tag a backup: a tagged backup never rotates away.

    Example: envkeep tag latest paper-2025
    """
    with answering("tag", home, json=json, quiet=quiet, verbose=verbose) as run:
        from dataclasses import replace

        from envkeep.cli.choosing import choose
        from envkeep.errors import UsageError

        store = run.store()
        chosen = choose(store, backup, name, prefix).backup
        if chosen is None:
            raise UsageError(f"{backup} is a file", "Tags are for backups in the store; bring it in with: envkeep import FILE")
        if remove:
            store.untag(chosen.environment, tag)
            untagged = replace(chosen, tags=tuple(each for each in chosen.tags if each != tag))
            run.answer(
                {"backup": untagged, "tag": tag},
                lambda: f"{chosen.environment.folder}: no backup is tagged {tag} any more",
                talk=True,
            )
        tagged = store.tag(chosen, tag)
        run.answer({"backup": tagged, "tag": tag}, lambda: f"{tagged.label}: tagged {tag}", talk=True)
