"""The command line run in this process, as quick as a function call; what its user sees comes back."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from envkeep.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Ran", "Stream", "command"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)


class Stream(io.TextIOWrapper):
    """A stream in memory that may be a terminal."""

    def __init__(self, *, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        """What was written."""
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)


def command(*argv: str | Path, encoding: str = "utf-8", terminal: bool = False) -> Ran:
    """Run ``envkeep`` with these arguments."""
    status: object = None
    out, err = Stream(encoding=encoding, terminal=terminal), Stream(encoding=encoding, terminal=terminal)
    with (
        patch.object(sys, "argv", ["envkeep", *map(str, argv)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
    assert isinstance(status, int)
    return Ran(status, out.text(), err.text())
