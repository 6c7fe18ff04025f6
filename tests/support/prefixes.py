"""Small conda prefixes made by hand: conda-meta alone, as much as a capture needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["conda_prefix", "install", "remove"]


def conda_prefix(prefix: Path, *packages: str) -> Path:
    """Make a conda environment without Python from packages like ``zlib=1.3=h0``."""
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").write_text("")
    for package in packages:
        install(prefix, package)
    return prefix


def install(prefix: Path, package: str) -> None:
    """Add a package to a prefix."""
    name, version, build = package.split("=")
    url = f"https://conda.anaconda.org/conda-forge/linux-64/{name}-{version}-{build}.conda"
    record = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "channel": "https://conda.anaconda.org/conda-forge/linux-64",
        "subdir": "linux-64",
        "fn": url.rpartition("/")[2],
        "url": url,
        "sha256": "a" * 64,
        "depends": [],
        "files": [],
    }
    (prefix / "conda-meta" / f"{name}-{version}-{build}.json").write_text(json.dumps(record))


def remove(prefix: Path, package: str) -> None:
    """Take a package out of a prefix."""
    (prefix / "conda-meta" / f"{package.replace('=', '-')}.json").unlink()
