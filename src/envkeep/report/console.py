"""Where everything that envkeep says goes out: results on stdout, talk on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from envkeep.errors import EnvkeepError

__all__ = ["Console", "colours"]


class Console:
    """The two streams of one run of a command.

    Args:
        quiet: nothing but results that were asked for as ``--json``, and errors.
        verbose: also what is said with ``detail``.
        json: results go out as JSON by way of ``result``; talk stays on stderr.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, json: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.json = json

    def result(self, text: str) -> None:
        """Print a result on stdout; an empty one prints nothing."""
        if text:
            _write(sys.stdout, text)

    def say(self, text: str) -> None:
        """Say something beside the result on stderr, unless quiet."""
        if not self.quiet:
            _write(sys.stderr, text)

    def detail(self, text: str) -> None:
        """Say something on stderr that only ``--verbose`` wants."""
        if self.verbose:
            _write(sys.stderr, text)

    def error(self, error: EnvkeepError) -> None:
        """Print an error on stderr: the fact, then the remedy on a line of its own."""
        text = error.fact if not error.remedy else f"{error.fact}\n{error.remedy}"
        _write(sys.stderr, "error: " + text.replace("\n", "\n  "))

    def ask(self, question: str) -> bool:
        """Ask a yes-or-no question on stderr and return the answer; no answer (no terminal, end of input) is no."""
        if not sys.stdin or not sys.stdin.isatty():
            return False
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}


def colours(stream: TextIO) -> bool:
    """Return whether colour may go to a stream: a terminal, and NO_COLOR (no-color.org) unset or empty."""
    import os

    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(stream: TextIO, text: str) -> None:
    # A locale that cannot spell a character (LANG=C on an old system) must not turn a result into a traceback.
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()
