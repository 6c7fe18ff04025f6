"""The ``envkeep`` command: a verb's module is imported when that verb is called, so that a backup pays for nothing else."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from envkeep.cli.options import AsJson, Home, Quiet, Verbose
from envkeep.cli.usage import ClickError, no_such, usage_failed
from envkeep.errors import EnvkeepError

__all__ = ["main"]

# verb: module under envkeep.cli, in the order of --help
_VERBS = {
    "backup": "backup",
    "list": "list_backups",
    "show": "show",
    "diff": "diff",
    "status": "status",
    "find": "find",
    "check": "check",
    "export": "export",
    "restore": "restore",
    "verify": "verify",
    "pack": "pack",
    "inspect": "inspect",
    "import": "import_files",
    "tag": "tag",
    "forget": "forget",
    "config": "config",
    "doctor": "doctor",
}

EPILOG = (
    "Exit status: 0 as asked; 1 error; 2 usage; 3 differs (status, diff, check, verify, and a restore that came out below what "
    "was asked); 130 interrupted."
)


class _Verbs(TyperGroup):
    """A group that knows its verbs by name and builds the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            raise no_such("command", args[0], _VERBS, "envkeep -h lists them.")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(_VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is typer's
        if cmd_name not in _VERBS:
            return None
        module = importlib.import_module(f"envkeep.cli.{_VERBS[cmd_name]}")
        app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
        app.command(cmd_name, epilog=EPILOG)(module.command)
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
    context_settings={"help_option_names": ["-h", "--help"]},
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
        sys.exit(usage_failed(error, sys.argv[1:], _VERBS))
    sys.exit(status or 0)
