"""Files into one archive: the same files give the same bytes; a block at a time is in memory."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.errors import EnvkeepError
from envkeep.formats.archive_file import BLOCK, seal_text
from envkeep.formats.archive_manifest import MANIFEST_NAME, PackedFile, write_manifest
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from envkeep.engines.base import Progress
    from envkeep.formats.archive_manifest import ArchiveManifest

__all__ = ["Ingredient", "write_archive"]

# before zip's first second of 1980 there is no time, and a time of now would give other bytes for the same content
_DATE = (1980, 1, 1, 0, 0, 0)
_PART = ".part"
# Windows translates line ends without it
_BINARY = getattr(os, "O_BINARY", 0)


@frozen
class Ingredient:
    """A file to be packed.

    Attributes:
        name: in the archive, with ``/``.
        source: its bytes, or the file that holds them.
        size: in bytes.
        sha256: what the bytes have to be; one that changed since it was looked at is an error.
        executable: whether it is to be a program where it is unpacked by hand.
    """

    name: str
    source: bytes | Path
    size: int
    sha256: str
    executable: bool = False

    @classmethod
    def of(cls, name: str, data: bytes, *, executable: bool = False) -> Ingredient:
        """Return the ingredient of some bytes."""
        return cls(name=name, source=data, size=len(data), sha256=hashlib.sha256(data).hexdigest(), executable=executable)

    def blocks(self) -> Iterator[bytes]:
        """Yield its bytes in blocks."""
        if isinstance(self.source, bytes):
            yield self.source
            return
        with self.source.open("rb") as file:
            while block := file.read(BLOCK):
                yield block


def write_archive(
    path: Path, manifest: ArchiveManifest, ingredients: Iterable[Ingredient], progress: Progress, *, private: bool = False
) -> None:
    """Write an archive: beside its place first, synced, then renamed, so that no half one stands there.

    Args:
        path: of the archive; what stands there gives way.
        manifest: without ``files``, which are those of the ingredients.
        ingredients: what is in it; each name once.
        progress: told how many bytes are written.
        private: whether nobody else may read it.

    Raises:
        EnvkeepError: it cannot be written, or an ingredient is not what it was.
    """
    wanted = sorted(ingredients, key=lambda item: item.name)
    files = tuple(PackedFile(name=item.name, size=item.size, sha256=item.sha256) for item in wanted)
    last = Ingredient.of(MANIFEST_NAME, write_manifest(replace(manifest, files=files)))
    part = path.with_name(path.name + _PART)
    progress.start("writing the archive", 2 * sum(item.size for item in wanted))
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o600 if private else 0o666), "wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
                for item in (*wanted, last):
                    _write(archive, item, progress)
            raw.flush()
        _seal(part, progress)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EnvkeepError(f"cannot write {path}: {error.strerror or error}", "Name another file with -o.") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        progress.finish()


def _write(archive: zipfile.ZipFile, item: Ingredient, progress: Progress) -> None:
    info = zipfile.ZipInfo(item.name, _DATE)
    info.compress_type = zipfile.ZIP_STORED
    # the system it was written on is not content
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | (0o755 if item.executable else 0o644)) << 16
    info.file_size = item.size
    digest = hashlib.sha256()
    with archive.open(info, "w") as stream:
        for block in item.blocks():
            digest.update(block)
            stream.write(block)
            progress.advance(len(block))
    if digest.hexdigest() != item.sha256:
        raise EnvkeepError(f"{item.name} changed while it was packed", "Pack again.")


def _seal(part: Path, progress: Progress) -> None:
    """Add the seal as the zip's comment.

    zipfile goes back to an entry's header once it knows its checksum, so that the digest cannot be taken while it writes.
    """
    with part.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        # the length of the comment ends a zip that has none (APPNOTE 4.3.16)
        file.write(len(seal_text("0" * 64)).to_bytes(2, "little"))
        file.seek(0)
        digest = hashlib.sha256()
        while block := file.read(BLOCK):
            digest.update(block)
            progress.advance(len(block))
        file.write(seal_text(digest.hexdigest()))
        file.flush()
        os.fsync(file.fileno())
