"""``envkeep status``, and what ``envkeep`` alone prints."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command", "welcome"]


def command(
    name: Name = None,
    prefix: Prefix = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say whether an environment has changed since its last backup. Exit status 3 if it has, or if there is none.

    Example: envkeep status -n microscope
    """
    with answering("status", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import live_prefix
        from envkeep.keeping.status import status
        from envkeep.report.status import status_text

        store = run.store()
        result = status(live_prefix(name, prefix, store), store)
        run.answer(
            result,
            lambda: status_text(result, verbose=verbose),
            status=0 if result.word == "same" else 3,
            problems=result.record.problems,
            talk=True,
        )


def welcome(home: Path | None, *, json: bool, quiet: bool, verbose: bool) -> NoReturn:
    """Print the status of the active environment and the next useful command.

    Raises:
        SystemExit: always; status 0 unless there was an error.
    """
    with answering("envkeep", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import live_prefix
        from envkeep.errors import EnvkeepError
        from envkeep.keeping.status import status
        from envkeep.report.status import Standing, standing_text

        try:
            prefix = live_prefix(None, None)
        except EnvkeepError as error:
            standing = Standing(status=None, fact=error.fact, next="envkeep backup -p PATH")
        else:
            result = status(prefix, run.store())
            standing = Standing(status=result, fact=None, next="envkeep list" if result.word == "same" else "envkeep backup")
        run.answer(standing, lambda: standing_text(standing, verbose=verbose))
