"""``envkeep status``, and what ``envkeep`` alone prints."""

from __future__ import annotations

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

        result = status(live_prefix(name, prefix), run.store())
        run.answer(result, lambda: "" if quiet else status_text(result), status=0 if result.word == "same" else 3)


def welcome() -> None:
    """Print the status of the active environment and the next useful command."""
    with answering("envkeep", None, json=False, quiet=False, verbose=False) as run:
        from envkeep.cli.choosing import live_prefix
        from envkeep.errors import EnvkeepError
        from envkeep.keeping.status import status
        from envkeep.report.status import status_text

        try:
            prefix = live_prefix(None, None)
        except EnvkeepError as error:
            run.console.result(
                f"no active environment: {error.fact}\nnext: envkeep backup -p PATH, or envkeep list; envkeep --help"
            )
            return
        result = status(prefix, run.store())
        run.answer(result, lambda: status_text(result, next_command=True))
