"""The ``envkeep`` command: a verb's module is imported when that verb is called, so that a backup pays for nothing else."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from envkeep.cli.converting import converting_quickly
from envkeep.cli.options import AsJson, Home, Quiet, Verbose
from envkeep.cli.usage import ClickError, no_such, usage_failed
from envkeep.errors import EnvkeepError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VERBS", "app", "main", "root", "verb_command", "verb_function"]

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

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

EPILOG = (
    "Exit status: 0 as asked; 1 error; 2 usage; 3 differs (status, diff, check, verify, and a restore or rollback that came out "
    "below what was asked) or is not sound (doctor); 130 interrupted."
)


class _Verb(TyperCommand):
    """A command that converts plain values quickly."""

    def get_params(self, ctx: Any) -> Any:
        return converting_quickly(super().get_params(ctx))


class _Verbs(TyperGroup):
    """A group that knows its verbs by name and builds the one that is called."""

    def get_params(self, ctx: Any) -> Any:
        return converting_quickly(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise no_such("command", args[0], VERBS, "envkeep -h lists them.")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is typer's
        if cmd_name not in VERBS:
            return None
        return verb_command(cmd_name)


def verb_function(verb: str) -> Callable[..., None]:
    """Return the function of a verb."""
    function: Callable[..., None] = importlib.import_module(f"envkeep.cli.{VERBS[verb]}").command
    return function


def verb_command(verb: str) -> Any:
    """Return the command of a verb, as click has them."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_SETTINGS)
    single.command(verb, cls=_Verb, epilog=EPILOG)(verb_function(verb))
    return get_command(single)


def root() -> Any:
    """Return the command that all verbs hang on, as click has them."""
    return get_command(app)


def _version(value: bool) -> None:
    if value:
        from envkeep import __version__
        from envkeep.report.console import Console

        Console().result(f"envkeep {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    context_settings=_SETTINGS,
)


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_version, is_eager=True),  # noqa: ARG001
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Keep a record of an environment each time it changes, rebuild it, and prove what came out.

    Without a command: the status of the active environment and the next useful command.

    Example: envkeep backup
    """
    if ctx.invoked_subcommand is None:
        from envkeep.cli.status import welcome

        welcome(home, json=json, quiet=quiet, verbose=verbose)
    # an option that every command has may stand before the command, too
    given = {"home": home, "json": json, "quiet": quiet, "verbose": verbose}
    ctx.default_map = {str(ctx.invoked_subcommand): {name: value for name, value in given.items() if value}}


def main() -> None:
    """Run the command line and end with its exit status; the console script's entry point."""
    try:
        status = app(prog_name="envkeep", standalone_mode=False)
    except (EnvkeepError, ClickError) as error:
        sys.exit(usage_failed(error, sys.argv[1:], VERBS))
    sys.exit(status or 0)
