"""Which files a prefix should hold, by conda's records and pip's RECORD files, and what each should be."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from envkeep.capturing.layout import kind_of, site_folders
from envkeep.capturing.reading import read_bytes, read_text, scan
from envkeep.capturing.reinstalled import is_rewritten
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkeep.model.record import EnvironmentKind

__all__ = ["Expected", "Owned", "comparable", "owned_files"]

_RECORD_LIMIT = 64 << 20
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_LAUNCHER_FOLDERS = ("bin/", "scripts/")
_PYTHONS = ("python", "pypy", "graalpy")


@frozen
class Expected:
    """What a file should be.

    Attributes:
        path: relative to the prefix, with ``/``, as the owner spells it.
        package, manager: whose it is.
        sha256: hex digest, None where only its being there can be judged (links, launchers that conda writes, old records).
        launcher: it lies in ``bin`` or ``Scripts``, where installers write the environment's path into scripts.
    """

    path: str
    package: str
    manager: Literal["conda", "pip"]
    sha256: str | None
    launcher: bool


@dataclass(slots=True, kw_only=True)
class Owned:
    """The files that should be there.

    Attributes:
        prefix: of the environment.
        kind: of the environment; None for a folder that is none.
        site: its folders of Python packages.
        files: by comparable path; more than one owner where pip installed over conda.
        folders: comparable paths of the folders they lie in.
        whole: folders and files that belong to somebody without a list of what is in them (eggs, old editable installs).
    """

    prefix: Path
    kind: EnvironmentKind | None
    site: list[Path] = field(default_factory=list)
    files: dict[str, list[Expected]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)

    def add(self, expected: Expected) -> None:
        """Take a file in."""
        key = comparable(expected.path)
        self.files.setdefault(key, []).append(expected)
        self.add_folder(key.rpartition("/")[0])

    def add_folder(self, folder: str) -> None:
        """Take a folder in that packages share, with those above it."""
        while folder and folder not in self.folders:
            self.folders.add(folder)
            folder = folder.rpartition("/")[0]


def comparable(path: str) -> str:
    """Return a relative path as the system compares paths, with ``/``."""
    return os.path.normcase(path).replace("\\", "/")


def owned_files(prefix: Path) -> Owned:
    """Return the files that the packages of a prefix own; compiled Python (``.pyc``) is nobody's.

    conda's are read from ``paths_data`` (``sha256_in_prefix``: what a file is after the prefix was written into it) or, where an
    installer left that out, from ``files``; pip's from RECORD (PEP 376, PEP 427), of the distributions that are not conda's.
    """
    owned = Owned(prefix=prefix, kind=kind_of(prefix))
    python: str | None = None
    stated = ""
    records = [record for entry in scan(prefix / "conda-meta") if (record := _record(entry)) is not None]
    for record in records:
        if record["name"] in _PYTHONS:
            python = str(record.get("version", "")) or python
            stated = str(record.get("python_site_packages_path") or "")
    if owned.kind is not None:
        owned.site, _ = site_folders(prefix, owned.kind, python)
        if stated and (prefix / stated).is_dir() and prefix / stated not in owned.site:
            owned.site.insert(0, prefix / stated)
    site = owned.site[0].relative_to(prefix).as_posix() if owned.site and owned.site[0].is_relative_to(prefix) else None
    for record in records:
        for expected in _of_conda(record, site):
            owned.add(expected)
    for folder in owned.site:
        _take_distributions(owned, folder)
    return owned


def _record(entry: os.DirEntry[str]) -> dict[str, Any] | None:
    if not entry.name.endswith(".json") or entry.name.startswith("."):
        return None
    try:
        record = json.loads(read_bytes(entry.path, _RECORD_LIMIT))
    except (OSError, ValueError, RecursionError):
        # capture names it as a problem
        return None
    return record if isinstance(record, dict) and isinstance(record.get("name"), str) else None


def _of_conda(record: dict[str, Any], site: str | None) -> Iterator[Expected]:
    data = record.get("paths_data")
    entries = data.get("paths") if isinstance(data, dict) else None
    if isinstance(entries, list) and entries:
        listed = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("_path"), str)]
    else:
        files = record.get("files")
        listed = [{"_path": path} for path in files if isinstance(path, str)] if isinstance(files, list) else []
    for entry in listed:
        path = _landed(entry["_path"].replace("\\", "/"), site)
        if path is None or path.endswith(".pyc") or entry.get("path_type") == "directory":
            continue
        yield Expected(
            path=path,
            package=record["name"],
            manager="conda",
            sha256=_conda_digest(entry),
            launcher=path.lower().startswith(_LAUNCHER_FOLDERS),
        )


def _landed(path: str, site: str | None) -> str | None:
    # of a noarch package some writers keep the path within the archive
    if site is not None and path.startswith("site-packages/"):
        return f"{site.rpartition('/')[0]}/{path}" if site.endswith("site-packages") else f"{site}/{path[14:]}"
    if path.startswith("python-scripts/"):
        path = ("Scripts/" if os.name == "nt" else "bin/") + path[15:]
    return None if ".." in path.split("/") or _ABSOLUTE.match(path) else path


def _conda_digest(entry: dict[str, Any]) -> str | None:
    # a softlink's hash is that of what it points to, which has an entry of its own
    if entry.get("path_type", "hardlink") != "hardlink":
        return None
    digest = entry.get("sha256_in_prefix") or (None if entry.get("prefix_placeholder") else entry.get("sha256"))
    return digest.lower() if isinstance(digest, str) and re.fullmatch(r"[0-9a-fA-F]{64}", digest) else None


def _take_distributions(owned: Owned, folder: Path) -> None:
    base = os.path.relpath(folder, owned.prefix).replace(os.sep, "/")
    owned.add_folder(comparable(base))
    for entry in scan(folder):
        place = f"{base}/{entry.name}"
        if entry.name.endswith(".dist-info"):
            record = f"{place}/RECORD"
            conda = next((file for file in owned.files.get(comparable(record), ()) if file.manager == "conda"), None)
            if conda is None or _is_rewritten(folder / entry.name / "RECORD", conda):
                for expected in _of_pip(folder, base, entry.name):
                    owned.add(expected)
        elif entry.name.endswith((".egg", ".egg-info", ".egg-link")) or entry.name == "easy-install.pth":
            owned.whole.add(comparable(place))


def _is_rewritten(record: Path, conda: Expected) -> bool:
    try:
        return is_rewritten(read_bytes(record, _RECORD_LIMIT), conda.sha256)
    except OSError:
        return False


def _of_pip(folder: Path, base: str, dist_info: str) -> Iterator[Expected]:
    import csv

    try:
        text = read_text(folder / dist_info / "RECORD", _RECORD_LIMIT)
    except OSError:
        return
    name = dist_info.partition("-")[0]
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error:
        return
    for row in rows:
        if not row or not row[0] or row[0].endswith(".pyc"):
            continue
        path = os.path.normpath(f"{base}/{row[0]}").replace("\\", "/")
        if path.startswith("../") or _ABSOLUTE.match(row[0]):
            # data files outside of the prefix are not the environment's
            continue
        yield Expected(
            path=path,
            package=name,
            manager="pip",
            sha256=_pip_digest(row[1]) if len(row) > 1 else None,
            launcher=path.lower().startswith(_LAUNCHER_FOLDERS),
        )


def _pip_digest(text: str) -> str | None:
    from base64 import urlsafe_b64decode
    from binascii import Error

    algorithm, equals, digest = text.partition("=")
    if algorithm != "sha256" or not equals:
        return None
    try:
        return urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex()
    except (Error, ValueError):
        return None
