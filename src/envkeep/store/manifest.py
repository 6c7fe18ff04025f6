"""The small JSON files of the store, read and written: a backup's manifest, an environment's identity, its tags.

Unknown keys are passed over, so that a newer envkeep's store stays readable; what is missing or of a wrong type is a fault.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from envkeep import __version__
from envkeep.errors import BadFormatError
from envkeep.model.frozen import frozen
from envkeep.store.layout import MANIFEST, Summary
from envkeep.store.seen import signature_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.model.record import EnvironmentKind
    from envkeep.store.seen import Signature

__all__ = [
    "FileEntry",
    "Identity",
    "Manifest",
    "file_entry",
    "identity_bytes",
    "manifest_bytes",
    "read_identity",
    "read_manifest",
    "read_tags",
    "tags_bytes",
]

SCHEMA = 1
# bounds what a file that is no manifest can cost: ours are some 2 kB
_LARGEST = 1 << 20
# a manifest may come from elsewhere: its names stay inside their folder
_INSIDE = re.compile(r"(?:[^/\\:\x00-\x1f]+/)?[^/\\:\x00-\x1f]+\Z")
_KINDS = ("conda", "venv", "interpreter")


class FileEntry(NamedTuple):
    """A file as it was written: its name in the folder (``imported/x.yml`` one level down), size in bytes, sha256 hex."""

    name: str
    size: int
    sha256: str


@frozen
class Manifest:
    """What a backup's folder says of itself.

    Attributes:
        created: UTC, aware.
        order: see ``Backup.order``.
        main: the file of ``files`` that says most: the record, or the file that was imported.
        txt: the ``.txt`` beside the folder.
        files: all others, sorted by name, the manifest apart.
        digest: of the record's content; None for an imported file that is no record.
        writer: program and version that wrote it.
    """

    created: datetime
    order: int
    main: str
    txt: FileEntry
    files: tuple[FileEntry, ...]
    summary: Summary
    digest: str | None = None
    note: str | None = None
    writer: str = f"envkeep {__version__}"


class Identity(NamedTuple):
    """Whose folder it is: ``environment.json``. ``prefix`` and ``kind`` are None for one that only holds imported files."""

    prefix: str | None
    kind: EnvironmentKind | None
    name: str
    first_seen: datetime


def file_entry(name: str, data: bytes) -> FileEntry:
    """Return the entry of a file with these bytes."""
    import hashlib

    return FileEntry(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return a manifest as its file's bytes."""
    summary = manifest.summary
    return _json(
        {
            "schema": SCHEMA,
            "written_by": manifest.writer,
            "created": _instant_text(manifest.created),
            "order": manifest.order,
            "digest": manifest.digest,
            "note": manifest.note,
            "summary": {
                "python": summary.python,
                "conda": summary.conda,
                "pip": summary.pip,
                "changes": None if summary.changes is None else dict(summary.changes),
            },
            "main": manifest.main,
            "txt": {"size": manifest.txt.size, "sha256": manifest.txt.sha256},
            "files": {entry.name: {"size": entry.size, "sha256": entry.sha256} for entry in manifest.files},
        }
    )


def read_manifest(folder: str | Path) -> Manifest:
    """Return the manifest of a backup's folder.

    Raises:
        BadFormatError: it is not one; names the key.
        OSError: it cannot be read, or is not there.
    """
    # as text: it is asked of each backup of an environment whenever one is kept
    path = f"{folder}{os.sep}{MANIFEST}"
    return _manifest(path, signature_of(os.stat(path)))  # noqa: PTH116


# some 3 kB each; when a backup is kept, those of all others are asked for twice
@lru_cache(maxsize=2048)
def _manifest(source: str, stand: Signature) -> Manifest:  # noqa: ARG001 - another file, another reading
    top = _load(source)
    summary = _field(top, "summary", dict, source)
    changes = _optional(summary, "changes", dict, f"{source}: summary")
    txt = _field(top, "txt", dict, source)
    files = tuple(
        _entry(name, value, f"{source}: files: {name}") for name, value in sorted(_field(top, "files", dict, source).items())
    )
    main = _field(top, "main", str, source)
    if main not in {entry.name for entry in files}:
        raise _fault(source, "main", "names none of its files")
    return Manifest(
        created=_instant(top, "created", source),
        order=_field(top, "order", int, source),
        main=main,
        txt=_entry("txt", txt, f"{source}: txt"),
        files=files,
        summary=Summary(
            python=_optional(summary, "python", str, f"{source}: summary"),
            conda=_optional(summary, "conda", int, f"{source}: summary"),
            pip=_optional(summary, "pip", int, f"{source}: summary"),
            changes=None
            if changes is None
            else tuple((word, _field(changes, word, int, f"{source}: summary: changes")) for word in changes),
        ),
        digest=_optional(top, "digest", str, source),
        note=_optional(top, "note", str, source),
        writer=_field(top, "written_by", str, source),
    )


def identity_bytes(identity: Identity) -> bytes:
    """Return an environment's identity as its file's bytes."""
    return _json(
        {
            "schema": SCHEMA,
            "prefix": identity.prefix,
            "kind": identity.kind,
            "name": identity.name,
            "first_seen": _instant_text(identity.first_seen),
        }
    )


def read_identity(path: Path) -> Identity:
    """Return an environment's identity from its file; errors as of ``read_manifest``."""
    top = _load(path)
    kind = _optional(top, "kind", str, str(path))
    if kind is not None and kind not in _KINDS:
        raise _fault(str(path), "kind", f"is none of {', '.join(_KINDS)}")
    return Identity(
        prefix=_optional(top, "prefix", str, str(path)),
        kind=cast("EnvironmentKind | None", kind),
        name=_field(top, "name", str, str(path)),
        first_seen=_instant(top, "first_seen", str(path)),
    )


def tags_bytes(tags: Mapping[str, str]) -> bytes:
    """Return tags (name, stamp) as their file's bytes."""
    return _json({"schema": SCHEMA, "tags": dict(sorted(tags.items()))})


def read_tags(path: Path) -> dict[str, str]:
    """Return the stamps of the tags; empty where there is no file; errors as of ``read_manifest``."""
    try:
        top = _load(path)
    except FileNotFoundError:
        return {}
    tags = _field(top, "tags", dict, str(path))
    return {name: _field(tags, name, str, f"{path}: tags") for name in tags}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _load(path: str | Path) -> dict[str, Any]:
    with open(path, "rb") as file:  # noqa: PTH123
        # a bound given to read() is allocated each time
        size = os.fstat(file.fileno()).st_size
        data = file.read() if size <= _LARGEST else b""
    if size > _LARGEST:
        raise BadFormatError(f"{path}: is larger than any file of its kind", "Move it away.")
    try:
        top = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadFormatError(f"{path}: is not JSON ({error})", "envkeep doctor says what can still be read.") from error
    if not isinstance(top, dict):
        raise BadFormatError(f"{path}: is not a JSON object", "envkeep doctor says what can still be read.")
    schema = _field(top, "schema", int, str(path))
    if schema > SCHEMA:
        raise BadFormatError(f"{path}: schema {schema} was written by a newer envkeep", "Update envkeep.")
    return top


def _entry(name: str, value: object, source: str) -> FileEntry:
    if not isinstance(value, dict):
        raise BadFormatError(f"{source}: is not a JSON object")
    if not _INSIDE.match(name) or any(part in (".", "..") for part in name.split("/")):
        raise BadFormatError(f"{source}: leads out of the backup's folder")
    return FileEntry(name=name, size=_field(value, "size", int, source), sha256=_field(value, "sha256", str, source))


def _field(table: Mapping[str, Any], key: str, kind: type, source: str) -> Any:
    value = _optional(table, key, kind, source)
    if value is None:
        raise _fault(source, key, "is missing")
    return value


def _optional(table: Mapping[str, Any], key: str, kind: type, source: str) -> Any:
    value = table.get(key)
    # bool is an int to Python
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise _fault(source, key, f"should be {_WORDS[kind]}")
    return value


_WORDS = {dict: "an object", str: "a text", int: "a whole number"}


def _instant(table: Mapping[str, Any], key: str, source: str) -> datetime:
    text = _field(table, key, str, source)
    try:
        # `Z` is read by fromisoformat since Python 3.11
        instant = datetime.fromisoformat(text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else ""))
        return instant.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise _fault(source, key, "is not a date and time") from error


def _instant_text(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _fault(source: str, key: str, fault: str) -> BadFormatError:
    return BadFormatError(f"{source}: {key}: {fault}", "envkeep doctor says what can still be read.")
