"""``envkeep inspect``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AllowIndex, AsJson, Home, Quiet, Verbose

__all__ = ["command"]


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .txt, environment.yml, explicit list, lock file, record or packed archive.")
    ],
    allow_index: AllowIndex = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Print everything that restoring a file would contact, install or run; nothing is contacted, installed or run.

    Example: envkeep inspect ~/Downloads/environment.yml
    """
    with answering("inspect", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.formats.export import without_secrets
        from envkeep.formats.load import load_file
        from envkeep.model.record import Record
        from envkeep.planning.make import make_plan
        from envkeep.report.inspect import inspected_text
        from envkeep.restoring.facts import gather_facts

        source = load_file(file, allow_index=allow_index or ())
        config = run.config()
        facts = gather_facts(source, os.environ, ask_servers=False, channels=config.channels)
        plan = make_plan(
            source,
            target="",
            facts=facts,
            remap=dict(config.remap),
            link_scripts=True,
            index_urls=allow_index or (),
        )
        shown = without_secrets(source) if isinstance(source, Record) else source
        run.answer({"source": shown, "plan": plan}, lambda: inspected_text(shown, plan, str(file)))
