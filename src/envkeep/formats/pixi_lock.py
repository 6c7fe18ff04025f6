"""``pixi.lock``, read through py-rattler (``rattler_lock``, versions 1 to 7): the default environment, for one platform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError, UsageError
from envkeep.formats.requirement_parsing import RequirementReader
from envkeep.formats.text import shown
from envkeep.model.channels import canonical_channel
from envkeep.model.credentials import without_credentials
from envkeep.model.fetched import is_fetched
from envkeep.model.names import is_conda_name
from envkeep.model.record import CondaPackage
from envkeep.model.specification import RefusedLine, Specification

if TYPE_CHECKING:
    from rattler import RepoDataRecord
    from rattler.lock import PypiLockedPackage

__all__ = ["read"]

_DEFAULT = "default"
_PIECE = re.compile(r"[A-Za-z0-9_.+!]+\Z")


def read(data: bytes, source: str, subdir: str) -> Specification:
    """Return what a pixi.lock asks for on a platform: its ``default`` environment, else its only one.

    Args:
        data: the file.
        source: what it is called in messages.
        subdir: the platform.

    Raises:
        BadFormatError: it is no such file, or has no such environment or platform.
        UsageError: py-rattler is not installed.
    """
    try:
        from rattler import LockFile
        from rattler.lock import CondaLockedBinaryPackage, PypiLockedPackage
    except ImportError:
        raise UsageError(
            "a pixi.lock is read through py-rattler, which is not installed", 'Install it: pip install "envkeep[engine]"'
        ) from None
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="envkeep-") as folder:
        path = Path(folder) / "pixi.lock"
        path.write_bytes(data)
        try:
            lock = LockFile.from_path(path)
            environments = dict(lock.environments())
        except Exception as error:  # noqa: BLE001 - py-rattler raises whatever Rust gave it
            raise BadFormatError(f"{source} is no pixi.lock: {shown(str(error))}", "Make it again: pixi lock") from None
    chosen = environments.get(_DEFAULT) or (next(iter(environments.values())) if len(environments) == 1 else None)
    if chosen is None:
        raise BadFormatError(f"{source} has no default environment, only {', '.join(sorted(environments)) or 'none'}", None)
    platforms = {str(platform.name): platform for platform in chosen.platforms()}
    if subdir not in platforms:
        raise BadFormatError(
            f"{source} is for {', '.join(sorted(platforms)) or 'no platform'}, and not for {subdir}",
            f"Lock for this platform too: pixi workspace platform add {subdir}",
        )
    artefacts: dict[str, CondaPackage] = {}
    refused: list[RefusedLine] = []
    reader = RequirementReader()
    for number, package in enumerate(chosen.packages(platforms[subdir]) or (), 1):
        if isinstance(package, PypiLockedPackage):
            _read_pypi(package, number, reader)
            continue
        binary = isinstance(package, CondaLockedBinaryPackage)
        found = _conda(package.repo_data_record()) if isinstance(package, CondaLockedBinaryPackage) else None
        if found is None:
            reason = "its URL is none of a conda package" if binary else "it is built from source"
            refused.append(RefusedLine(line=number, text=shown(package.name), reason=reason))
        else:
            artefacts[found.name] = found
    python = artefacts.get("python")
    names = (canonical_channel(str(channel)) for channel in chosen.channels())
    others = sorted(set(environments) - {_DEFAULT}) if _DEFAULT in environments else []
    problems = [f"its other environments are left out: {', '.join(others)}"] if others else []
    return Specification(
        source=source,
        python=None if python is None else python.version,
        channels=tuple(dict.fromkeys(name for name in names if name)),
        artefacts=tuple(artefacts.values()),
        requirements=tuple(reader.requirements),
        subdir=subdir,
        refused=(*refused, *reader.refused),
        problems=(*problems, *reader.problems),
    )


def _conda(record: RepoDataRecord) -> CondaPackage | None:
    clean = without_credentials(record.url)
    name, version, build = record.name.normalized, str(record.version), str(record.build)
    if not is_fetched(clean.url) or not is_conda_name(name) or not _PIECE.match(version) or not _PIECE.match(build):
        return None
    noarch = record.noarch
    return CondaPackage(
        name=name,
        version=version,
        build=build,
        build_number=record.build_number,
        channel=canonical_channel(clean.url),
        subdir=record.subdir,
        fn=record.file_name,
        url=clean.url,
        md5=record.md5.hex() if record.md5 else None,
        sha256=record.sha256.hex() if record.sha256 else None,
        size=record.size,
        depends=tuple(record.depends),
        constrains=tuple(record.constrains),
        noarch="python" if noarch.python else "generic" if noarch.generic else None,
        python_site_packages_path=record.python_site_packages_path,
        license=record.license,
        auth=clean.auth,
    )


def _read_pypi(package: PypiLockedPackage, number: int, reader: RequirementReader) -> None:
    location = package.location
    try:
        digest = package.hashes.sha256.hex() if package.hashes is not None and package.hashes.sha256 is not None else None
    except AttributeError:
        # py-rattler's own way to say that there are none
        digest = None
    index_file = location.lower().startswith(("http://", "https://"))
    if index_file and package.version and digest is not None:
        # from the user's own index, held to the hash, as a requirement of pixi's is
        reader.read(f"{package.name}=={package.version} --hash=sha256:{digest}", number)
    elif "://" in location:
        reader.read(f"{package.name} @ {location}" + (f"#sha256={digest}" if digest and "#" not in location else ""), number)
    else:
        reader.refuse(number, f"{package.name} @ {location}", "a relative path does not say from where")
