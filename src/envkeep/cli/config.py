"""``envkeep config``."""

from __future__ import annotations

import os
from typing import Annotated

from envkeep.cli.answering import answering
from envkeep.cli.options import Shared
from envkeep.cli.parameters import option

__all__ = ["command"]


def command(
    init: Annotated[bool, option("--init", help="Write a commented config.toml, unless one is there.")] = False,
    *,
    shared: Shared,
) -> None:
    """Show every setting and where its value comes from.

    Example: envkeep config --init
    """
    with answering("config", shared) as run:
        from envkeep.report.config import config_text
        from envkeep.store.config import resolve_home
        from envkeep.store.config_init import init_config

        if init:
            path = init_config(resolve_home(run.home, os.environ))
            run.answer({"written": path, "config": run.config()}, lambda: f"wrote {path}", talk=True)
        config = run.config()
        run.answer({"written": None, "config": config}, lambda: config_text(config))
