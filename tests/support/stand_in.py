"""A `conda` for scripts: it takes the options of `create` that they use, no others, and has the embedded engine do it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["conda_program"]

_CODE = """\
import argparse, pathlib, sys
from envkeep.capturing.layout import machine_subdir
from envkeep.engines.base import InstallRequest, NoProgress, SolveRequest
from envkeep.engines.rattler import RattlerEngine
from envkeep.formats.load import load_file
parser = argparse.ArgumentParser()
parser.add_argument("verb", choices=["create"])
parser.add_argument("--yes", action="store_true", required=True)
parser.add_argument("--offline", action="store_true")
parser.add_argument("--prefix", required=True)
parser.add_argument("--file")
parser.add_argument("--override-channels", action="store_true")
parser.add_argument("--channel", action="append", default=[])
parser.add_argument("specs", nargs="*")
given = parser.parse_intermixed_args()
engine, subdir = RattlerEngine(), machine_subdir()
if given.file:
    packages = load_file(pathlib.Path(given.file)).artefacts
else:
    packages = engine.solve(SolveRequest(specs=tuple(given.specs), channels=tuple(given.channel), subdir=subdir))
report = engine.install(
    InstallRequest(
        prefix=pathlib.Path(given.prefix),
        packages=packages,
        subdir=subdir,
        # after an explicit list conda takes every package for wanted
        requested=tuple(package.spec for package in packages),
        offline=given.offline,
    ),
    NoProgress(),
)
sys.exit(1 if report.unavailable else 0)
"""


def conda_program(folder: Path) -> dict[str, str]:
    """Write the program into a folder, which is made, and return the variable by which scripts find it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "conda"
    folder.joinpath("conda.py").write_text(_CODE, encoding="utf-8")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}.py" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return {"CONDA_EXE": str(program)}
