"""``record.json``: the whole record as JSON, from which every other file of a backup can be made again.

The document is ASCII, has its keys in one order and one package per line, so that the same record gives the same bytes and two
of them can be held against each other with ``diff``. ``docs/reference/record-json.md`` describes it for other programs.
"""

from __future__ import annotations

import json
import zlib
from datetime import timezone
from typing import TYPE_CHECKING, Any

from envkeep.errors import BadRecordError
from envkeep.formats.gzip_parts import Packer, Part
from envkeep.formats.wire import (
    Faults,
    Field,
    Shape,
    choice,
    hashes,
    instant,
    object_of,
    objects_of,
    pairs,
    switch,
    text,
    texts,
    whole_number,
)
from envkeep.model.kept import Kept
from envkeep.model.record import (
    CondaPackage,
    Distribution,
    EnvironmentInfo,
    Origin,
    Problem,
    PythonInfo,
    Record,
    Requested,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["MAX_BYTES", "SCHEMA", "dump_gz", "dumps", "load_gz", "loads"]

SCHEMA = 1
# 50,000 packages make some 80 MB; what is beyond this is a bomb or no record
MAX_BYTES = 256 * 1024 * 1024

_MAX_GZ_BYTES = 64 * 1024 * 1024
_SHOWN_FAULTS = 50
# some 20 kB: twice as many save a thirtieth of the file, and take twice as long to pack again where one line changed
_LINES_IN_PART = 32
_TAKE_AGAIN = "Take another backup; the .txt beside it, if there is one, can still be restored."


# made once: json.dumps would make another one for each item
_compact = json.JSONEncoder(ensure_ascii=True, separators=(", ", ": ")).encode


def _write_instant(value: datetime) -> str:
    return value.astimezone(timezone.utc).isoformat().removesuffix("+00:00") + "Z"


def _write_pairs(value: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return dict(value)


def _write_hashes(value: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{algorithm}:{digest}" for algorithm, digest in value]


_ENVIRONMENT = Shape(
    EnvironmentInfo,
    Field("name", text, required=True),
    Field("prefix", text, required=True),
    Field("kind", choice("conda", "venv", "interpreter"), required=True),
    Field("subdir", text, required=True),
    Field("conda_name", text),
)
_PYTHON = Shape(
    PythonInfo,
    Field("version", text, required=True),
    Field("build_text", text, required=True),
    Field("executable", text, required=True),
    Field("source", choice("interpreter", "conda-meta", "pyvenv.cfg", "header"), required=True),
    Field("implementation", text),
    Field("free_threaded", switch),
)
_CONDA = Shape(
    CondaPackage,
    Field("name", text, required=True),
    Field("version", text, required=True),
    Field("build", text, required=True),
    Field("build_number", whole_number),
    Field("channel", text),
    Field("subdir", text),
    Field("fn", text),
    Field("url", text),
    Field("md5", text),
    Field("sha256", text),
    Field("size", whole_number),
    Field("timestamp", whole_number),
    Field("depends", texts),
    Field("constrains", texts),
    Field("noarch", text),
    Field("track_features", texts),
    Field("features", text),
    Field("python_site_packages_path", text),
    Field("license", text),
    Field("link_scripts", texts),
    Field("altered", choice("removed", "overwritten")),
    Field("auth", text),
)
_ORIGIN = Shape(
    Origin,
    Field("kind", choice("vcs", "archive", "directory"), required=True),
    Field("url", text, required=True),
    Field("editable", switch),
    Field("vcs", text),
    Field("commit", text),
    Field("requested_revision", text),
    Field("subdirectory", text),
    Field("hashes", hashes, write=_write_hashes),
    Field("remote", text),
    Field("dirty", switch),
    Field("unpushed", switch),
    Field("auth", text),
)
_DISTRIBUTION = Shape(
    Distribution,
    Field("name", text, required=True),
    Field("version", text, required=True),
    Field("conda_package", text),
    Field("origin", object_of(_ORIGIN), write=_ORIGIN.write),
    Field("installer", text),
    Field("requested", switch),
    Field("requires", texts),
    Field("tags", texts),
    Field("content", text, key="content_sha256"),
    Field("location", text),
)
_REQUESTED = Shape(Requested, Field("specs", texts), Field("inferred", switch))
_TRANSACTION = Shape(
    Transaction,
    Field("when", text, required=True),
    Field("command", text),
    Field("conda_version", text),
    Field("added", texts),
    Field("removed", texts),
    Field("update_specs", texts),
    Field("remove_specs", texts),
    Field("neutered_specs", texts),
)
_PROBLEM = Shape(
    Problem,
    Field("code", text, required=True),
    Field("message", text, required=True),
    Field("path", text),
    Field("package", text),
)


class _Lines(list[str]):
    """The items of a list of objects, each encoded: one line per item, to be read by people and by line-wise tools."""


def _lines(shape: Shape) -> Any:
    lines: Kept[Any, str] = Kept(lambda value: _compact(shape.write(value)))
    return lambda values: _Lines(lines.each(values))


_RECORD = Shape(
    Record,
    Field("captured_at", instant, write=_write_instant, required=True),
    Field("environment", object_of(_ENVIRONMENT), write=_ENVIRONMENT.write, required=True),
    Field("python", object_of(_PYTHON), write=_PYTHON.write),
    Field("requested", object_of(_REQUESTED), write=_REQUESTED.write),
    Field("channels", texts),
    Field("pinned", texts),
    Field("variables", pairs, write=_write_pairs),
    Field("index_urls", texts),
    Field("index_auth", pairs, write=_write_pairs),
    Field("conda", objects_of(_CONDA), write=_lines(_CONDA)),
    Field("distributions", objects_of(_DISTRIBUTION), write=_lines(_DISTRIBUTION)),
    Field("history", objects_of(_TRANSACTION), write=_lines(_TRANSACTION)),
    Field("problems", objects_of(_PROBLEM), write=_lines(_PROBLEM)),
)


def dumps(record: Record) -> bytes:
    """Return a record as canonical JSON, secrets of its variables included: the same record, the same bytes."""
    return "".join([part.text for part in _parts(record)]).encode("ascii")


def dump_gz(record: Record) -> bytes:
    """Return ``dumps(record)`` compressed as gzip, without time and name: the same record, the same bytes."""
    return _PACKER.pack(_parts(record))


_PACKER = Packer()


def _parts(record: Record) -> Iterator[Part]:
    document: dict[str, Any] = {"schema": SCHEMA, **_RECORD.write(record)}
    last = list(document)[-1]
    start = "{\n"
    for key, value in document.items():
        end = "\n}\n" if key == last else ",\n"
        if not isinstance(value, _Lines):
            start += f' "{key}": {_compact(value)}{end}'
            continue
        yield Part((f'{start} "{key}": [\n  ',))
        start = ""
        for at in range(0, len(value), _LINES_IN_PART):
            more = at + _LINES_IN_PART < len(value)
            yield Part(tuple(value[at : at + _LINES_IN_PART]), ",\n  ", ",\n  " if more else f"\n ]{end}")
    if start:
        yield Part((start,))


def loads(data: bytes, source: str) -> Record:
    """Return the record that a JSON document holds.

    Types are checked, and what can only be one of a few words; names and versions are as a prefix had them, which is not always
    by the rules, so whoever builds a command from one validates it first.

    Args:
        data: the document, UTF-8.
        source: what it is called in messages.

    Raises:
        BadRecordError: it is no JSON, no record, of a newer schema, or has faults; every fault is named with its path inside.
    """
    if len(data) > MAX_BYTES:
        raise BadRecordError(f"{source} holds {len(data):,} bytes, more than any record has", _TAKE_AGAIN)
    try:
        document = json.loads(data)
    except RecursionError:
        raise BadRecordError(f"{source} is no record: it is nested too deeply", _TAKE_AGAIN) from None
    except ValueError as error:
        raise BadRecordError(f"{source} is no readable record: {_one_line(error)}", _TAKE_AGAIN) from None
    schema = document.get("schema") if type(document) is dict else None
    if type(schema) is not int or schema < 1:
        raise BadRecordError(f"{source} is no record of envkeep: it has no schema number", _TAKE_AGAIN)
    if schema > SCHEMA:
        raise BadRecordError(
            f"{source} has schema {schema}; this envkeep reads records up to schema {SCHEMA}",
            'Update envkeep: pip install -U "envkeep"',
        )
    faults: Faults = []
    record = _RECORD.read(document, "", faults)
    if faults:
        raise BadRecordError(f"{source} is no sound record: {_listed(faults)}", _TAKE_AGAIN)
    assert isinstance(record, Record)  # noqa: S101 - the table says so, a type checker cannot see it
    return record


def load_gz(data: bytes, source: str) -> Record:
    """Return the record that a gzip file holds.

    Raises:
        BadRecordError: as ``loads``, and where it is no gzip file, cut short, or unpacks to more than ``MAX_BYTES``.
    """
    if len(data) > _MAX_GZ_BYTES:
        raise BadRecordError(f"{source} holds {len(data):,} bytes, more than any packed record has", _TAKE_AGAIN)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise BadRecordError(f"{source} is no readable gzip file: {_one_line(error)}", _TAKE_AGAIN) from None
    if not unpacker.eof:
        fact = f"unpacks to more than {MAX_BYTES:,} bytes" if unpacker.unconsumed_tail else "is cut short"
        raise BadRecordError(f"{source} {fact}", _TAKE_AGAIN)
    if unpacker.unused_data:
        raise BadRecordError(f"{source} has {len(unpacker.unused_data):,} bytes after its end", _TAKE_AGAIN)
    return loads(plain, source)


def _listed(faults: Faults) -> str:
    more = len(faults) - _SHOWN_FAULTS
    return "; ".join(faults[:_SHOWN_FAULTS]) + (f"; and {more} more" if more > 0 else "")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
