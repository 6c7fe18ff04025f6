"""A file that somebody names, whatever it is: told by its content, not by its ending."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError
from envkeep.formats import record_json
from envkeep.formats.archive_sign import is_archive
from envkeep.formats.text import MAX_TEXT_BYTES, decode
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from envkeep.model.record import Record
    from envkeep.model.specification import Specification

__all__ = ["KINDS", "is_requirements", "load_bytes", "load_file"]

_WHAT = "a record, a list of requirements, an environment.yml, an explicit list, a lock file or a packed archive"
_EXPLICIT = re.compile(r"^\s*@EXPLICIT\s*$", re.MULTILINE)
_RECORD = re.compile(rb'\s*\{\s*"schema"\s*:')
_PACKAGE = re.compile(r"^package\s*:", re.MULTILINE)
_PLATFORMS = re.compile(r"^\s+platforms\s*:", re.MULTILINE)
_PIXI = re.compile(r"^environments\s*:", re.MULTILINE)
_PACKAGES = re.compile(r"^packages\s*:", re.MULTILINE)
_LOCK_VERSION = re.compile(r"^version\s*:", re.MULTILINE)
_PYLOCK = re.compile(r"^lock-version\s*=", re.MULTILINE)
_KEY = re.compile(r"^(?:dependencies|channels|variables|name|prefix)\s*:", re.MULTILINE)
_REQUIRED_KEY = re.compile(r"^(?:dependencies|channels)\s*:", re.MULTILINE)


@frozen
class Kind:
    """A kind of file: how its content is known, and who reads it."""

    is_it: Callable[[bytes, str], bool]
    read: Callable[[bytes, str, Collection[str]], Record | Specification]


def _is_gzip(data: bytes, _text: str) -> bool:
    return data.startswith(b"\x1f\x8b")


def _is_record(data: bytes, text: str) -> bool:
    return _RECORD.match(data) is not None or (text.startswith("{") and _has_key(text, "schema"))


def _is_explicit(_data: bytes, text: str) -> bool:
    return _EXPLICIT.search(text) is not None


def _is_conda_lock(_data: bytes, text: str) -> bool:
    # pixi.lock has the keys `environments` and `packages`
    return _PACKAGE.search(text) is not None and _PLATFORMS.search(text) is not None


def _is_pixi_lock(_data: bytes, text: str) -> bool:
    return _PIXI.search(text) is not None and _PACKAGES.search(text) is not None and _LOCK_VERSION.search(text) is not None


def _is_pylock(_data: bytes, text: str) -> bool:
    return _PYLOCK.search(text) is not None


def _is_environment(_data: bytes, text: str) -> bool:
    if text.startswith("{"):
        return _has_key(text, "dependencies")
    return _REQUIRED_KEY.search(text) is not None or _KEY.match(text) is not None


def _is_any(_data: bytes, _text: str) -> bool:
    return True


def _has_key(text: str, key: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # damaged: whoever reads it says how
        return f'"{key}"' in text
    return isinstance(document, dict) and key in document


def _read_conda_lock(data: bytes, source: str, _: Collection[str]) -> Specification:
    from envkeep.formats import conda_lock
    from envkeep.model.platforms import machine_subdir

    return conda_lock.read(data, source, machine_subdir())


def _read_pixi_lock(data: bytes, source: str, _: Collection[str]) -> Specification:
    from envkeep.formats import pixi_lock
    from envkeep.model.platforms import machine_subdir

    return pixi_lock.read(data, source, machine_subdir())


def _read_pylock(data: bytes, source: str, _: Collection[str]) -> Specification:
    from envkeep.formats import pylock

    return pylock.read(data, source)


def _read_environment(data: bytes, source: str, allow_index: Collection[str]) -> Specification:
    from envkeep.formats import environment_yml_reader

    return environment_yml_reader.read(data, source, allow_index=allow_index)


def _read_explicit(data: bytes, source: str, _: Collection[str]) -> Specification:
    from envkeep.formats import explicit_reader

    return explicit_reader.read(data, source)


def _read_requirements(data: bytes, source: str, allow_index: Collection[str]) -> Specification:
    from envkeep.formats import requirements_txt_reader

    found = requirements_txt_reader.read(data, source, allow_index=allow_index)
    if found.requirements or found.python is not None:
        return found
    if requirements_txt_reader.read_header(data, source).version is not None or not found.refused:
        return found
    raise BadFormatError(f"{source} is none of {_WHAT}", "Name another file.")


# in this order; the first that knows the content reads the file
KINDS = (
    Kind(is_it=_is_gzip, read=lambda data, source, _: record_json.load_gz(data, source)),
    Kind(is_it=_is_record, read=lambda data, source, _: record_json.loads(data, source)),
    Kind(is_it=_is_explicit, read=_read_explicit),
    Kind(is_it=_is_pylock, read=_read_pylock),
    Kind(is_it=_is_conda_lock, read=_read_conda_lock),
    Kind(is_it=_is_pixi_lock, read=_read_pixi_lock),
    Kind(is_it=_is_environment, read=_read_environment),
    Kind(is_it=_is_any, read=_read_requirements),
)


def load_file(path: Path, *, allow_index: Collection[str] = ()) -> Record | Specification:
    """Return what a file holds: a record, or what it asks for.

    Args:
        path: of a record (packed or not), a ``.txt`` (ours, PyMoDAQ's, any ``pip freeze``), an environment.yml, an explicit list,
            a conda-lock.yml or pixi.lock (for this machine's platform), a pylock.toml, or a packed archive, whose record it is.
        allow_index: URLs of indexes that its lines may name.

    Raises:
        BadFormatError: it is none of them, or one that cannot be read.
    """
    source = str(path)
    try:
        if path.is_dir():
            raise BadFormatError(f"{source} is a folder", f"Name {_WHAT}.")
        if not path.is_file():
            missing = "is no file" if path.exists() else "is not there"
            raise BadFormatError(f"{source} {missing}", f"Name {_WHAT}.")
        if is_archive(path):
            from envkeep.formats.archive_file import read_record

            return read_record(path)
        if path.stat().st_size > record_json.MAX_BYTES:
            raise BadFormatError(f"{source} is bigger than any of {_WHAT.replace('a ', '', 1)}", "Name another file.")
        data = path.read_bytes()
    except OSError as error:
        raise BadFormatError(f"{source} cannot be read: {error.strerror or error}", None) from None
    return load_bytes(data, source, allow_index=allow_index)


def is_requirements(data: bytes, source: str) -> bool:
    """Return whether a file's bytes are a list of requirements, and none of the other kinds.

    Raises:
        BadFormatError: it is no text.
    """
    return _kind_of(data, source) is KINDS[-1]


def load_bytes(data: bytes, source: str, *, allow_index: Collection[str] = ()) -> Record | Specification:
    """Return what a file's bytes hold, as ``load_file``.

    Raises:
        BadFormatError: as ``load_file``.
    """
    if not data:
        raise BadFormatError(f"{source} is empty", f"Name {_WHAT}.")
    return _kind_of(data, source).read(data, source, allow_index)


def _kind_of(data: bytes, source: str) -> Kind:
    text = "" if data.startswith(b"\x1f\x8b") or len(data) > MAX_TEXT_BYTES else decode(data, source).lstrip()
    return next(kind for kind in KINDS if kind.is_it(data, text))
