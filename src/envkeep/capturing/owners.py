"""Whose the metadata in site-packages is: conda's, if it stands in a package's file list and is what conda put there."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.reinstalled import is_reinstalled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.capturing.conda_meta import CondaMeta

__all__ = ["METADATA", "Owners", "named_by", "relative_to"]

METADATA = (".dist-info", ".egg-info", ".egg", ".egg-link")
"""What the name of a distribution's metadata ends in."""

_VERSION = re.compile(r"-(?=\d)")


class Owners:
    """Whose a folder's metadata is. Paths are compared by the folder they lead to: conda installs through links as well.

    Args:
        prefix: of the environment.
        folders: that its Python imports from, first come first served.
        meta: which conda package owns what.

    Attributes:
        by_package: by name of a conda package, path and name of what it has in those folders.
    """

    def __init__(self, prefix: Path, folders: Sequence[Path], meta: CondaMeta) -> None:
        # paths as text, as a folder's listing has them: there are as many as packages
        self.by_package: dict[str, list[tuple[str, str]]] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        self._written = meta.written
        known = {_identity(folder): folder for folder in folders}
        parents: dict[str, tuple[str, bool]] = {}
        for path, package in meta.owners.items():
            parent, _, name = path.rpartition("/")
            start = parents.get(parent)
            if start is None:
                folder = prefix / parent
                identity = _identity(folder)
                if identity is None and parent == "site-packages" and folders:
                    # a noarch package's path as its archive has it
                    folder = folders[0]
                elif identity is not None:
                    folder = known.get(identity, folder)
                # what lies deeper (setuptools/_vendor/x.dist-info) is no distribution of the environment
                counts = folder in folders or parent.endswith(("site-packages", "dist-packages"))
                start = parents[parent] = (f"{folder}{os.sep}", counts)
            self._owners[start[0] + name] = (package, path)
            if start[1]:
                self.by_package.setdefault(package, []).append((start[0] + name, name))

    def is_untouched(self, entry: os.DirEntry[str]) -> bool:
        """Return whether a package has a distribution's metadata, and it has not moved since that was installed."""
        package, _ = self._owners.get(entry.path, (None, ""))
        try:
            return package is not None and entry.stat().st_mtime_ns <= self._written[package][1]
        except OSError:
            return False

    def owner(self, entry: os.DirEntry[str]) -> str | None:
        """Return the conda package whose a distribution's metadata is; None for what pip, uv or others put there."""
        package, path = self._owners.get(entry.path, (None, ""))
        if package is None or not entry.name.endswith(".dist-info"):
            return package
        record, written = self._written[package]
        try:
            # conda writes the record last; in a copied prefix the times say nothing, so the files decide
            newer = entry.stat().st_mtime_ns > written
        except OSError:
            return package
        return None if newer and is_reinstalled(Path(entry.path), path, record) else package


@lru_cache(maxsize=8192)
def named_by(metadata: str) -> str:
    """Return the distribution that the name of a metadata folder or file tells of.

    That is ``six`` for ``six-1.17.0.dist-info``, ``PyYAML`` for ``PyYAML-5.3-py3.8.egg-info``, ``lab`` for ``lab.egg-link``.
    """
    stem = metadata.rpartition(".")[0]
    version = _VERSION.search(stem)
    return stem if version is None else stem[: version.start()]


def relative_to(prefix: Path, folder: Path) -> str:
    """Return a folder as a record names it: relative to the prefix with ``/``, absolute where it lies outside."""
    try:
        return folder.relative_to(prefix).as_posix()
    except ValueError:
        return folder.as_posix()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        info = os.stat(folder)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return info.st_dev, info.st_ino
