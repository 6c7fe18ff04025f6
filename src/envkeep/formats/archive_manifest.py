"""``envkeep.json``: what a packed archive holds, file by file and package by package.

``docs/reference/archive.md`` describes it for other programs. An archive may come from anybody: names stay inside the folder that
it is unpacked to, on every system, and what is not as it should be is one clear error.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from envkeep.errors import BadFormatError
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "MANIFEST_NAME",
    "SCHEMA",
    "ArchiveManifest",
    "CameFrom",
    "Lacking",
    "PackedFile",
    "PackedPackage",
    "read_manifest",
    "write_manifest",
]

SCHEMA = 1
MANIFEST_NAME = "envkeep.json"

CameFrom = Literal["cache", "channel", "index", "file", "environment", "built"]

# some 300 bytes a package; what is beyond this is no manifest
MAX_BYTES = 64 << 20
_MAX_FILES = 200_000
_PART = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+!~@,= -]*\Z")
# what Windows takes for a device, whatever its ending
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?\Z", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_REMEDY = "Get the archive again from where it came, or pack the environment again."


@frozen
class PackedFile:
    """A file of an archive: its name with ``/``, its size in bytes, its sha256 in hex."""

    name: str
    size: int
    sha256: str


@frozen
class PackedPackage:
    """A package of the record and the files of the archive that bring it back.

    Attributes:
        kind: ``conda`` or ``pip``.
        name: as the record has it.
        file: the conda artefact, or the wheel.
        came_from: where ``file`` was got: a package cache, its channel, the index (or its URL), its recorded file, the
            environment itself (installed files put back into a wheel), or built from its source.
        link: of an editable project: a wheel that holds the link to the recorded folder, and no code.
        sources: what it was made from: an sdist, a git bundle, a diff of what was uncommitted.
        url: an index's or channel's address of ``file``, if that is known.
    """

    kind: Literal["conda", "pip"]
    name: str
    version: str
    file: str
    came_from: CameFrom
    link: str | None = None
    sources: tuple[str, ...] = ()
    url: str | None = None


@frozen
class Lacking:
    """Something of the record that the archive does not hold, and why; ``what`` is ``artefact`` or ``source``."""

    kind: Literal["conda", "pip"]
    name: str
    reason: str
    what: Literal["artefact", "source"] = "artefact"


@frozen
class ArchiveManifest:
    """What an archive holds.

    Attributes:
        name: of the environment.
        subdir: conda's name of its platform.
        created: when it was recorded, as ISO 8601; an archive of the same artefacts has the same bytes, whenever it is packed.
        record: name of the record among ``files``.
        files: all but the manifest itself, sorted by name.
        packages: sorted by kind and name.
        lacking: what could not be had.
        writer: program and version that packed it.
    """

    name: str
    subdir: str
    created: str
    record: str
    files: tuple[PackedFile, ...]
    packages: tuple[PackedPackage, ...]
    lacking: tuple[Lacking, ...] = ()
    writer: str = ""

    @property
    def complete(self) -> bool:
        """Whether every package of the record can be brought back from it."""
        return not any(item.what == "artefact" for item in self.lacking)

    def sha256_of(self, name: str) -> str:
        """Return the sha256 of a file that the manifest names."""
        return next(file.sha256 for file in self.files if file.name == name)


def write_manifest(manifest: ArchiveManifest) -> bytes:
    """Return a manifest as its file's bytes."""
    document = {
        "schema": SCHEMA,
        "written_by": manifest.writer,
        "name": manifest.name,
        "subdir": manifest.subdir,
        "created": manifest.created,
        "complete": manifest.complete,
        "record": manifest.record,
        "packages": [_plain(package) for package in manifest.packages],
        "lacking": [_plain(item) for item in manifest.lacking],
        "files": {file.name: {"size": file.size, "sha256": file.sha256} for file in manifest.files},
    }
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def read_manifest(data: bytes, source: str) -> ArchiveManifest:
    """Return the manifest of an archive.

    Args:
        data: of its ``envkeep.json``.
        source: what the archive is called in messages.

    Raises:
        BadFormatError: it is none; names the key.
    """
    where = f"{source}: {MANIFEST_NAME}"
    if len(data) > MAX_BYTES:
        raise BadFormatError(f"{where} is larger than any manifest", _REMEDY)
    try:
        top = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadFormatError(f"{where} is not JSON ({error})", _REMEDY) from None
    if not isinstance(top, dict):
        raise BadFormatError(f"{where} is not a JSON object", _REMEDY)
    schema = _field(top, "schema", int, where)
    if schema > SCHEMA:
        raise BadFormatError(f"{where}: schema {schema} was written by a newer envkeep", "Update envkeep.")
    files = tuple(_files(_field(top, "files", dict, where), where))
    known = {file.name for file in files}
    manifest = ArchiveManifest(
        name=_field(top, "name", str, where),
        subdir=_field(top, "subdir", str, where),
        created=_field(top, "created", str, where),
        record=_field(top, "record", str, where),
        files=files,
        packages=tuple(_package(item, f"{where}: packages") for item in _field(top, "packages", list, where)),
        lacking=tuple(_lacking(item, f"{where}: lacking") for item in _field(top, "lacking", list, where)),
        writer=_field(top, "written_by", str, where),
    )
    for name in (manifest.record, *(name for package in manifest.packages for name in _named(package))):
        if name not in known:
            raise BadFormatError(f"{where}: it names {name!r}, and has no such file", _REMEDY)
    return manifest


def _named(package: PackedPackage) -> Iterator[str]:
    yield package.file
    yield from package.sources
    if package.link is not None:
        yield package.link


def _files(table: Mapping[str, Any], where: str) -> Iterator[PackedFile]:
    if len(table) > _MAX_FILES:
        raise BadFormatError(f"{where}: files: there are more than {_MAX_FILES:,}", _REMEDY)
    folded: set[str] = set()
    for name, value in sorted(table.items()):
        place = f"{where}: files: {name!r}"
        if not _is_inside(name):
            raise BadFormatError(f"{place}: leads out of the archive, or is no name on every system", _REMEDY)
        # one file must not take another one's place where case counts for nothing
        if name.casefold() in folded:
            raise BadFormatError(f"{place}: is there twice", _REMEDY)
        folded.add(name.casefold())
        if not isinstance(value, dict):
            raise BadFormatError(f"{place}: is not a JSON object", _REMEDY)
        size, sha256 = _field(value, "size", int, place), _field(value, "sha256", str, place)
        if size < 0 or not _SHA256.match(sha256):
            raise BadFormatError(f"{place}: has no size and sha256 that a file can have", _REMEDY)
        yield PackedFile(name=name, size=size, sha256=sha256)


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return (
        len(name) <= 400
        and name != MANIFEST_NAME
        and all(_PART.match(part) and not part.endswith((".", " ")) and not _DEVICE.match(part) for part in parts)
    )


def _package(item: object, where: str) -> PackedPackage:
    table = _table(item, where)
    came_from = _field(table, "came_from", str, where)
    if came_from not in get_args(CameFrom):
        raise BadFormatError(f"{where}: came_from: {came_from!r} is none of {', '.join(get_args(CameFrom))}", _REMEDY)
    return PackedPackage(
        kind=_kind(table, where),
        name=_field(table, "name", str, where),
        version=_field(table, "version", str, where),
        file=_field(table, "file", str, where),
        came_from=cast("CameFrom", came_from),
        link=_optional(table, "link", str, where),
        sources=tuple(_texts(table, "sources", where)),
        url=_optional(table, "url", str, where),
    )


def _lacking(item: object, where: str) -> Lacking:
    table = _table(item, where)
    what = _field(table, "what", str, where)
    if what not in {"artefact", "source"}:
        raise BadFormatError(f"{where}: what: {what!r} is neither artefact nor source", _REMEDY)
    return Lacking(
        kind=_kind(table, where),
        name=_field(table, "name", str, where),
        reason=_field(table, "reason", str, where),
        what=cast("Literal['artefact', 'source']", what),
    )


def _kind(table: Mapping[str, Any], where: str) -> Literal["conda", "pip"]:
    kind = _field(table, "kind", str, where)
    if kind not in {"conda", "pip"}:
        raise BadFormatError(f"{where}: kind: {kind!r} is neither conda nor pip", _REMEDY)
    return cast("Literal['conda', 'pip']", kind)


def _texts(table: Mapping[str, Any], key: str, where: str) -> Iterator[str]:
    for text in _optional(table, key, list, where) or ():
        if not isinstance(text, str):
            raise BadFormatError(f"{where}: {key}: is no list of texts", _REMEDY)
        yield text


def _table(item: object, where: str) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise BadFormatError(f"{where}: holds what is no JSON object", _REMEDY)
    return item


def _field(table: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    value = _optional(table, key, kind, where)
    if value is None:
        raise BadFormatError(f"{where}: {key}: is missing", _REMEDY)
    return value


def _optional(table: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    value = table.get(key)
    # bool is an int to Python
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise BadFormatError(f"{where}: {key}: is of a wrong type", _REMEDY)
    return value


def _plain(value: PackedPackage | Lacking) -> dict[str, Any]:
    from dataclasses import asdict

    return {key: item for key, item in asdict(value).items() if item is not None and item != ()}
