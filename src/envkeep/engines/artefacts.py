"""Artefacts on this machine's own disk, held against the hashes that a record has of them.

Neither conda (26.7) nor py-rattler (0.28) compares them where the URL is ``file://``: both install whatever lies there, and
record the hash that was asked for. So it is done here, before an engine reads them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.reason import Reason
from envkeep.errors import EngineError
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkeep.model.record import CondaPackage

__all__ = ["ArtefactsMissingError", "check_hashes", "missing_files"]


class ArtefactsMissingError(Exception):
    """Leaves the guard of a prefix, so that nothing of it stays; engines report it as ``InstallReport.unavailable``."""

    def __init__(self, packages: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.packages = tuple((name, reason) for name, reason in packages)


def missing_files(packages: Iterable[CondaPackage]) -> tuple[tuple[str, Reason], ...]:
    """Return ``(name, reason)`` of the packages that have no URL, or a ``file://`` URL and no file there."""
    found = []
    for package in packages:
        if not package.url:
            found.append((package.name, Reason("its record holds no URL", gone=False)))
            continue
        path = path_of_file_url(package.url)
        if path is not None and not Path(path).is_file():
            found.append((package.name, Reason(f"{path} is not there", gone=True)))
    return tuple(found)


def check_hashes(packages: Iterable[CondaPackage]) -> None:
    """Compare the md5 and the sha256 of every package with a ``file://`` URL that is there.

    Raises:
        EngineError: one differs, or cannot be read.
    """
    from concurrent.futures import ThreadPoolExecutor

    # hashing leaves other threads their turn
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(_check, [package for package in packages if path_of_file_url(package.url or "") is not None]):
            pass


def _check(package: CondaPackage) -> None:
    path = path_of_file_url(package.url or "")
    recorded = {kind: value.lower() for kind, value in (("sha256", package.sha256), ("md5", package.md5)) if value}
    if path is None or not recorded or not os.path.isfile(path):  # noqa: PTH113 - for each of hundreds of packages
        return
    found = _digests(path, recorded)
    for kind, wanted in recorded.items():
        if found[kind] != wanted:
            raise EngineError(
                f"{path} is not the artefact that was recorded: its {kind} is {found[kind]}, recorded is {wanted}",
                f"Get the right file of {package.spec}, or ask for another build of it with --fidelity same-version.",
            )


def _digests(path: str, kinds: Iterable[str]) -> dict[str, str]:
    import hashlib

    digests = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            while chunk := file.read(1 << 20):
                for digest in digests.values():
                    digest.update(chunk)
    except OSError as error:
        raise EngineError(f"cannot read {path}: {error.strerror or error}") from error
    return {kind: digest.hexdigest() for kind, digest in digests.items()}
