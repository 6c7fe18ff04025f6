"""``pylock.toml``: the Python packages of an environment with address and hash (PEP 751), by ``packaging.pylock``."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from envkeep.errors import BadFormatError, UsageError
from envkeep.formats.lock_pins import refuse_unpinned, repository_url, unpinnable
from envkeep.formats.requirement_parsing import RequirementReader
from envkeep.formats.text import decode, shown
from envkeep.model.fetched import quoted, ssh_url
from envkeep.model.names import normalise
from envkeep.model.specification import Specification
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.pylock import Package, Pylock

    from envkeep.formats.lock_pins import Pin
    from envkeep.model.record import Distribution, Record

__all__ = ["read", "write"]

_INSTALL_IT = 'Install it: pip install "packaging>=26"'
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?\Z")
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def write(record: Record, pins: Mapping[str, Pin]) -> str:
    """Return the pip packages of a record as a pylock.toml; pip and uv install from a file of that name, or ``pylock.NAME.toml``.

    Args:
        record: what to write.
        pins: of its pip packages, by normalised name.

    Raises:
        RefusedError: of some packages address or hash is not known; lists them.
        UsageError: the installed ``packaging`` does not know the format.
    """
    model = _model()
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    lacking: dict[str, str] = {}
    found = (_package(model, dist, pins, lacking) for dist in record.pip)
    packages = sorted((package for package in found if package is not None), key=lambda package: package.name)
    refuse_unpinned(lacking, "pylock.toml")
    python = record.python.version if record.python is not None else None
    lock = model.Pylock(
        lock_version=Version("1.0"),
        requires_python=None if python is None else SpecifierSet(f"=={'.'.join(python.split('.')[:2])}.*"),
        created_by="envkeep",
        packages=packages,
        tool=None if python is None else {"envkeep": {"python": python, "subdir": record.environment.subdir}},
    )
    lock.validate()
    return "\n".join(_toml(lock.to_dict())) + "\n"


def read(data: bytes, source: str) -> Specification:
    """Return what a pylock.toml asks for; of packages with a marker, those that this machine's Python would take.

    Raises:
        BadFormatError: it is no such file; names the key.
        UsageError: the installed ``packaging`` does not know the format.
    """
    model = _model()
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        document = tomllib.loads(decode(data, source))
        lock = model.Pylock.from_dict(document)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadFormatError(f"{source} is no TOML: {error}", "Get the lock file again.") from None
    except model.PylockValidationError as error:
        raise BadFormatError(f"{source} is no pylock.toml: {error}", "Get the lock file again.") from None
    reader = RequirementReader()
    problems: list[str] = []
    for number, package in enumerate(lock.packages, 1):
        try:
            taken = package.marker is None or package.marker.evaluate(context="lock_file")
        except (ValueError, KeyError):
            # an order of what has none, or a variable that a lock file has not
            reader.refuse(number, f"{package.name} ; {package.marker}", "its marker says nothing that can be judged")
            continue
        if not taken:
            problems.append(f"{package.name} is not for this machine: {package.marker}")
            continue
        line = _line(package)
        if line is None:
            problems.append(f"{package.name} has neither a version nor a place to get it from")
        else:
            reader.read(line, number)
    tool = lock.tool or {}
    own = tool.get("envkeep")
    python = own.get("python") if isinstance(own, dict) else None
    return Specification(
        source=source,
        python=python if isinstance(python, str) and _VERSION.match(python) else _python(lock),
        requirements=tuple(reader.requirements),
        refused=tuple(reader.refused),
        problems=(*problems, *reader.problems),
    )


def _model() -> Any:
    try:
        from packaging import pylock
    except ImportError:
        raise UsageError("the installed packaging is too old for pylock.toml", _INSTALL_IT) from None
    return pylock


def _package(model: Any, dist: Distribution, pins: Mapping[str, Pin], lacking: dict[str, str]) -> Package | None:
    from packaging.version import InvalidVersion, Version

    name = normalise(dist.name)
    try:
        version: Version | None = Version(dist.version)
    except InvalidVersion:
        version = None
    origin, pin = dist.origin, pins.get(name)
    given: dict[str, Any] = {}
    place = _place(pin)
    packed = "path" in place
    if origin is not None and origin.kind == "vcs" and repository_url(dist) is not None and not packed:
        given["vcs"] = model.PackageVcs(
            type=origin.vcs or "git",
            url=quoted(ssh_url(origin.url)),
            commit_id=origin.commit,
            requested_revision=origin.requested_revision,
            subdirectory=origin.subdirectory,
        )
    elif pin is None or (not packed and unpinnable(dist) is not None):
        lacking[dist.name] = unpinnable(dist) or "its hash is not known"
    elif not place:
        lacking[dist.name] = "its address is not known"
    else:
        hashes = {"sha256": pin.sha256}
        if origin is not None and not packed:
            given["archive"] = model.PackageArchive(**place, hashes=hashes, size=pin.size, subdirectory=origin.subdirectory)
        elif pin.file.endswith(".whl"):
            given["wheels"] = [model.PackageWheel(name=pin.file, **place, hashes=hashes, size=pin.size)]
        else:
            given["sdist"] = model.PackageSdist(name=pin.file, **place, hashes=hashes, size=pin.size)
    if not given:
        return None
    package: Package = model.Package(name=name, version=version if "vcs" not in given else None, **given)
    return package


def _place(pin: Pin | None) -> dict[str, str]:
    """Where an artefact is, as the format has it: an address that others reach, else a path."""
    local = path_of_file_url(pin.url or "") if pin is not None else None
    if pin is None or (pin.url is None and pin.path is None):
        return {}
    if pin.url is not None and local is None:
        return {"url": quoted(pin.url)}
    return {"path": pin.path or local or ""}


def _line(package: Package) -> str | None:
    """A package as a requirement line; ``RequirementReader`` decides what of it is taken over."""
    if package.vcs is not None and package.vcs.url is not None:
        where = f"#subdirectory={package.vcs.subdirectory}" if package.vcs.subdirectory else ""
        return f"{package.name} @ {package.vcs.type}+{package.vcs.url}@{package.vcs.commit_id}{where}"
    if package.archive is not None and package.archive.url is not None:
        digest = package.archive.hashes.get("sha256")
        return f"{package.name} @ {package.archive.url}" + (f"#sha256={digest}" if digest else "")
    if package.version is None:
        return None
    hashes = [wheel.hashes for wheel in package.wheels or ()]
    if package.sdist is not None:
        hashes.append(package.sdist.hashes)
    digests = sorted({each["sha256"] for each in hashes if "sha256" in each})
    return f"{package.name}=={package.version}" + "".join(f" --hash=sha256:{digest}" for digest in digests)


def _python(lock: Pylock) -> str | None:
    for clause in lock.requires_python or ():
        version = clause.version.removesuffix(".*")
        if clause.operator == "==" and _VERSION.match(version):
            return version
    return None


def _toml(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a lock file: keys, then ``[[packages]]`` with inline tables, then ``[tool]``."""
    packages, tool = document.get("packages", []), document.get("tool", {})
    yield from (f"{key} = {_value(value)}" for key, value in document.items() if key not in {"packages", "tool"})
    for package in packages:
        yield "\n[[packages]]"
        yield from (f"{key} = {_value(value)}" for key, value in package.items())
    for name, table in tool.items():
        yield f"\n[tool.{name}]"
        yield from (f"{key} = {_value(value)}" for key, value in table.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's escapes are among TOML's
    return json.dumps(shown(str(value)) if "\x7f" in str(value) else str(value))


def _key(key: str) -> str:
    return key if _BARE.match(key) else json.dumps(key)
