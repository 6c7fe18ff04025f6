"""What is wrong with a store, and what can still be read from it: for ``envkeep doctor``. Reads every byte, changes none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from envkeep.errors import BadFormatError, EnvkeepError, StoreError
from envkeep.model.frozen import frozen
from envkeep.store.contents import faults
from envkeep.store.files import reading, reason_of
from envkeep.store.layout import ENVIRONMENT, LOCK, RECORD, TAGS, TEMPORARY, stamp_of_txt
from envkeep.store.manifest import read_identity, read_manifest
from envkeep.store.reading import leftovers, tags_of
from envkeep.store.stamps import is_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkeep.store.layout import Backup, StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["Finding", "FindingCode", "examine"]

FindingCode = Literal["damaged", "edited", "missing", "foreign", "unreadable", "leftover"]


@frozen
class Finding:
    """One thing that is not as envkeep left it.

    Attributes:
        code: ``damaged``: a file is not as it was written; ``edited``: the ``.txt`` is not, which a user may do; ``missing``: a
            file is gone; ``unreadable``: nothing can be read from it; ``foreign``: not envkeep's; ``leftover``: of a writer
            that was killed, or of one at work right now; the next backup removes it.
        environment: folder name; empty for what lies beside the environments.
        path: what it is about.
        fact: one sentence without a final full stop.
        readable: what can still be read of the backup: ``record``, ``.txt``, both, or nothing; empty where it is about none.
        remedy: what to do; may be empty.
    """

    code: FindingCode
    environment: str
    path: Path
    fact: str
    readable: tuple[str, ...] = ()
    remedy: str = ""


def examine(store: Store) -> tuple[Finding, ...]:
    """Return what is wrong with a store, environment by environment; empty for a sound one.

    Raises:
        StoreError: the store's folder cannot be read.
    """
    found = list(_beside(store.path))
    for environment in store.environments():
        try:
            backups = store.backups(environment)
            found += _of_folder(environment, {backup.stamp for backup in backups})
        except StoreError as error:
            # the others may be sound
            found.append(_shut(environment, error))
            continue
        for backup in backups:
            found += _of_backup(backup)
    return tuple(found)


def _shut(environment: StoredEnvironment, error: StoreError) -> Finding:
    return Finding(
        code="unreadable",
        environment=environment.folder,
        path=environment.path,
        fact=error.fact,
        remedy=error.remedy or "",
    )


def _beside(folder: Path) -> Iterator[Finding]:
    with reading(folder):
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if not entry.is_dir() and entry.name != LOCK)
        except FileNotFoundError:
            return
    for name in names:
        yield _stray("", folder / name)


def _of_folder(environment: StoredEnvironment, stamps: set[str]) -> Iterator[Finding]:
    folder = environment.path
    try:
        read_identity(folder / ENVIRONMENT)
    except FileNotFoundError:
        # PyMoDAQ's own
        pass
    except (BadFormatError, OSError) as error:
        yield Finding(
            code="unreadable",
            environment=environment.folder,
            path=folder / ENVIRONMENT,
            fact=reason_of(error),
            remedy="Remove it: the next backup of the environment writes a new one, and what is here stays readable.",
        )
    try:
        tags = tags_of(folder)
        left = leftovers(folder)
    except (BadFormatError, OSError) as error:
        yield Finding(
            code="unreadable",
            environment=environment.folder,
            path=folder / TAGS,
            fact=f"{reason_of(error)}; nothing rotates until it can be read",
            remedy="Mend it, or remove it and tag again; one that a newer envkeep wrote, read with that.",
        )
        return
    for path in left:
        left_over = "is of a writer that was killed, or of one at work right now"
        if is_stamp(path.name):
            left_over = f"has no .txt beside it: something removed that, or it {left_over}"
        yield Finding(
            code="leftover",
            environment=environment.folder,
            path=path,
            fact=f"{path} {left_over}",
            remedy="The next backup of this environment removes it.",
        )
    for tag, stamp in tags.items():
        if stamp not in stamps:
            yield Finding(
                code="missing",
                environment=environment.folder,
                path=folder / TAGS,
                fact=f"the tag {tag!r} is on the backup {stamp}, which is gone",
                remedy="Something else than envkeep removed it (PyMoDAQ knows no tags); take the tag away.",
            )
    with reading(folder):
        names = {path.name for path in folder.iterdir()}
    for name in sorted(names - {ENVIRONMENT, TAGS, LOCK}):
        if stamp_of_txt(name) is None and not is_stamp(name) and not name.startswith(TEMPORARY):
            yield _stray(environment.folder, folder / name)


def _stray(environment: str, path: Path) -> Finding:
    taken = "; PyMoDAQ takes it for a backup" if environment and path.suffix == ".txt" else ""
    return Finding(
        code="foreign",
        environment=environment,
        path=path,
        fact=f"{path} is not envkeep's{taken}",
        remedy="Move it elsewhere, or bring it in with envkeep import." if taken else "",
    )


def _of_backup(backup: Backup) -> Iterator[Finding]:
    if backup.state == "lone":
        fault = _fault(backup.txt)
        if fault is not None:
            yield _about(backup, "unreadable", backup.txt, fault, ())
        return
    folder = backup.environment.path / backup.stamp
    try:
        manifest = read_manifest(folder)
    except FileNotFoundError as error:
        yield _about(backup, "missing", folder, f"{error.filename}: is gone", _readable(backup))
        return
    except (BadFormatError, OSError) as error:
        yield _about(backup, "damaged", folder, reason_of(error), _readable(backup))
        return
    wrong = faults(backup, manifest)
    # what is as it was written need not be parsed to know that it can be
    readable = _readable(backup) if wrong else ()
    for fault in wrong:
        code: FindingCode = "missing" if fault.endswith(": is gone") else "damaged"
        if code == "damaged" and fault.startswith(str(backup.txt)) and ".txt" in readable:
            code = "edited"
        yield _about(backup, code, folder, fault, readable)


def _readable(backup: Backup) -> tuple[str, ...]:
    files = (("record", backup.environment.path / backup.stamp / RECORD), (".txt", backup.txt))
    return tuple(word for word, path in files if _fault(path) is None)


def _about(backup: Backup, code: FindingCode, path: Path, fact: str, readable: tuple[str, ...]) -> Finding:
    if code == "edited":
        remedy = f"It is used as it is now; what was captured is in {backup.environment.path / backup.stamp}."
    elif readable:
        remedy = (
            f"{backup.label} can still be read from its {' and its '.join(readable)}; back up anew while the original is there."
        )
    else:
        remedy = f"Nothing can be read from it: envkeep forget {backup.label}"
    return Finding(code=code, environment=backup.environment.folder, path=path, fact=fact, readable=readable, remedy=remedy)


def _fault(path: Path) -> str | None:
    from envkeep.formats.load import load_file
    from envkeep.formats.record_json import load_gz

    try:
        # nearly any text can be read as a list of requirements, which a record is not
        if path.name == RECORD:
            load_gz(path.read_bytes(), str(path))
        else:
            load_file(path)
    except EnvkeepError as error:
        return error.fact
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"
    return None
