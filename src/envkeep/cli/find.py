"""``envkeep find``."""

from __future__ import annotations

from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Quiet, Verbose

__all__ = ["command"]


def command(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A package: numpy, 'numpy<2', numpy=1.26.*")],
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find the backups, of all environments, that hold a package.

    Example: envkeep find 'numpy<2'
    """
    with answering("find", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.report.find import hits_text
        from envkeep.store.find import find

        hits = find(run.store(), spec)
        run.answer(hits, lambda: hits_text(hits, spec))
