"""Our conda packages as py-rattler's records, and back. Imports rattler: only for the embedded engine's own process."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rattler import Client, PackageRecord, RepoDataRecord
from rattler.exceptions import InvalidUrlError
from rattler.package.build_string import BuildString
from rattler.package_streaming import PackageArchive

from envkeep.errors import EngineError
from envkeep.model.conda_package import CondaPackage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["complete", "from_rattler", "to_rattler"]

_OTHERWISE = "Mend the record, or ask for what the channels have of it with --fidelity same-version."
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def to_rattler(package: CondaPackage) -> RepoDataRecord:
    """Return the record that py-rattler installs a package from; its hashes are what py-rattler enforces.

    Raises:
        EngineError: a value of it is none that py-rattler takes.
    """
    try:
        record = _package_record(package)
    except Exception as error:
        raise EngineError(
            f"the record of the conda package {package.spec} cannot be installed from: {error}", _OTHERWISE
        ) from error
    url = package.url or ""
    name = package.fn or _file_name(url)
    try:
        return RepoDataRecord(record, name, url, _channel_url(url))
    except ValueError as error:
        key = "fn" if package.fn else "url"
        fact = f"the record of the conda package {package.spec} names no artefact: its {key} says {name!r}"
        raise EngineError(fact, f"An artefact's name ends in .conda or .tar.bz2. {_OTHERWISE}") from error
    except InvalidUrlError as error:
        fact = f"the record of the conda package {package.spec} names no artefact: its url is {url} ({error})"
        raise EngineError(fact, _OTHERWISE) from error


def _package_record(package: CondaPackage) -> PackageRecord:
    record = PackageRecord(
        package.name,
        package.version,
        BuildString(package.build),
        package.build_number,
        package.subdir or "noarch",
        noarch="python" if package.noarch == "python" else "generic" if package.noarch else None,
        depends=list(package.depends),
        constrains=list(package.constrains),
        sha256=bytes.fromhex(package.sha256) if package.sha256 else None,
        md5=bytes.fromhex(package.md5) if package.md5 else None,
        size=package.size,
        license=package.license,
        python_site_packages_path=package.python_site_packages_path,
    )
    if package.features is not None:
        record.features = package.features
    if package.track_features:
        record.track_features = list(package.track_features)
    if package.timestamp is not None:
        record.timestamp = _EPOCH + datetime.timedelta(milliseconds=package.timestamp)
    return record


def from_rattler(record: RepoDataRecord) -> CondaPackage:
    """Return the package of a record of a channel's index, its URL without credentials."""
    from envkeep.model.channels import canonical_channel
    from envkeep.model.credentials import without_credentials

    clean = without_credentials(record.url)
    noarch = record.noarch
    timestamp = record.timestamp
    return CondaPackage(
        name=record.name.source,
        version=str(record.version),
        build=str(record.build),
        build_number=record.build_number,
        channel=canonical_channel(record.url),
        subdir=record.subdir,
        fn=record.file_name,
        url=clean.url,
        md5=record.md5.hex() if record.md5 else None,
        sha256=record.sha256.hex() if record.sha256 else None,
        size=record.size,
        timestamp=None if timestamp is None else (timestamp - _EPOCH) // datetime.timedelta(milliseconds=1),
        depends=tuple(record.depends),
        constrains=tuple(record.constrains),
        noarch="python" if noarch.python else "generic" if noarch.generic else None,
        track_features=tuple(record.track_features),
        features=record.features,
        python_site_packages_path=record.python_site_packages_path,
        license=record.license,
        auth=clean.auth,
    )


async def complete(packages: Sequence[CondaPackage], client: Client, cache: Path) -> list[CondaPackage]:
    """Return packages with what an explicit list leaves out read from their ``info/index.json``.

    Of a package known by URL and hash alone py-rattler would write a conda-meta record without dependencies and put a noarch
    package's files in the wrong place. The index is looked for in the cache's unpacked folder first.
    """
    return [await _complete(package, client, cache) if _incomplete(package) else package for package in packages]


def _incomplete(package: CondaPackage) -> bool:
    # a real index always gives a size; an explicit list never does
    return package.size is None and package.timestamp is None and not package.depends and package.noarch is None


async def _complete(package: CondaPackage, client: Client, cache: Path) -> CondaPackage:
    from envkeep.model.urls import path_of_file_url

    unpacked = cache / package.spec.replace("=", "-") / "info" / "index.json"
    path = path_of_file_url(package.url or "")
    if unpacked.is_file():
        text: bytes | None = unpacked.read_bytes()
    elif path is not None:
        text = await (await PackageArchive.from_path(path)).read_file("info/index.json")
    else:
        text = await (await PackageArchive.from_url(client, package.url or "")).read_file("info/index.json")
    index: dict[str, Any] = json.loads(text or b"{}")
    track = index.get("track_features") or ()
    return replace(
        package,
        build_number=index.get("build_number", package.build_number),
        subdir=package.subdir or index.get("subdir", ""),
        timestamp=index.get("timestamp"),
        depends=tuple(index.get("depends", ())),
        constrains=tuple(index.get("constrains", ())),
        # old packages write `true` for generic
        noarch="python" if index.get("noarch") == "python" else "generic" if index.get("noarch") else None,
        track_features=tuple(track.replace(",", " ").split() if isinstance(track, str) else track),
        features=index.get("features"),
        python_site_packages_path=index.get("python_site_packages_path"),
        license=package.license or index.get("license"),
    )


def _file_name(url: str) -> str:
    return unquote(url.rsplit("/", 1)[-1])


def _channel_url(url: str) -> str:
    return url.rsplit("/", 2)[0] + "/"
