"""A packed archive as the BACKUP of a restore: unpacked for as long as the restore runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.archive.rebuilding import UnpackedRecord
    from envkeep.cli.choosing import Chosen
    from envkeep.engines.base import Progress
    from envkeep.model.record import Record
    from envkeep.model.specification import Specification

__all__ = ["opened"]


@contextmanager
def opened(chosen: Chosen, source: Record | Specification, progress: Progress) -> Iterator[UnpackedRecord | None]:
    """Unpack what was chosen, if it is an archive, and remove it at the end; None for anything else.

    Raises:
        BadFormatError: the archive is damaged.
        EnvkeepError: there is no room for what is in it.
    """
    from envkeep.formats.archive_sign import is_archive
    from envkeep.model.record import Record

    if chosen.file is None or not isinstance(source, Record) or not is_archive(chosen.file):
        yield None
        return
    from envkeep.archive.rebuilding import UnpackedRecord
    from envkeep.archive.unpacking import unpacked

    with unpacked(chosen.file, progress) as (folder, manifest):
        yield UnpackedRecord(source, manifest, folder)
