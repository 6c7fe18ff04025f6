"""Whether package indexes have what a restore will ask them for, told before anything is built."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["lacking"]

_WORKERS = 4
_PATIENCE = 120.0
_VERSIONS = re.compile(r"^Available versions: (.*)$", re.MULTILINE)


def lacking(
    pins: Sequence[tuple[str, str]], python: str, environ: Mapping[str, str], *, index_urls: Sequence[str] = ()
) -> dict[str, str]:
    """Return the packages of which no index has the version, by name, and why; nothing is downloaded.

    It is asked by ``pip index versions`` of the pip beside us, for the Python that is to be, with the settings of the user. Where
    there is none, nothing is known, and nothing is returned.

    Args:
        pins: names and versions.
        python: version of the Python that they are for, ``x.y`` at least.
        environ: pip's variables.
        index_urls: indexes that are asked besides the user's own.
    """
    from concurrent.futures import ThreadPoolExecutor

    from envkeep.engines.pip import has_pip, pip_environment

    if not pins or not has_pip(sys.executable):
        return {}
    child = pip_environment(environ, offline=False)
    argv = [sys.executable, "-m", "pip", "index", "versions", "--pre", "--no-input", "--disable-pip-version-check", "--no-color"]
    argv += ["--python-version", ".".join(python.split(".")[:3]), "--ignore-requires-python"]
    for url in index_urls:
        argv += ["--extra-index-url", url]

    def look(pin: tuple[str, str]) -> str | None:
        return _look([*argv, pin[0]], pin[1], child)

    with ThreadPoolExecutor(_WORKERS) as pool:
        answers = pool.map(look, pins)
        return {name: why for (name, _), why in zip(pins, answers, strict=True) if why is not None}


def _look(argv: list[str], version: str, environ: Mapping[str, str]) -> str | None:
    from packaging.version import InvalidVersion, Version

    from envkeep.engines.pip import failure_reason
    from envkeep.engines.run import run

    try:
        done = run(argv, env=environ, timeout=_PATIENCE)
    except TimeoutError:
        # a slow index is no answer
        return None
    if done.returncode:
        return failure_reason(done.stderr or done.stdout, done.returncode)
    found = _VERSIONS.search(done.stdout)
    there = [each.strip() for each in found[1].split(",")] if found is not None else []
    try:
        if Version(version) in map(Version, there):
            return None
    except InvalidVersion:
        return None
    return f"the index has no version {version}; it has {', '.join(there[:4])}{', ...' if len(there) > 4 else ''}"
