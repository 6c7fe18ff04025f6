"""A command line that makes no sense: said in envkeep's style, with ``--json`` also in the envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from envkeep.cli.answering import fail
from envkeep.errors import EnvkeepError, UsageError
from envkeep.report.console import Console

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["ClickError", "no_such", "usage_failed"]

# typer brings a click of its own in its newer releases, and uses the one beside it in older ones: this is whichever it raises
ClickError: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def no_such(what: str, word: str, known: Collection[str], remedy: str) -> UsageError:
    """Return the error of a word that is none of those known; a near one is suggested."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return UsageError(f"there is no {what} {word}", f"Did you mean {near[0]}? {remedy}" if near else remedy)


def usage_failed(error: Exception, argv: Sequence[str], verbs: Collection[str]) -> int:
    """Say what was wrong with a command line and return its exit status.

    Args:
        error: of click, or ours.
        argv: without the program's name.
        verbs: that there are.
    """
    options = argv[: argv.index("--")] if "--" in argv else argv
    verb = next((word for word in options if word in verbs), "envkeep")
    console = Console(json="--json" in options)
    return fail(console, verb, error if isinstance(error, EnvkeepError) else _ours(error))


def _ours(error: Any) -> UsageError:
    context = getattr(error, "ctx", None)
    help_ = f"See {context.command_path if context is not None else 'envkeep'} -h."
    option = getattr(error, "option_name", None)
    if option is not None and context is not None:
        known = [name for param in context.command.get_params(context) for name in param.opts if name.startswith("--")]
        if type(error).__name__ == "NoSuchOption":
            return no_such("option", option, known, help_)
    # pydantic, in typer's newer releases, leads with the name of its exception
    text = str(error.format_message()).replace("Value error, ", "").rstrip(".")
    return UsageError(text[:1].lower() + text[1:], help_)
