"""A wheel built from source by pip; what is built runs the source's own build code, as installing it did."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envkeep.archive.pips import Pips

__all__ = ["build_wheel", "fetch_sdist"]


def build_wheel(source: Path, pips: Pips, folder: Path) -> Path | str:
    """Return the wheel that was built of a folder or an sdist, or why there is none.

    First in an environment of its own, as pip does; where what it is built with cannot be fetched, with what the environment's
    own Python has.

    Args:
        source: a folder that may be written to (backends leave files in it), or an sdist.
        pips: whose pip builds.
        folder: where the wheel goes; made if need be.
    """
    import tempfile

    python = pips.builder
    if python is None:
        return "there is no pip on this machine that could build it"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder) as text:
        work = Path(text)
        argv = ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(work)]
        reason = pips.run(python, [*argv, str(source)], work)
        if reason is not None and pips.run(python, [*argv, "--no-build-isolation", str(source)], work) is not None:
            return f"it cannot be built: {reason}"
        wheels = sorted(work.glob("*.whl"))
        if len(wheels) != 1:
            return "it cannot be built: no wheel came of it"
        target = folder / wheels[0].name
        shutil.move(wheels[0], target)
        return target


def fetch_sdist(requirement: str, pips: Pips, folder: Path) -> Path | str:
    """Return the source archive that an index has for a requirement, or why there is none.

    Args:
        requirement: ``name==version``.
        pips: whose pip fetches; it runs the source's own code to learn its metadata.
        folder: where it goes; made if need be.
    """
    import tempfile

    python = pips.builder
    if python is None:
        return "there is no pip on this machine that could fetch it"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=folder) as text:
        work = Path(text)
        argv = ["download", "--quiet", "--no-deps", "--no-binary=:all:", "--dest", str(work)]
        reason = pips.run(python, [*argv, requirement], work)
        if reason is not None:
            reason = pips.run(python, [*argv, "--no-build-isolation", requirement], work) and reason
        files = sorted(path for path in work.iterdir() if path.is_file())
        if reason is not None or len(files) != 1:
            return reason or "pip fetched nothing"
        target = folder / files[0].name
        shutil.move(files[0], target)
        return target
