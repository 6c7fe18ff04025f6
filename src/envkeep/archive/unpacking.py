"""An archive's files on disk again: every byte proven, no name that leads out, nothing there that the manifest does not list."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.prefixes import remove_tree
from envkeep.errors import EnvkeepError
from envkeep.formats.archive_file import check_seal, open_archive

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envkeep.engines.base import Progress
    from envkeep.formats.archive_manifest import ArchiveManifest

__all__ = ["check_archive", "hashes_of", "unpacked"]

# what is left on a disk that is not to be filled to its last byte
_SPARE = 64 << 20


def check_archive(path: Path, progress: Progress) -> ArchiveManifest:
    """Hold every byte of an archive against its seal and return its manifest.

    Raises:
        BadFormatError: it is no archive, or damaged.
    """
    progress.start("checking the archive", path.stat().st_size if path.is_file() else None)
    try:
        check_seal(path, progress.advance)
        with open_archive(path) as archive:
            return archive.manifest
    finally:
        progress.finish()


def hashes_of(path: Path, names: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return md5 and sha256 of the artefacts of conda packages in an archive, by name.

    Raises:
        BadFormatError: it is no archive, or one of them is damaged.
    """
    found = {}
    with open_archive(path) as archive:
        entries = {entry.name: entry for entry in archive.manifest.files}
        for package in archive.manifest.packages:
            if package.kind == "conda" and package.name in names:
                md5 = hashlib.md5(usedforsecurity=False)
                for block in archive.blocks(entries[package.file]):
                    md5.update(block)
                found[package.name] = md5.hexdigest(), entries[package.file].sha256
    return found


@contextmanager
def unpacked(path: Path, progress: Progress) -> Iterator[tuple[Path, ArchiveManifest]]:
    """Check and unpack an archive into a new folder that only this user can read; it is removed at the end.

    The folder is made where temporary files go (TMPDIR).

    Args:
        path: of the archive.
        progress: told how many bytes are done.

    Raises:
        BadFormatError: it is no archive, or damaged; nothing was unpacked.
        EnvkeepError: there is no room.
    """
    import tempfile

    manifest = check_archive(path, progress)
    size = sum(file.size for file in manifest.files)
    place = Path(tempfile.gettempdir())
    free = shutil.disk_usage(place).free
    if free < size + _SPARE:
        raise EnvkeepError(
            f"{place} has {free / 1e6:,.0f} MB left, and the archive unpacks to {size / 1e6:,.0f} MB",
            "Set TMPDIR to a folder with more room.",
        )
    # resolved, since a link in its path would show in what is installed from it
    folder = Path(tempfile.mkdtemp(prefix="envkeep-")).resolve()
    try:
        progress.start("unpacking the archive", size)
        try:
            with open_archive(path) as archive:
                manifest = archive.manifest
                for entry in manifest.files:
                    target = folder.joinpath(*entry.name.split("/"))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    # `x`: a file that is there already would be another entry's, or a link
                    with target.open("xb") as file:
                        for block in archive.blocks(entry):
                            file.write(block)
                            progress.advance(len(block))
        except OSError as error:
            raise EnvkeepError(
                f"cannot unpack {path} into {folder}: {error.strerror or error}", "Set TMPDIR to another folder."
            ) from error
        finally:
            progress.finish()
        yield folder, manifest
    finally:
        if os.path.lexists(folder):
            remove_tree(folder)
