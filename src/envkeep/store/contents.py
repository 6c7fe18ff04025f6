"""What a backup holds, read from the best of its files that is as it was written."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError, UnknownBackupError
from envkeep.model.record import Record
from envkeep.store.files import reading, reason_of
from envkeep.store.layout import RECORD
from envkeep.store.manifest import read_manifest
from envkeep.store.stamps import readable

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.model.specification import Specification
    from envkeep.store.layout import Backup
    from envkeep.store.manifest import FileEntry, Manifest

__all__ = ["faults", "is_intact", "load", "load_record", "load_record_as", "main_file", "remember_record"]

# the digest of the file of the record that was last read or written, and that record
_last: tuple[str, Record] | None = None


def load(backup: Backup) -> Record | Specification:
    """Return what a backup holds.

    The record where the set is intact; an edited or lone ``.txt`` means itself; where the record is damaged, the ``.txt`` is what
    is left. Where nothing says how the record was written it counts if it can be read and the ``.txt`` says the same. A
    Specification that stands in for a record says so in its ``problems``.

    Raises:
        UnknownBackupError: it was removed in the meantime.
        BadFormatError: nothing of it can be read; says why for each file.
        StoreError: a file cannot be read.
    """
    if backup.folder is None:
        return _from_txt(backup, None)
    try:
        manifest = read_manifest(backup.folder)
    except (BadFormatError, OSError) as error:
        record = _unproven(backup.folder)
        if record is not None and _lists(backup.txt, record):
            return record
        return _from_txt(backup, f"the record cannot be used ({reason_of(error)}); this is what its .txt says")
    if os.path.lexists(backup.txt) and _fault(backup.txt, manifest.txt) is not None:
        return _edited(backup)
    try:
        return _main(backup.folder, manifest)
    except (BadFormatError, OSError) as error:
        return _from_txt(backup, f"the record cannot be used ({reason_of(error)}); this is what its .txt says")


def load_record(backup: Backup) -> Record | None:
    """Return the record that was captured, whatever became of the ``.txt``; None where there is none that can be read."""
    if backup.folder is None:
        return None
    try:
        manifest = read_manifest(backup.folder)
    except (BadFormatError, OSError):
        return _unproven(backup.folder)
    try:
        loaded = _main(backup.folder, manifest)
    except (BadFormatError, OSError):
        return None
    return loaded if isinstance(loaded, Record) else None


def load_record_as(path: Path, digest: str) -> Record | None:
    """Return the record of a file with that sha256 hex; None where it is not there, another, or cannot be read."""
    try:
        data = path.read_bytes()
        return _decoded(path, data, digest) if _sha256(data) == digest else None
    except (BadFormatError, OSError):
        return None


def remember_record(digest: str, record: Record) -> None:
    """Keep what a record's file with that sha256 hex holds, for who reads it next in this process."""
    global _last  # noqa: PLW0603 - one: a process that reads hundreds shall not grow by them
    _last = (digest, record)


def main_file(folder: Path) -> Path | None:
    """Return the file that says most in a backup's folder, which may have any name and lack its ``.txt``; None in any other."""
    try:
        main = folder / read_manifest(folder).main
    except (BadFormatError, OSError):
        main = folder / RECORD
    # asked so, it is no error in a folder that is shut
    return main if os.path.lexists(main) else None


def is_intact(backup: Backup) -> bool:
    """Return whether every file of a set is byte for byte as it was written; False for a lone ``.txt``."""
    if backup.folder is None:
        return False
    try:
        manifest = read_manifest(backup.folder)
    except (BadFormatError, OSError):
        return False
    return not faults(backup, manifest)


def faults(backup: Backup, manifest: Manifest) -> tuple[str, ...]:
    """Return what is wrong with the files of a set, one text each (``<path>: is gone``); empty for an intact one."""
    folder = backup.environment.path / backup.stamp
    checks = [_fault(backup.txt, manifest.txt), *(_fault(folder / entry.name, entry) for entry in manifest.files)]
    return tuple(fault for fault in checks if fault is not None)


def _edited(backup: Backup) -> Record | Specification:
    try:
        return _from_txt(backup, f"{backup.txt} was edited after it was written, so it counts and not the record beside it")
    except BadFormatError:
        # nobody edits a list so that it cannot be read: this is damage
        record = load_record(backup)
        if record is None:
            raise
        return record


def _unproven(folder: Path) -> Record | None:
    """Return the record of a set without a manifest: gzip's own checksum stands in for the digest."""
    from envkeep.formats.record_json import load_gz

    try:
        return load_gz((folder / RECORD).read_bytes(), str(folder / RECORD))
    except (BadFormatError, OSError):
        return None


def _lists(txt: Path, record: Record) -> bool:
    from envkeep.formats.variants import requirements

    try:
        return txt.read_bytes() == requirements(record)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _main(folder: Path, manifest: Manifest) -> Record | Specification:
    entry = next(entry for entry in manifest.files if entry.name == manifest.main)
    path = folder / entry.name
    data = path.read_bytes()
    if _sha256(data) != entry.sha256:
        raise BadFormatError(f"{path}: is not as it was written", "envkeep doctor says what can still be read.")
    if entry.name == RECORD:
        return _decoded(path, data, entry.sha256)
    from envkeep.formats.load import load_bytes

    return load_bytes(data, str(path))


def _decoded(path: Path, data: bytes, digest: str) -> Record:
    """Return the record that bytes with a digest hold; a backup asks for its last one twice, and a process may back up often."""
    known = _last
    if known is not None and known[0] == digest:
        return known[1]
    from envkeep.formats.record_json import load_gz

    record = load_gz(data, str(path))
    remember_record(digest, record)
    return record


def _from_txt(backup: Backup, reason: str | None) -> Record | Specification:
    from envkeep.formats.load import load_file

    if not os.path.lexists(backup.txt):
        if reason is None or backup.folder is None or not os.path.lexists(backup.folder):
            raise UnknownBackupError(
                f"the backup {backup.label} ({readable(backup.stamp)}) was removed in the meantime", "See envkeep list."
            )
        raise BadFormatError(f"{backup.label}: its .txt is gone, and {reason}", "envkeep doctor says what can still be read.")
    try:
        with reading(backup.txt):
            loaded = load_file(backup.txt)
    except BadFormatError as error:
        if reason is None:
            raise
        raise BadFormatError(f"{error.fact}; and {reason}", error.remedy) from error
    if reason is None or isinstance(loaded, Record):
        return loaded
    return replace(loaded, problems=(*loaded.problems, reason))


def _fault(path: Path, entry: FileEntry) -> str | None:
    from hashlib import sha256

    digest = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError:
        return f"{path}: is gone"
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"
    return None if digest.hexdigest() == entry.sha256 else f"{path}: is not as it was written"


def _sha256(data: bytes) -> str:
    # it loads OpenSSL, which a list of backups and a file that is named need not
    from hashlib import sha256

    return sha256(data).hexdigest()
