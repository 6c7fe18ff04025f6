"""What an environment holds that no package owns: what a rebuild does not bring back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.checking.owned_files import Owned, comparable, owned_files
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Contents", "Unowned", "look_into"]

# conda's and envkeep's own books, which a rebuild writes anew
_BOOKS = frozenset({"history", "state", "pinned"})
_MARKS = frozenset({"CACHEDIR.TAG", ".nonadmin", ".messages.txt"})
# what venv, virtualenv and uv put into every venv
_OF_VENV = frozenset({"pyvenv.cfg", ".gitignore", "lib64", "CACHEDIR.TAG", ".lock"})
_OF_VENV_BIN = ("activate", "deactivate", "python", "pip", "pydoc")


@frozen
class Unowned:
    """A file, or a folder of which nothing is any package's (its path ends in ``/``), with how many files and bytes it has."""

    path: str
    files: int
    size: int


@frozen
class Contents:
    """An environment by weight.

    Attributes:
        size: bytes of all its files, each once, as they would be freed at most.
        unowned: sorted by path.
    """

    size: int
    unowned: tuple[Unowned, ...]


def look_into(prefix: Path) -> Contents:
    """Return the size of an environment, and what in it no package of conda's or pip's owns; only looked at.

    Compiled Python is nobody's and not named; nor is what conda, venv and uv write into every environment.
    """
    found = _Walk(owned_files(prefix))
    found.folder("")
    return Contents(size=found.size, unowned=tuple(sorted(found.unowned, key=lambda each: each.path)))


class _Walk:
    def __init__(self, owned: Owned) -> None:
        self.owned = owned
        self.size = 0
        self.unowned: list[Unowned] = []
        self._seen: set[tuple[int, int]] = set()

    def folder(self, folder: str) -> None:
        for entry in _entries(os.path.join(self.owned.prefix, folder)):  # noqa: PTH118 - for each of tens of thousands of files
            path = f"{folder}/{entry.name}" if folder else entry.name
            key = comparable(path)
            is_folder = entry.is_dir(follow_symlinks=False)
            nobodys = key not in self.owned.whole and not self._is_made_by_itself(path, entry.name)
            if not is_folder:
                size = self._weigh(entry)
                if nobodys and key not in self.owned.files and not entry.name.endswith(".pyc"):
                    self.unowned.append(Unowned(path=path, files=1, size=size))
            elif key in self.owned.folders or path == "conda-meta" or (self.owned.kind == "venv" and not folder):
                self.folder(path)
            else:
                files, size = self._whole(entry.path)
                if nobodys and files:
                    self.unowned.append(Unowned(path=_innermost(entry.path, f"{path}/"), files=files, size=size))

    def _is_made_by_itself(self, path: str, name: str) -> bool:
        folder, _, _ = path.rpartition("/")
        if name == "__pycache__":
            return True
        if folder == "conda-meta":
            return name in _BOOKS or name.endswith(".json")
        if self.owned.kind == "venv":
            return (not folder and name in _OF_VENV) or (folder in {"bin", "Scripts"} and name.lower().startswith(_OF_VENV_BIN))
        return not folder and name in _MARKS

    def _whole(self, place: str) -> tuple[int, int]:
        files = size = 0
        for entry in _entries(place):
            if entry.is_dir(follow_symlinks=False):
                inner_files, inner_size = self._whole(entry.path)
                files, size = files + inner_files, size + inner_size
            else:
                weight = self._weigh(entry)
                if not entry.name.endswith(".pyc"):
                    files, size = files + 1, size + weight
        return files, size

    def _weigh(self, entry: os.DirEntry[str]) -> int:
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            return 0
        if info.st_nlink > 1:
            # a file with several names in the environment weighs once
            if (info.st_dev, info.st_ino) in self._seen:
                return 0
            self._seen.add((info.st_dev, info.st_ino))
        self.size += info.st_size
        return info.st_size


def _innermost(place: str, path: str) -> str:
    """Return the path of the first thing in a folder that is not alone there: ``etc/conda/activate.d/lab.sh``, not ``etc/``."""
    while True:
        inside = [entry for entry in _entries(place) if entry.name != "__pycache__"]
        if len(inside) != 1:
            return path
        if not inside[0].is_dir(follow_symlinks=False):
            return path + inside[0].name
        place, path = inside[0].path, f"{path}{inside[0].name}/"


def _entries(place: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(place) as scanned:
            yield from list(scanned)
    except OSError:
        # what may not be looked into is not told of
        return
