"""The pip of an environment, run as its user does."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["pip"]


def pip(prefix: Path, *arguments: str | Path) -> None:
    """Run the pip of an environment; its failure is a failure of the test."""
    argv = [str(prefix / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
