"""What every verb does around its work: settings, the answer or the error on the right stream, the exit status."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from envkeep.errors import BadConfigError, EnvkeepError, InterruptedByUserError, RefusedError
from envkeep.model.frozen import frozen
from envkeep.report.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from envkeep.restoring.aside import Found
    from envkeep.store.config import Config
    from envkeep.store.store import Store

__all__ = ["Answering", "answering", "fail"]


@frozen
class Answering:
    """One run of a verb: where to say things, what is configured, and what was found of runs that were killed."""

    command: str
    console: Console
    home: Path | None
    found: tuple[Found, ...] = ()

    def config(self, flags: Mapping[str, object] | None = None) -> Config:
        """Return the settings of this run; ``flags`` are those of the command line by setting (``restore.engine``)."""
        from envkeep.store.config import load_config
        from envkeep.store.home import resolve_home

        return load_config(resolve_home(self.home, os.environ), os.environ, flags)

    def config_or_default(self) -> tuple[Config, BadConfigError | None]:
        """Return the settings of this run; where they are wrong, the defaults and the error."""
        from envkeep.store.config import default_config
        from envkeep.store.home import resolve_home

        try:
            return self.config(), None
        except BadConfigError as error:
            return default_config(resolve_home(self.home, os.environ)), error

    def store(self, config: Config | None = None) -> Store:
        """Return the store of this run."""
        from envkeep.store.store import Store

        config = config or self.config()
        return Store(config.home, folder=config.folder, limit=config.limit, lock_timeout=config.lock_timeout)

    def confirm(self, question: str, undone: str, unasked: str) -> None:
        """Go on where the user says yes.

        Args:
            question: to be answered with yes or no.
            undone: what is so where the answer is no.
            unasked: what to do where nobody can be asked.

        Raises:
            RefusedError: the answer is no, or there is nobody to give one.
        """
        if not self.console.ask(question):
            raise RefusedError(undone, None if self.console.can_ask else unasked)

    def answer(
        self,
        result: Any,
        text: Callable[[], str],
        *,
        status: int = 0,
        problems: Any = (),
        talk: bool = False,
        as_is: bool = False,
    ) -> NoReturn:
        """Give the answer and end: as JSON, or as what ``text`` returns, with the exit status.

        Args:
            result: for JSON.
            text: makes the text for a person.
            status: the exit status.
            problems: that the capture met, for JSON.
            talk: the text says no more than what was done or what the exit status says, so that ``--quiet`` leaves it out.
            as_is: the text is a file's: not folded at a narrow terminal.

        Raises:
            SystemExit: always.
        """
        if self.console.json:
            from envkeep.report.plain import envelope

            self.console.document(envelope(self.command, result, status=status, problems=problems))
        elif not (talk and self.console.quiet):
            self.console.result(text(), as_is=as_is)
        raise SystemExit(status)


@contextmanager
def answering(command: str, home: Path | None, *, json: bool, quiet: bool, verbose: bool) -> Iterator[Answering]:
    """Run a verb's work; an error goes to stderr (with ``--json`` also to stdout, in the envelope) and gives its exit status."""
    console = Console(quiet=quiet, verbose=verbose, json=json)
    try:
        # before anything looks at environments
        yield Answering(command=command, console=console, home=home, found=_put_back_killed(console, home))
    except EnvkeepError as error:
        raise SystemExit(fail(console, command, error)) from None
    except KeyboardInterrupt:
        raise SystemExit(fail(console, command, InterruptedByUserError("interrupted"))) from None


def _put_back_killed(console: Console, home: Path | None) -> tuple[Found, ...]:
    """Put back what killed rollbacks had moved aside, and say so, to those too who asked for quiet."""
    from envkeep.store.home import resolve_home

    where = resolve_home(home, os.environ)
    try:
        if next((where / "journal").iterdir(), None) is None:
            return ()
    except OSError:
        # none is there, or none that can be read
        return ()
    from envkeep.report.rollback import found_text
    from envkeep.restoring.aside import finish_killed
    from envkeep.store.journal import Journal

    found = finish_killed(Journal(where))
    if found:
        console.warn(found_text(found))
    return found


def fail(console: Console, command: str, error: EnvkeepError) -> int:
    """Say an error on stderr, with ``--json`` also in the envelope on stdout; return its exit status."""
    console.error(error)
    if console.json:
        from envkeep.report.plain import error_envelope

        # what was wrong may be that nothing can be written there
        with suppress(EnvkeepError):
            console.document(error_envelope(command, error))
    return error.exit_status
