"""What ``envkeep export --format requirements`` does with a live environment, apart from its options: see ``at_start``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.cli.answering import answering

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["list_requirements"]


def list_requirements(home: Path | None = None, *, prefix: Path | None = None, quiet: bool = False) -> None:
    """Print the list of an environment's Python packages.

    Raises:
        SystemExit: always.
    """
    with answering("export", home, json=False, quiet=quiet, verbose=False) as run:
        from envkeep.capturing.listed import requirements_list
        from envkeep.cli.choosing import live_prefix
        from envkeep.store.home import CONFIG_FILE, resolve_home

        if os.path.lexists(resolve_home(run.home, os.environ) / CONFIG_FILE):
            # settings that are wrong are said, as everywhere
            run.config()

        # the last backup was asked before, in `at_start`
        where = live_prefix(None, prefix)
        text = requirements_list(where)
        if text is None:
            from envkeep.formats.requirements_txt import write
            from envkeep.keeping.former import capture_beside

            text = write(capture_beside(where, run.store()), name_indexes=True)
        run.answer({}, lambda: text.rstrip("\n"), as_is=True)
