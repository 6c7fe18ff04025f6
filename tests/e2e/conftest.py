"""The command as its user runs it: a process of its own, an empty home, the output read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Envkeep", "Ran"]


@dataclass(frozen=True)
class Ran:
    """What a run of the command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The result of a run with ``--json``."""
        return json.loads(self.out)["result"]


class Envkeep(Protocol):
    """See the fixture ``envkeep``."""

    def __call__(self, *argv: str | Path, status: int | None = 0, env: dict[str, str] | None = None) -> Ran: ...


@pytest.fixture
def envkeep(home: Path, tmp_path: Path) -> Envkeep:
    """Run ``envkeep``; a status other than the one expected (None: any) fails with what it printed."""

    def run(*argv: str | Path, status: int | None = 0, env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "envkeep", *map(str, argv)],
            capture_output=True,
            encoding="utf-8",
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
