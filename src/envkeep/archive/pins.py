"""Addresses and hashes for lock files: from what is recorded, from package caches, from a packed archive, from the index."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from envkeep.archive.conda_artefacts import cache_folders, find_cached
from envkeep.archive.digests import digests
from envkeep.archive.pips import Pips
from envkeep.archive.wheels import tag_flags
from envkeep.engines.installing import in_halves
from envkeep.formats.lock_pins import Pin
from envkeep.model.credentials import without_credentials
from envkeep.model.names import is_dist_name, normalise
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envkeep.formats.archive_manifest import ArchiveManifest
    from envkeep.model.record import CondaPackage, Distribution, Record

__all__ = ["gather_pins", "with_hashes"]

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def gather_pins(
    record: Record, environ: Mapping[str, str], *, manifest: ArchiveManifest | None = None, online: bool = False
) -> dict[str, Pin]:
    """Return what is known of the artefacts of a record's pip packages, by normalised name.

    Args:
        record: whose packages.
        environ: where Pythons are looked for and pip's settings are read, for ``online``.
        manifest: of the archive that the record was in.
        online: whether the package index is asked, for the wheel with the tags of the installed one.
    """
    pins: dict[str, Pin] = {}
    for dist in record.pip:
        sha256 = dict(dist.origin.hashes).get("sha256", "").lower() if dist.origin is not None else ""
        if dist.origin is not None and dist.origin.kind == "archive" and _SHA256.match(sha256):
            pins[normalise(dist.name)] = Pin(sha256=sha256, url=dist.origin.url, file=_file_name(dist.origin.url))
    if manifest is not None:
        files = {file.name: file for file in manifest.files}
        for package in manifest.packages:
            if package.kind != "pip":
                continue
            entry, known = files[package.file], pins.get(normalise(package.name))
            pins[normalise(package.name)] = Pin(
                sha256=entry.sha256,
                file=_file_name(package.file),
                url=known.url if known is not None and known.sha256 == entry.sha256 else None,
                path=package.file,
                size=entry.size,
            )
    if online:
        wanted = [dist for dist in record.pip if dist.origin is None and is_dist_name(dist.name)]
        for name, pin in _of_index(wanted, record, Pips(record, environ)).items():
            known = pins.get(name)
            # what was packed is what was installed; another file of the index is not
            if known is None or known.sha256 == pin.sha256:
                pins[name] = pin if known is None else replace(known, url=pin.url)
    return pins


def with_hashes(record: Record, environ: Mapping[str, str], *, archive: Path | None = None, online: bool = False) -> Record:
    """Return a record whose conda packages have both hashes where one can be had; conda-lock asks for the md5.

    Args:
        record: whose packages.
        environ: where package caches are looked for.
        archive: that the record was in.
        online: whether artefacts may be downloaded to be hashed.
    """
    if all(package.md5 and package.sha256 for package in record.conda):
        return record
    from envkeep.archive.unpacking import hashes_of

    folders = cache_folders(environ)
    packed = hashes_of(archive, [package.name for package in record.conda if not package.md5]) if archive is not None else {}
    known = {package.name: found for package in record.conda if (found := packed.get(package.name) or _hashes(package, folders))}
    missing = [package for package in record.conda if not package.md5 and package.name not in known and package.url]
    if online and missing:
        known |= _downloaded(missing, environ)
    return replace(
        record,
        conda=tuple(
            replace(package, md5=known[package.name][0], sha256=known[package.name][1]) if package.name in known else package
            for package in record.conda
        ),
    )


def _hashes(package: CondaPackage, folders: Iterable[Path]) -> tuple[str, str] | None:
    if package.md5 and package.sha256:
        return None
    cached = find_cached(package, folders)
    if cached is not None:
        return cached[1].md5, cached[1].sha256
    path = path_of_file_url(package.url or "")
    if path is None or not Path(path).is_file():
        return None
    found = digests(Path(path))
    fits = found.sha256 == (package.sha256 or found.sha256) and found.md5 == (package.md5 or found.md5)
    return (found.md5, found.sha256) if fits else None


def _downloaded(packages: Iterable[CondaPackage], environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    import tempfile

    from envkeep.engines.base import NoProgress
    from envkeep.engines.fetching import fetch_files

    with tempfile.TemporaryDirectory(prefix="envkeep-") as folder:
        jobs = {package.url or "": Path(folder) / package.name for package in packages}
        failed = fetch_files(jobs, NoProgress(), environ)
        found = {package.name: digests(jobs[package.url or ""]) for package in packages if package.url not in failed}
    return {
        package.name: (found[package.name].md5, found[package.name].sha256)
        for package in packages
        if package.name in found and found[package.name].sha256 == (package.sha256 or found[package.name].sha256)
    }


def _of_index(distributions: Iterable[Distribution], record: Record, pips: Pips) -> dict[str, Pin]:
    """What pip would take for each distribution, by its own report (``pip install --dry-run --report``); nothing is installed."""
    import tempfile

    fetcher, python = pips.fetcher, record.python
    if fetcher is None or python is None:
        return {}
    groups: dict[tuple[str, ...], list[str]] = {}
    for dist in distributions:
        groups.setdefault(tag_flags(dist.tags, python.version), []).append(f"{dist.name}=={dist.version}")
    pins: dict[str, Pin] = {}
    with tempfile.TemporaryDirectory(prefix="envkeep-") as text:
        work = Path(text)
        for flags, lines in groups.items():

            def attempt(some: Sequence[str], flags: tuple[str, ...] = flags) -> str | None:
                report = work / "report.json"
                argv = ["install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:"]
                argv += ["--target", str(work / "target"), "--report", str(report), *flags, *some]
                reason = pips.run(fetcher, argv, work)
                if reason is None:
                    pins.update(_of_report(report))
                return reason

            in_halves(lines, attempt)
    return pins


def _of_report(report: Path) -> dict[str, Pin]:
    pins = {}
    for item in json.loads(report.read_text(encoding="utf-8")).get("install", ()):
        info = item["download_info"]
        sha256 = info.get("archive_info", {}).get("hashes", {}).get("sha256", "").lower()
        url = without_credentials(info["url"]).url
        if _SHA256.match(sha256):
            pins[normalise(item["metadata"]["name"])] = Pin(sha256=sha256, url=url, file=_file_name(url))
    return pins


def _file_name(place: str) -> str:
    return unquote(place.partition("#")[0].rpartition("/")[2])
