"""Files downloaded by URL: by the embedded engine where it is there, with its mirrors and credentials, else by Python itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.engines.base import Progress

__all__ = ["fetch_files"]

_WORKERS = 8
_PATIENCE = 60.0
_BLOCK = 1 << 20
# a download under this name is one that was interrupted
_PART = ".part"


def fetch_files(jobs: Mapping[str, Path], progress: Progress, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Download files; each stands at its place only once it is whole.

    Args:
        jobs: http(s) URLs, and the paths that they are downloaded to; folders are made, what stands there gives way.
        progress: told how many files are done.
        environ: proxies, RATTLER_AUTH_FILE, NETRC; None: ours.

    Returns:
        The URLs that could not be had, and why.

    Raises:
        EngineError: the embedded engine failed as a whole.
    """
    from envkeep.engines import rattler_start
    from envkeep.engines.rattler import RattlerEngine

    environ = os.environ if environ is None else environ
    for path in jobs.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    parts = {url: path.with_name(path.name + _PART) for url, path in jobs.items()}
    if rattler_start.is_installed():
        failed = RattlerEngine(environ).download({url: str(part) for url, part in parts.items()}, progress)
    else:
        failed = _by_python(parts, progress, environ)
    for url, path in jobs.items():
        if url in failed:
            parts[url].unlink(missing_ok=True)
        else:
            parts[url].replace(path)
    return failed


def _by_python(jobs: Mapping[str, Path], progress: Progress, environ: Mapping[str, str]) -> dict[str, str]:
    from concurrent.futures import ThreadPoolExecutor

    failed: dict[str, str] = {}
    progress.start("downloading", len(jobs))
    try:
        with ThreadPoolExecutor(_WORKERS) as pool:
            reasons = pool.map(lambda job: _download(job[0], job[1], environ), jobs.items())
            for url, reason in zip(jobs, reasons, strict=True):
                if reason is not None:
                    failed[url] = reason
                progress.advance()
    finally:
        progress.finish()
    return failed


def _download(url: str, path: Path, environ: Mapping[str, str]) -> str | None:
    from urllib.error import HTTPError

    from envkeep.engines.asking import opened
    from envkeep.model.urls import host

    try:
        with opened(url, timeout=_PATIENCE, environ=environ) as answer, path.open("wb") as file:
            while block := answer.read(_BLOCK):
                file.write(block)
    except HTTPError as error:
        return f"{host(url)} answers {error.code} {error.reason} for {url}"
    except OSError as error:
        return f"{url} cannot be had: {getattr(error, 'reason', None) or error}"
    return None
