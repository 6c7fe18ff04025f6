"""``conda-lock.yml``, format 1: every artefact of an environment for one or more platforms (CEP 37, conda-lock's own models).

One is written of a record, not solved from specs, for the record's platform. conda-lock puts the values of environment variables
into URLs; none of ours holds a ``$``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envkeep.errors import BadFormatError, UsageError
from envkeep.formats.conda_graph import channels_of, linked_order
from envkeep.formats.lock_pins import refuse_unpinned, repository_url, unpinnable
from envkeep.formats.requirement_parsing import RequirementReader
from envkeep.formats.text import decode, shown
from envkeep.model.channels import canonical_channel, channel_base_url, split_subdir
from envkeep.model.content import content_digest
from envkeep.model.credentials import without_credentials
from envkeep.model.fetched import is_fetched, quoted
from envkeep.model.markers import holds, marker_environment
from envkeep.model.names import ARTEFACT, is_conda_name, normalise
from envkeep.model.record import CondaPackage
from envkeep.model.specification import RefusedLine, Specification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.formats.lock_pins import Pin
    from envkeep.model.record import Distribution, Record

__all__ = ["read", "write"]

_DEPENDS = re.compile(r"(?:.*::)?(?P<name>[^\s=<>!~\[]+)\s*(?P<rest>.*)\Z")
_HEX = {"md5": re.compile(r"[0-9a-f]{32}\Z"), "sha256": re.compile(r"[0-9a-f]{64}\Z")}
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]+\Z")


def write(record: Record, pins: Mapping[str, Pin], *, pip: bool = True) -> str:
    """Return a record as a conda-lock.yml for its platform.

    Args:
        record: what to write; each conda package with an md5, which the format asks for.
        pins: of its pip packages, by normalised name.
        pip: whether pip's packages are in it.

    Raises:
        RefusedError: of some packages address or hash is not known; lists them.
        UsageError: the record is of no conda environment.
    """
    import yaml

    if not record.conda:
        raise UsageError("a conda-lock file is of a conda environment", "Write a pylock.toml: --format pylock")
    lacking: dict[str, str] = {}
    packages = [_conda(package, record.environment.subdir, lacking) for package in linked_order(record.conda)]
    environment = marker_environment(record)
    packages += [_pip(dist, record.environment.subdir, pins, lacking, environment) for dist in (record.pip if pip else ())]
    refuse_unpinned(lacking, "conda-lock file", also=" --pip none leaves pip's part out." if pip else "")
    document = {
        "version": 1,
        "metadata": {
            "content_hash": {record.environment.subdir: content_digest(record)},
            "channels": [
                {"url": channel_base_url(channel) or channel, "used_env_vars": []} for channel in channels_of(record.conda, ())
            ],
            "platforms": [record.environment.subdir],
            "sources": [],
            "custom_metadata": {"written_by": "envkeep, from an environment that was recorded"},
        },
        "package": packages,
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=False, width=10_000))


def read(data: bytes, source: str, subdir: str) -> Specification:
    """Return what a conda-lock.yml asks for on a platform.

    Packages of a category other than ``main`` are left out, as conda-lock leaves them out unless asked.

    Args:
        data: the file.
        source: what it is called in messages.
        subdir: the platform.

    Raises:
        BadFormatError: it is no such file, of another version, or for other platforms only.
    """
    entries, channels = _entries(data, source)
    platforms = sorted({str(entry.get("platform")) for entry in entries})
    if subdir not in platforms:
        raise BadFormatError(
            f"{source} is for {', '.join(platforms) or 'no platform'}, and not for {subdir}",
            f"Lock for this platform too: conda-lock lock --platform {subdir}",
        )
    artefacts: dict[str, CondaPackage] = {}
    refused: list[RefusedLine] = []
    problems: list[str] = []
    reader = RequirementReader()
    others: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if entry.get("platform") != subdir:
            continue
        name = str(entry.get("name"))
        if entry.get("category", "main") != "main":
            others.add(str(entry.get("category")))
        elif entry.get("manager") == "pip":
            _read_pip(entry, number, reader)
        else:
            found = _read_conda(entry)
            if isinstance(found, str):
                refused.append(RefusedLine(line=number, text=shown(name), reason=found))
            else:
                artefacts[found.name] = found
    if others:
        problems.append(f"packages of the categories {', '.join(sorted(others))} are left out")
    python = artefacts.get("python")
    return Specification(
        source=source,
        python=None if python is None else python.version,
        channels=channels or tuple(dict.fromkeys(package.channel for package in artefacts.values() if package.channel)),
        artefacts=tuple(artefacts.values()),
        requirements=tuple(reader.requirements),
        subdir=subdir,
        refused=(*refused, *reader.refused),
        problems=(*problems, *reader.problems),
    )


def _conda(package: CondaPackage, platform: str, lacking: dict[str, str]) -> dict[str, Any]:
    if package.url is None or not is_fetched(package.url):
        lacking[package.name] = "no URL of its artefact is recorded"
    elif package.md5 is None:
        lacking[package.name] = "no md5 of its artefact is known, which the format asks for"
    hashes = {"md5": package.md5, "sha256": package.sha256}
    return {
        "name": package.name,
        "version": package.version,
        "manager": "conda",
        "platform": platform,
        "dependencies": dict(_dependency(text) for text in package.depends),
        "url": quoted(package.url or ""),
        "hash": {kind: value for kind, value in hashes.items() if value is not None},
        "category": "main",
        "optional": False,
    }


def _dependency(text: str) -> tuple[str, str]:
    match = _DEPENDS.match(text.strip())
    return (text, "") if match is None else (match["name"].lower(), match["rest"])


def _pip(
    dist: Distribution, platform: str, pins: Mapping[str, Pin], lacking: dict[str, str], environment: dict[str, str]
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": normalise(dist.name),
        "version": dist.version,
        "manager": "pip",
        "platform": platform,
        "dependencies": dict(_requirements(dist.requires, environment)),
    }
    repository = repository_url(dist)
    pin = pins.get(normalise(dist.name))
    if repository is not None:
        entry |= {"url": repository, "hash": {}, "source": {"type": "url", "url": repository}}
    elif pin is not None and pin.url is not None and unpinnable(dist) is None:
        entry |= {"url": quoted(pin.url), "hash": {"sha256": pin.sha256}}
    else:
        lacking[dist.name] = unpinnable(dist) or ("its address is not known" if pin is not None else "its hash is not known")
    return {**entry, "category": "main", "optional": False}


def _requirements(lines: Iterable[str], environment: dict[str, str]) -> Iterable[tuple[str, str]]:
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lines:
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, RecursionError):
            # metadata older than the rules
            continue
        # what other platforms or extras need is no dependency of this environment
        if holds(requirement.marker, environment):
            yield normalise(requirement.name), str(requirement.specifier) or "*"


def _entries(data: bytes, source: str) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    import yaml

    try:
        # scalars as they are written: a version 3.10 stays one
        top = yaml.load(decode(data, source), Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but texts
    except (yaml.YAMLError, RecursionError) as error:
        raise BadFormatError(f"{source} is no YAML: {str(error).splitlines()[0]}", "Get the lock file again.") from None
    version = top.get("version") if isinstance(top, dict) else None
    if version != "1":
        raise BadFormatError(
            f"{source} is no conda-lock file of format 1"
            + ("" if version is None else f": it says version {shown(str(version))}"),
            "Make it with conda-lock lock.",
        )
    packages = top.get("package")
    if not isinstance(packages, list) or not all(isinstance(entry, dict) for entry in packages):
        raise BadFormatError(f"{source}: package: is no list of packages", "Get the lock file again.")
    metadata = top.get("metadata")
    channels = metadata.get("channels") if isinstance(metadata, dict) else None
    urls = [channel.get("url") if isinstance(channel, dict) else channel for channel in channels or ()]
    named = [canonical_channel(url) for url in urls if isinstance(url, str) and _PLAIN.match(url) and "$" not in url]
    return packages, tuple(dict.fromkeys(name for name in named if name))


def _read_conda(entry: Mapping[str, Any]) -> CondaPackage | str:
    url = entry.get("url")
    if not isinstance(url, str) or "$" in url or not _PLAIN.match(url):
        return "it has no URL, or one that something else is put into"
    clean = without_credentials(url)
    place = clean.url.partition("#")[0]
    match = ARTEFACT.search(place)
    if match is None or not is_fetched(place) or not is_conda_name(match["name"]):
        return "its URL is none of a conda package"
    hashes = entry.get("hash")
    hashes = hashes if isinstance(hashes, dict) else {}
    found = {kind: str(hashes.get(kind, "")).lower() for kind in _HEX}
    folder = place[: match.start()].rstrip("/")
    return CondaPackage(
        name=match["name"],
        version=match["version"],
        build=match["build"],
        channel=canonical_channel(folder),
        subdir=split_subdir(folder)[1] or "",
        fn=match[0],
        url=clean.url,
        md5=found["md5"] if _HEX["md5"].match(found["md5"]) else None,
        sha256=found["sha256"] if _HEX["sha256"].match(found["sha256"]) else None,
        auth=clean.auth,
    )


def _read_pip(entry: Mapping[str, Any], number: int, reader: RequirementReader) -> None:
    name, version, url = (str(entry.get(key, "")) for key in ("name", "version", "url"))
    given, hashes = entry.get("source"), entry.get("hash")
    if isinstance(given, dict) and given.get("url"):
        reader.read(f"{name} @ {given['url']}", number)
        return
    digest = str(hashes.get("sha256", "")).lower() if isinstance(hashes, dict) else ""
    if (digest and not _HEX["sha256"].match(digest)) or any(letter.isspace() for letter in name + version):
        reader.refuse(number, f"{name} {version}", "its hash is none, or its version")
        return
    if url.lower().startswith("file:"):
        reader.read(f"{name} @ {url}" + (f"#sha256={digest}" if digest else ""), number)
        return
    # from the user's own index, held to the hash, as conda-lock's own export for pip has it
    reader.read(f"{name}=={version}" + (f" --hash=sha256:{digest}" if digest else ""), number)
