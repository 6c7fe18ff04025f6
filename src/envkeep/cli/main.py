"""The ``envkeep`` command: a verb's module is imported when that verb is called, so that each pays for nothing else."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

from envkeep.cli.answering import fail
from envkeep.cli.command_line import no_such, options_before, values
from envkeep.cli.options import Shared
from envkeep.cli.parameters import call, option, parameters
from envkeep.errors import EnvkeepError, InterruptedByUserError
from envkeep.report.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["VERBS", "main", "root", "verb_function"]

# verb: module under envkeep.cli, in the order of --help
VERBS = {
    "backup": "backup",
    "list": "list_backups",
    "show": "show",
    "diff": "diff",
    "status": "status",
    "find": "find",
    "check": "check",
    "export": "export",
    "restore": "restore",
    "rollback": "rollback",
    "verify": "verify",
    "pack": "pack",
    "inspect": "inspect",
    "import": "import_files",
    "tag": "tag",
    "forget": "forget",
    "config": "config",
    "doctor": "doctor",
    "completion": "completion",
}


def verb_function(verb: str) -> Callable[..., None]:
    """Return the function of a verb."""
    function: Callable[..., None] = importlib.import_module(f"envkeep.cli.{VERBS[verb]}").command
    return function


def root(version: Annotated[bool, option("--version", help="Print the version.")] = False, *, shared: Shared) -> None:
    """Keep a record of an environment each time it changes, rebuild it, and prove what came out.

    Without a command: the status of the active environment and the next useful command.

    Example: envkeep backup
    """
    if version:
        from envkeep import __version__

        Console().result(f"envkeep {__version__}")
        return
    from envkeep.cli.status import welcome

    welcome(shared)


def main() -> None:
    """Run the command line and end with its exit status."""
    words = sys.argv[1:]
    try:
        _run(words)
    except EnvkeepError as error:
        sys.exit(_failed(error, words))
    except KeyboardInterrupt:
        sys.exit(_failed(InterruptedByUserError("interrupted"), words))
    sys.exit(0)


def _run(words: Sequence[str]) -> None:
    known = parameters(root)
    before, rest = options_before(known, words)
    if before is None:
        from envkeep.cli.help import root_help

        _show(root_help(root, known, {verb: verb_function(verb) for verb in VERBS}))
    elif not rest or "version" in before:
        call(root, before)
    elif rest[0] not in VERBS:
        raise no_such("command", rest[0], VERBS, "envkeep -h lists them.")
    else:
        _run_verb(rest[0], rest[1:], before)


def _run_verb(verb: str, words: Sequence[str], before: dict[str, Any]) -> None:
    function = verb_function(verb)
    known = parameters(function)
    given = values(known, words, f"envkeep {verb}")
    if given is None:
        from envkeep.cli.help import verb_help

        _show(verb_help(verb, function, known))
        return
    # an option that every command has may stand before the command, too
    call(function, {**before, **given})


def _show(text: str) -> None:
    Console().result(text, as_is=True)


def _failed(error: EnvkeepError, words: Sequence[str]) -> int:
    options = words[: words.index("--")] if "--" in words else words
    verb = next((word for word in options if word in VERBS), "envkeep")
    return fail(Console(json="--json" in options), verb, error)
