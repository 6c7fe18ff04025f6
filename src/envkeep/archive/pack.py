"""A record and everything that brings it back, in one archive.

What is got is staged in a folder beside the archive (``NAME.envkeep.parts``); a pack that was interrupted goes on from there.
Artefacts that lie on this machine already are packed from where they are.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envkeep.archive.conda_artefacts import artefact_name, gather_conda, subdir_of
from envkeep.archive.digests import digests
from envkeep.archive.indexes import repodata_files, simple_index_files
from envkeep.archive.lists import list_files, settings_files
from envkeep.archive.pip_artefacts import PipArtefact, PipGatherer
from envkeep.archive.pips import Pips
from envkeep.archive.scripts import bash_script, powershell_script, readme
from envkeep.archive.zipping import Ingredient, write_archive
from envkeep.engines.base import NoProgress
from envkeep.engines.prefixes import remove_tree
from envkeep.errors import EnvkeepError, RefusedError
from envkeep.formats.archive_manifest import ArchiveManifest, Lacking, PackedFile, PackedPackage, read_manifest, write_manifest
from envkeep.model.frozen import frozen
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.archive.conda_artefacts import CondaArtefact
    from envkeep.engines.base import Progress
    from envkeep.model.record import Distribution, Record

__all__ = ["PackResult", "pack"]

_STAGING = ".parts"
_DONE = "done.json"


@frozen
class PackResult:
    """What came of a pack.

    Attributes:
        path: of the archive.
        size: bytes of it.
        replaced: whether a file stood in its place before.
        packages: what is in it, and where each file was got.
        lacking: what could not be had, and why.
    """

    path: Path
    size: int
    replaced: bool
    packages: tuple[PackedPackage, ...]
    lacking: tuple[Lacking, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every package of the record can be brought back from it."""
        return not any(item.what == "artefact" for item in self.lacking)


@dataclass(slots=True)
class _Contents:
    ingredients: dict[str, Ingredient]
    packages: list[PackedPackage]

    def add(self, item: Ingredient) -> str:
        known = self.ingredients.setdefault(item.name, item)
        if known.sha256 != item.sha256:
            raise EnvkeepError(f"two files would be {item.name} in the archive, and differ", "Tell the developers of envkeep.")
        return item.name

    def add_file(self, name: str, path: Path) -> str:
        found = digests(path)
        return self.add(Ingredient(name=name, source=path, size=found.size, sha256=found.sha256))

    def add_bytes(self, files: Mapping[str, bytes]) -> None:
        for name, data in files.items():
            self.add(Ingredient.of(name, data, executable=name.endswith(".sh")))


def pack(
    record: Record,
    output: Path,
    environ: Mapping[str, str],
    *,
    strict: bool = False,
    offline: bool = False,
    with_secrets: bool = False,
    progress: Progress | None = None,
) -> PackResult:
    """Pack a record and every artefact that it names into one archive; the environment is only read.

    Args:
        record: of any platform.
        output: the archive; what stands there gives way once the new one is whole.
        environ: where package caches and Pythons are looked for, and pip's settings are read.
        strict: refuse to write an archive that lacks an artefact or a source.
        offline: use no network.
        with_secrets: pack variables that look secret, too.
        progress: told how far long work is.

    Raises:
        RefusedError: strict, and something could not be had; what was got is kept for the next time.
        EnvkeepError: the archive cannot be written.
        EngineError: the download of conda artefacts failed as a whole.
    """
    told = progress or NoProgress()
    output = output.absolute()
    staging = output.with_name(output.name + _STAGING)
    stood = os.path.lexists(output)
    kept = record if with_secrets else _without_secrets(record)
    try:
        staging.mkdir(parents=True, exist_ok=True)
        artefacts, lacking = gather_conda(record.conda, staging, environ, told, offline=offline)
        got = _python_packages(record, staging, environ, told, offline=offline)
        lacking = (*lacking, *(item for one in got for item in _lacking(one)))
        if strict and lacking:
            raise RefusedError(
                "the archive would be incomplete: " + "; ".join(f"{item.name}: {item.reason}" for item in lacking),
                f"Without --strict it is written and these are named in it. What was got is kept in {staging}.",
            )
        manifest, contents = _contents(kept, artefacts, got, lacking, with_secrets=with_secrets)
        write_archive(output, manifest, contents.ingredients.values(), told, private=with_secrets)
    except OSError as error:
        raise EnvkeepError(
            f"cannot pack into {output}: {error.strerror or error}" + (f" ({error.filename})" if error.filename else ""),
            "Name another file with -o.",
        ) from error
    remove_tree(staging)
    return PackResult(
        path=output, size=output.stat().st_size, replaced=stood, packages=manifest.packages, lacking=manifest.lacking
    )


def _without_secrets(record: Record) -> Record:
    from envkeep.formats.export import without_secrets

    return without_secrets(record)


def _python_packages(
    record: Record, staging: Path, environ: Mapping[str, str], progress: Progress, *, offline: bool
) -> list[PipArtefact]:
    gatherer = PipGatherer(record, staging / "pip", Pips(record, environ, offline=offline))
    done: list[PipArtefact] = []
    left: list[Distribution] = []
    seen: set[str] = set()
    for dist in record.pip:
        # of two copies of one name, the first is the one that Python imports
        if normalise(dist.name) in seen:
            continue
        seen.add(normalise(dist.name))
        earlier = _read_done(dist, gatherer.place(dist))
        if earlier is None:
            # what was begun is begun anew
            remove_tree(gatherer.place(dist))
            left.append(dist)
        else:
            done.append(earlier)
    for item in gatherer.gather(left, progress) if left else ():
        if item.wheel is not None and item.lost_source is None:
            _write_done(item, gatherer.place(item.dist))
        done.append(item)
    return sorted(done, key=lambda item: normalise(item.dist.name))


def _write_done(item: PipArtefact, place: Path) -> None:
    files = [item.wheel, item.link, *item.sources]
    document = {
        "came_from": item.came_from,
        "wheel": _relative(item.wheel, place),
        "link": _relative(item.link, place),
        "sources": [_relative(path, place) for path in item.sources],
        "sha256": {_relative(path, place): digests(path).sha256 for path in files if path is not None},
    }
    part = place / f"{_DONE}.part"
    part.write_text(json.dumps(document), encoding="utf-8")
    part.replace(place / _DONE)


def _read_done(dist: Distribution, place: Path) -> PipArtefact | None:
    """What an interrupted pack had got of a distribution, if all of it still is what it was."""
    try:
        document = json.loads((place / _DONE).read_bytes())
        if any(digests(place / name).sha256 != wanted for name, wanted in document["sha256"].items()):
            return None
        link = document["link"]
        return PipArtefact(
            dist=dist,
            wheel=place / document["wheel"],
            came_from=document["came_from"],
            link=None if link is None else place / link,
            sources=tuple(place / name for name in document["sources"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _relative(path: Path | None, place: Path) -> str | None:
    return None if path is None else path.relative_to(place).as_posix()


def _lacking(item: PipArtefact) -> list[Lacking]:
    found = []
    if item.wheel is None:
        reason = "; ".join(dict.fromkeys(item.reasons)) or "it is not to be had"
        found.append(Lacking(kind="pip", name=item.dist.name, reason=reason))
    if item.lost_source is not None and item.lost_source not in item.reasons:
        found.append(Lacking(kind="pip", name=item.dist.name, reason=item.lost_source, what="source"))
    return found


def _contents(
    record: Record,
    artefacts: tuple[CondaArtefact, ...],
    got: list[PipArtefact],
    lacking: tuple[Lacking, ...],
    *,
    with_secrets: bool,
) -> tuple[ArchiveManifest, _Contents]:
    from envkeep import __version__
    from envkeep.formats.variants import RECORD_NAME, file_set, requirements

    contents = _Contents({}, [])
    for artefact in artefacts:
        _add_conda(contents, artefact)
    wheels: dict[str, Ingredient] = {}
    for item in got:
        _add_pip(contents, item, wheels)
    contents.add_bytes({f"backup/{name}": data for name, data in file_set(record).items()})
    contents.add_bytes({"backup/environment.txt": requirements(record)})
    by_name = {artefact.package.name: artefact for artefact in artefacts}
    contents.add_bytes(repodata_files(artefacts, record.environment.subdir) if record.conda else {})
    contents.add_bytes(simple_index_files((name, wheel) for name, wheel in wheels.items()))
    contents.add_bytes(list_files(record, by_name, wheels))
    contents.add_bytes(settings_files(record, with_secrets=with_secrets))
    conda = bool(record.conda)
    contents.add_bytes({"rebuild.sh": bash_script(conda=conda), "rebuild.ps1": powershell_script(conda=conda)})
    manifest = ArchiveManifest(
        name=record.environment.name,
        subdir=record.environment.subdir,
        created=record.captured_at.isoformat().replace("+00:00", "Z"),
        record=f"backup/{RECORD_NAME}",
        files=(),
        packages=tuple(sorted(contents.packages, key=lambda package: (package.kind, package.name))),
        lacking=lacking,
        writer=f"envkeep {__version__}",
    )
    contents.add_bytes({"README.txt": readme(record, manifest)})
    sums = [f"{item.sha256}  {item.name}\n" for item in sorted(contents.ingredients.values(), key=lambda item: item.name)]
    contents.add_bytes({"SHA256SUMS": "".join(sums).encode("utf-8")})
    _prove_readable(manifest, contents)
    return manifest, contents


def _add_conda(contents: _Contents, artefact: CondaArtefact) -> None:
    package = artefact.package
    name = contents.add(
        Ingredient(
            name=f"channel/{subdir_of(package)}/{artefact_name(package)}",
            source=artefact.path,
            size=artefact.digests.size,
            sha256=artefact.digests.sha256,
        )
    )
    contents.packages.append(
        PackedPackage(
            kind="conda",
            name=package.name,
            version=package.version,
            file=name,
            came_from=artefact.came_from,
            url=package.url,
        )
    )


def _add_pip(contents: _Contents, item: PipArtefact, wheels: dict[str, Ingredient]) -> None:
    sources = []
    for path in item.sources:
        folder = "sdists" if item.dist.origin is None or item.dist.origin.kind == "archive" else _project(item.dist)
        if path != item.wheel:
            sources.append(contents.add_file(f"{folder}/{path.name}", path))
    if item.wheel is None:
        return
    file = contents.add_file(f"wheels/{item.wheel.name}", item.wheel)
    wheels[normalise(item.dist.name)] = contents.ingredients[file]
    contents.packages.append(
        PackedPackage(
            kind="pip",
            name=item.dist.name,
            version=item.dist.version,
            file=file,
            came_from=item.came_from,
            link=None if item.link is None else contents.add_file(f"links/{item.link.name}", item.link),
            sources=tuple(sources),
        )
    )


def _project(dist: Distribution) -> str:
    return f"projects/{normalise(dist.name)}"


def _prove_readable(manifest: ArchiveManifest, contents: _Contents) -> None:
    """Raise if a name from elsewhere (an artefact's, a wheel's) is one that no archive is read with."""
    files = tuple(PackedFile(name=item.name, size=item.size, sha256=item.sha256) for item in contents.ingredients.values())
    read_manifest(write_manifest(replace(manifest, files=files)), "the archive")
