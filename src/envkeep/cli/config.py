"""``envkeep config``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Quiet, Verbose

__all__ = ["command"]


def command(
    init: Annotated[bool, typer.Option("--init", help="Write a commented config.toml, unless one is there.")] = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show every setting and where its value comes from.

    Example: envkeep config --init
    """
    with answering("config", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.report.config import config_text
        from envkeep.store.config_init import init_config
        from envkeep.store.home import resolve_home

        if init:
            path = init_config(resolve_home(run.home, os.environ))
            run.answer({"written": path, "config": run.config()}, lambda: f"wrote {path}", talk=True)
        config = run.config()
        run.answer({"written": None, "config": config}, lambda: config_text(config))
