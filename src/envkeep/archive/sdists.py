"""A project's folder that is in no git as a source archive: ``name-version.tar.gz`` (PEP 625) of all that looks like source."""

from __future__ import annotations

import gzip
import os
import re
import stat
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MAX_BYTES", "TooLargeError", "extract_sdist", "sdist_stem", "write_sdist"]

# a project's folder can hold a year of measurements
MAX_BYTES = 256 << 20

_TIME = 315532800
_LEFT_OUT = frozenset(
    {
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pixi",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
        "venv",
    }
)


class TooLargeError(Exception):
    """The folder holds more than a project's source does."""


def write_sdist(folder: Path, name: str, version: str, path: Path) -> None:
    """Write a project's folder as a source archive; the same files give the same bytes.

    Caches, environments and version control's own folders are left out, links and what cannot be read as well.

    Args:
        folder: of the project.
        name: of the distribution; PKG-INFO says it.
        version: likewise, to backends that ask git otherwise.
        path: of the archive; its folder is made.

    Raises:
        TooLargeError: it is beyond ``MAX_BYTES``.
        OSError: it cannot be written.
    """
    files = list(_files(folder))
    size = sum(file.stat().st_size for file in files)
    if size > MAX_BYTES:
        raise TooLargeError(f"{folder} holds {size / 1e6:,.0f} MB, more than a project's source does")
    top = sdist_stem(name, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with (
        part.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=_TIME) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for file in files:
            with file.open("rb") as stream:
                info = _info(f"{top}/{file.relative_to(folder).as_posix()}", os.fstat(stream.fileno()))
                archive.addfile(info, stream)
        if not (folder / "PKG-INFO").exists():
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
            info = tarfile.TarInfo(f"{top}/PKG-INFO")
            info.size, info.mtime = len(text), _TIME
            archive.addfile(info, BytesIO(text))
    part.replace(path)


def extract_sdist(path: Path, folder: Path) -> Path:
    """Extract a source archive that ``write_sdist`` wrote into a folder and return the project's folder in it."""
    with tarfile.open(path) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)  # noqa: S202 - written a moment ago; Pythons of before the filter
    return next(folder.iterdir())


def sdist_stem(name: str, version: str) -> str:
    """Return the name of a source archive without ending (PEP 625)."""
    return f"{normalise(name).replace('-', '_')}-{re.sub(r'[^A-Za-z0-9.+!_]+', '_', version)}"


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode):
            if entry.name not in _LEFT_OUT and not (entry / "pyvenv.cfg").exists() and not (entry / "conda-meta").exists():
                yield from _files(entry)
        elif stat.S_ISREG(mode) and not entry.name.endswith((".pyc", ".pyo")) and os.access(entry, os.R_OK):
            yield entry


def _info(name: str, status: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = status.st_size
    info.mtime = _TIME
    info.mode = 0o755 if status.st_mode & 0o111 else 0o644
    return info
