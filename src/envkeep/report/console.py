"""Where everything that envkeep says goes out: results on stdout, talk on stderr."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from envkeep.errors import EnvkeepError
from envkeep.report.folding import fold, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["Console", "colours"]


class Console:
    """The two streams of one run of a command.

    Args:
        quiet: talk is left out.
        verbose: for who makes the text.
        json: results go out as JSON; talk stays on stderr.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, json: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.json = json

    def result(self, text: str, *, as_is: bool = False) -> None:
        """Print a result on stdout; an empty one prints nothing.

        Args:
            text: without its last line end.
            as_is: for a program or a file: its lines are not folded at a terminal.

        Raises:
            EnvkeepError: it cannot be written (no room). A reader that went away (``| head``) is no error.
        """
        if not text:
            return
        try:
            _write(sys.stdout, text, as_is=as_is)
        except OSError as error:
            raise EnvkeepError(f"the result cannot be written: {error.strerror or error}") from error

    def document(self, document: Mapping[str, object]) -> None:
        """Print JSON on stdout; what its encoding cannot spell is escaped, so that nothing is lost on the way.

        Raises:
            EnvkeepError: as of ``result``.
        """
        import json

        text = json.dumps(document, indent=2, ensure_ascii=False)
        self.result(text if _spells(sys.stdout, text) else json.dumps(document, indent=2), as_is=True)

    def say(self, text: str) -> None:
        """Say something beside the result on stderr, unless quiet."""
        if not self.quiet:
            self._talk(text)

    def warn(self, text: str) -> None:
        """Say on stderr what has to be known, quiet or not."""
        self._talk(text)

    def error(self, error: EnvkeepError) -> None:
        """Print an error on stderr: the fact, then the remedy on a line of its own."""
        text = error.fact if not error.remedy else f"{error.fact}\n{error.remedy}"
        self._talk("error: " + text.replace("\n", "\n  "))

    def _talk(self, text: str) -> None:
        # nobody can be told that nobody can be told
        with suppress(OSError):
            _write(sys.stderr, text)

    @property
    def can_ask(self) -> bool:
        """Whether somebody may answer: standard input is a terminal."""
        return sys.stdin is not None and sys.stdin.isatty()

    def ask(self, question: str) -> bool:
        """Ask a yes-or-no question on stderr and return the answer; no answer (no terminal, end of input) is no."""
        if not self.can_ask:
            return False
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}


def colours(stream: TextIO) -> bool:
    """Return whether colour may go to a stream: a terminal, and NO_COLOR (no-color.org) unset or empty."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _spells(stream: TextIO | None, text: str) -> bool:
    try:
        if stream is None:
            return True
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _write(stream: TextIO | None, text: str, *, as_is: bool = False) -> None:
    if stream is None:
        # pythonw on Windows has neither stream
        return
    width = None if as_is else terminal_width(stream)
    if width is not None:
        text = fold(text, width)
    # a locale that cannot spell a character (LANG=C on an old system) must not turn a result into a traceback
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "replace").decode(encoding)
    try:
        stream.write(text + "\n")
        stream.flush()
    except OSError as error:
        # Python writes what is left when it ends, and would complain then
        _drain(stream)
        # a pipe whose reader has seen enough; Windows says EINVAL
        if not isinstance(error, BrokenPipeError) and error.errno != errno.EINVAL:
            raise


def _drain(stream: TextIO) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, stream.fileno())
    finally:
        os.close(nothing)
