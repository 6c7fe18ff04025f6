"""Whose the metadata in site-packages is: conda's, if it stands in a package's file list and is what conda put there."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from envkeep.capturing.reinstalled import is_reinstalled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envkeep.capturing.conda_meta import CondaMeta, MetaRecord

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
        counted: by path of what conda has in those folders, the package's name.
        records: by path of any metadata of conda's, the record of the package that lists it.
    """

    def __init__(self, prefix: Path, folders: Sequence[Path], meta: CondaMeta) -> None:
        # paths as text, as a folder's listing has them: there are as many as packages
        self.counted: dict[str, str] = {}
        self.records: dict[str, MetaRecord] = {}
        self._meta = f"{prefix}{os.sep}conda-meta{os.sep}"
        known = {_identity(folder): folder for folder in folders}
        self._parents: dict[str, tuple[str, bool]] = {}
        for path, package in meta.owners.items():
            parent, _, name = path.rpartition("/")
            start = self._parents.get(parent)
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
                start = self._parents[parent] = (f"{folder}{os.sep}", counts)
            place = start[0] + name
            self.records[place] = meta.records[package]
            if start[1]:
                self.counted[place] = package

    def is_untouched(self, place: str, mtime: int) -> bool:
        """Return whether a package has a distribution's metadata, and it has not moved since that was installed."""
        record = self.records.get(place)
        return record is not None and mtime <= record.mtime

    def claim(self, place: str, mtime: int) -> tuple[str | None, MetaRecord | None]:
        """Return the conda package that lists a distribution's metadata, and its record where that proves nothing.

        conda writes the record last; what is younger may be pip's. In a copied prefix the times say nothing, so the files decide
        (see ``is_reinstalled``).

        Args:
            place: its path, as a listing of the folder has it.
            mtime: when it was last changed, ns since 1970.
        """
        record = self.records.get(place)
        if record is None:
            return None, None
        return record.package.name, record if mtime > record.mtime and place.endswith(".dist-info") else None

    def is_reinstalled(self, place: str, record: MetaRecord) -> bool | None:
        """Return whether pip, uv or others have put there what a record lists; None where that cannot be read now."""
        # most have one
        listed = next(path for path in record.owned if len(record.owned) == 1 or self._place(path) == place)
        return is_reinstalled(place, listed, f"{self._meta}{record.file}")

    def _place(self, listed: str) -> str:
        parent, _, name = listed.rpartition("/")
        return self._parents[parent][0] + name


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
