"""A packed archive as a file: a zip of ordinary, stored files whose comment seals every byte before it.

Stored, since artefacts are compressed already: what a file takes in memory and on disk is known before it is read, and no archive
can blow up. The seal is ``envkeep sha256:<hex>`` over all bytes before the comment, so that a change anywhere is seen, in the
zip's own tables too; the manifest's sha256 of each file says which one it is in.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from envkeep.errors import BadFormatError
from envkeep.formats.archive_manifest import MANIFEST_NAME, MAX_BYTES, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkeep.formats.archive_manifest import ArchiveManifest, PackedFile
    from envkeep.model.record import Record

__all__ = ["BLOCK", "SEAL_LENGTH", "OpenArchive", "check_seal", "open_archive", "read_record", "seal_text"]

# bytes that are in memory at once, whatever an archive's size
BLOCK = 1 << 20

_SEAL = re.compile(rb"envkeep sha256:([0-9a-f]{64})\Z")
SEAL_LENGTH = len("envkeep sha256:") + 64
_REMEDY = "Get it again from where it came, or pack the environment again."


def seal_text(digest: str) -> bytes:
    """Return the comment that seals an archive of this sha256."""
    return f"envkeep sha256:{digest}".encode("ascii")


def check_seal(path: Path, advance: Callable[[int], None] | None = None) -> None:
    """Hold every byte of an archive against its seal.

    Args:
        path: of the archive.
        advance: told how many bytes more were read.

    Raises:
        BadFormatError: a byte is not as it was written, or there is no seal.
    """
    digest = hashlib.sha256()
    try:
        left = path.stat().st_size - SEAL_LENGTH
        with path.open("rb") as file:
            while left > 0:
                block = file.read(min(BLOCK, left))
                if not block:
                    break
                digest.update(block)
                left -= len(block)
                if advance is not None:
                    advance(len(block))
            found = _SEAL.match(file.read())
    except OSError as error:
        raise BadFormatError(f"{path} cannot be read: {error.strerror or error}", None) from None
    if found is None:
        raise BadFormatError(f"{path} is no packed archive of envkeep, or was cut short or changed: it has no seal", _REMEDY)
    if found[1].decode("ascii") != digest.hexdigest():
        raise BadFormatError(f"{path} is damaged: its sha256 is not the one that it was sealed with", _REMEDY)


class OpenArchive:
    """An archive that is open for reading, its manifest and the zip's own list of files held against each other."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self.path = path
        self._file = file
        members = _members(path, file)
        manifest = members.pop(MANIFEST_NAME, None)
        if manifest is None:
            raise BadFormatError(f"{path} is a zip without {MANIFEST_NAME}: no packed archive of envkeep", _REMEDY)
        if manifest.file_size > MAX_BYTES:
            raise BadFormatError(f"{path}: {MANIFEST_NAME} is larger than any manifest", _REMEDY)
        self.manifest: ArchiveManifest = read_manifest(b"".join(self._blocks(manifest)), str(path))
        listed = {entry.name: entry for entry in self.manifest.files}
        for name in sorted({*members, *listed}):
            if name not in listed or name not in members or members[name].file_size != listed[name].size:
                raise BadFormatError(f"{path}: {name!r} is not as {MANIFEST_NAME} lists it", _REMEDY)
        self._members = members

    def blocks(self, entry: PackedFile) -> Iterator[bytes]:
        """Yield a file's bytes in blocks; after the last one, its sha256 is held against the manifest's.

        Raises:
            BadFormatError: they are not as they were written.
        """
        digest = hashlib.sha256()
        for block in self._blocks(self._members[entry.name]):
            digest.update(block)
            yield block
        if digest.hexdigest() != entry.sha256:
            raise BadFormatError(f"{self.path}: {entry.name} is damaged: its sha256 is not the one in {MANIFEST_NAME}", _REMEDY)

    def _blocks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with self._file.open(member) as stream:
                while block := stream.read(BLOCK):
                    yield block
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise BadFormatError(f"{self.path}: {member.filename!r} is damaged: {error}", _REMEDY) from None


@contextmanager
def open_archive(path: Path) -> Iterator[OpenArchive]:
    """Open an archive for reading.

    Raises:
        BadFormatError: it is none, or its lists of files do not fit.
    """
    try:
        with path.open("rb") as raw, _zip(path, raw) as file:
            yield OpenArchive(path, file)
    except OSError as error:
        raise BadFormatError(f"{path} cannot be read: {error.strerror or error}", None) from None


def read_record(path: Path) -> Record:
    """Return the record in an archive; of the rest nothing is read.

    Raises:
        BadFormatError: it is no archive, or the record in it is damaged.
    """
    from envkeep.formats.record_json import load_gz

    with open_archive(path) as archive:
        entry = next(entry for entry in archive.manifest.files if entry.name == archive.manifest.record)
        if entry.size > MAX_BYTES:
            raise BadFormatError(f"{path}: {entry.name} is larger than any record", _REMEDY)
        return load_gz(b"".join(archive.blocks(entry)), f"{path}: {entry.name}")


def _zip(path: Path, raw: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise BadFormatError(f"{path} is no zip that can be read: {error}", _REMEDY) from None


def _members(path: Path, file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    size = path.stat().st_size
    for member in file.infolist():
        mode = member.external_attr >> 16
        odd = (
            "is there twice"
            if member.filename in members
            else "is no ordinary file"
            if member.is_dir() or (mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG})
            else "is compressed or encrypted"
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 or member.file_size != member.compress_size
            else None
        )
        if odd is not None:
            raise BadFormatError(f"{path}: {member.filename!r} {odd}, as in no archive that envkeep packed", _REMEDY)
        members[member.filename] = member
    # files that lie over each other in a zip could be more than it holds
    if sum(member.file_size for member in members.values()) > size:
        raise BadFormatError(f"{path}: its files are larger than the archive, as in no archive that envkeep packed", _REMEDY)
    return members
