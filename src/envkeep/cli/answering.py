"""What every verb does around its work: settings, the answer or the error on the right stream, the exit status."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from envkeep.errors import EnvkeepError, InterruptedByUserError
from envkeep.report.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from envkeep.store.config import Config
    from envkeep.store.store import Store

__all__ = ["Answering", "answering"]


@dataclass(frozen=True)
class Answering:
    """One run of a verb: where to say things, and what is configured."""

    command: str
    console: Console
    home: Path | None

    def config(self, flags: Mapping[str, object] | None = None) -> Config:
        """Return the settings of this run; ``flags`` are those of the command line by setting (``restore.engine``)."""
        from envkeep.store.config import load_config, resolve_home

        return load_config(resolve_home(self.home, os.environ), os.environ, flags)

    def store(self, config: Config | None = None) -> Store:
        """Return the store of this run."""
        from envkeep.store.store import Store

        config = config or self.config()
        return Store(config.home, folder=config.folder, limit=config.limit, lock_timeout=config.lock_timeout)

    def answer(self, result: Any, text: Callable[[], str], *, status: int = 0, problems: Any = ()) -> NoReturn:
        """Give the answer and end: as JSON, or as what ``text`` returns, with the exit status.

        Raises:
            typer.Exit: always.
        """
        if self.console.json:
            from envkeep.report.plain import envelope

            self.console.result(envelope(self.command, result, status=status, problems=problems))
        else:
            self.console.result(text())
        raise typer.Exit(status)


@contextmanager
def answering(command: str, home: Path | None, *, json: bool, quiet: bool, verbose: bool) -> Iterator[Answering]:
    """Run a verb's work; an error goes to stderr (with ``--json`` also to stdout, in the envelope) and gives its exit status."""
    console = Console(quiet=quiet, verbose=verbose, json=json)
    try:
        yield Answering(command, console, home)
    except EnvkeepError as error:
        _fail(console, command, error)
        raise typer.Exit(error.exit_status) from None
    except KeyboardInterrupt:
        interrupted = InterruptedByUserError("interrupted")
        _fail(console, command, interrupted)
        raise typer.Exit(interrupted.exit_status) from None


def _fail(console: Console, command: str, error: EnvkeepError) -> None:
    console.error(error)
    if console.json:
        from envkeep.report.plain import error_envelope

        console.result(error_envelope(command, error))
