"""Loose files brought into the store: PyMoDAQ's or anybody's ``.txt``, environment.yml, explicit lists, lock files, records.

The bytes of the original are kept, whatever was understood of them. A requirements list becomes a backup of its own, as PyMoDAQ
writes them; a set that was copied out of a store comes in whole; of anything else a set is made, with the original in
``imported/`` and a ``.txt`` of its Python packages.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.store.contents import is_intact, main_file
from envkeep.store.files import reading
from envkeep.store.layout import RECORD, Summary
from envkeep.store.manifest import file_entry, read_manifest
from envkeep.store.names import folder_name
from envkeep.store.reading import backup_at
from envkeep.store.stamps import instant_of, is_stamp, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.model.specification import Specification
    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["import_file"]

_FOLDER = "imported"
_UNFIT = re.compile(r"[/\\:\x00-\x1f]+")


def import_file(store: Store, path: Path, name: str | None = None) -> Backup:
    """Bring a loose file into the store.

    The backup's time is the stamp that the file's name begins with, else when the record was captured, else the file's
    modification time. A path into an intact set brings the set; a set's folder alone, its main file. The same file brought in
    twice is one backup.

    Args:
        store: where to.
        path: the file, or a set's folder.
        name: folder name of the environment, made if need be; what the file calls it where None, else the name of its folder.

    Raises:
        BadFormatError: the file is none that envkeep reads.
        UsageError: no folder can have that name.
        StoreError: it cannot be read or kept.
    """
    from envkeep.formats.archive_sign import is_archive
    from envkeep.formats.load import load_file
    from envkeep.formats.record_json import dump_gz

    copied = backup_at(path.absolute())
    if copied is not None and is_intact(copied):
        return _keep_set(store, store.named_environment(name or _called(store.load(copied), path)), copied)
    if path.is_dir():
        path = main_file(path) or path
    with reading(path):
        value = load_file(path)
        # of an archive, which can be larger than all backups together, its record is kept
        data = dump_gz(value) if isinstance(value, Record) and is_archive(path) else path.read_bytes()
        modified = path.stat().st_mtime
    environment = store.named_environment(name or _called(value, path))
    instant = _made(path, value, modified)
    with store.locked(environment):
        if not isinstance(value, Record) and _is_list(value, data):
            return _keep_list(store, environment, stamp_of(instant), data)
        # a name from another system may hold what is no part of a name here
        ending = f".{RECORD}" if isinstance(value, Record) and is_archive(path) else ""
        original = file_entry(f"{_FOLDER}/{_UNFIT.sub('-', path.name)}{ending}", data)
        for backup in store.backups(environment):
            if backup.folder is not None and backup.state != "damaged" and original in read_manifest(backup.folder).files:
                return backup
        files = {original.name: data}
        if isinstance(value, Record):
            return store.write(environment, value, extra=files, now=instant, historic=True)
        txt, summary = _listing(value, path.name)
        return store.publish(environment, txt, files, main=original.name, summary=summary, now=instant, historic=True)


def _called(value: Record | Specification, path: Path) -> str:
    own = value.environment.name if isinstance(value, Record) else value.name
    return folder_name(own or path.resolve().parent.name)


def _keep_set(store: Store, environment: StoredEnvironment, copied: Backup) -> Backup:
    folder = copied.environment.path / copied.stamp
    manifest = read_manifest(folder)
    with store.locked(environment):
        for backup in store.backups(environment):
            if backup.folder is not None and backup.state == "whole" and backup.created == manifest.created:
                known = read_manifest(backup.folder)
                # the writer's version and the place in the order are this store's own
                if (known.txt, known.files) == (manifest.txt, manifest.files):
                    return backup
        with reading(folder):
            files = {entry.name: (folder / entry.name).read_bytes() for entry in manifest.files}
            txt = copied.txt.read_bytes()
        return store.publish(
            environment,
            txt,
            files,
            main=manifest.main,
            summary=manifest.summary,
            digest=manifest.digest,
            note=manifest.note,
            now=manifest.created,
            historic=True,
        )


def _keep_list(store: Store, environment: StoredEnvironment, stamp: str, data: bytes) -> Backup:
    for backup in store.backups(environment):
        with reading(backup.txt):
            if backup.stamp == stamp and backup.folder is None and backup.txt.read_bytes() == data:
                return backup
    return store.publish_lone(environment, stamp, data)


def _listing(value: Specification, name: str) -> tuple[bytes, Summary]:
    lines = sorted({requirement.text for requirement in value.requirements}, key=str.casefold)
    header = ["# executable: none", f"# version: {value.python or 'none'}", f"# the Python packages that {name} names"]
    summary = Summary(python=value.python, conda=len(value.conda_specs) + len(value.artefacts), pip=len(lines))
    return "\n".join([*header, "", *lines, ""]).encode(), summary


def _made(path: Path, value: Record | Specification, modified: float) -> datetime:
    if is_stamp(path.name[:14]):
        return instant_of(path.name[:14], modified)
    if isinstance(value, Record):
        return value.captured_at
    return datetime.fromtimestamp(modified, timezone.utc)


def _is_list(value: Specification, data: bytes) -> bool:
    from envkeep.formats.load import is_requirements

    if not is_requirements(data, value.source):
        # a pylock.toml asks for the same and is none
        return False
    if value.conda_specs or value.artefacts or value.channels or value.name is not None:
        return False
    try:
        # PyMoDAQ reads every `.txt` there as UTF-8, and stops at one that is not
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
