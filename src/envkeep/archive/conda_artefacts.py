"""The artefacts of a record's conda packages: from this machine's package caches, from where the channel lies, or downloaded.

Only files are handled, so that a record of any platform can be packed on any other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from envkeep.archive.digests import Digests, digests
from envkeep.formats.archive_manifest import Lacking
from envkeep.model.channels import is_subdir
from envkeep.model.fetched import is_fetched
from envkeep.model.frozen import frozen
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envkeep.engines.base import Progress
    from envkeep.formats.archive_manifest import CameFrom
    from envkeep.model.record import CondaPackage

__all__ = ["CondaArtefact", "artefact_name", "cache_folders", "find_cached", "gather_conda", "subdir_of"]

_ENDINGS = (".conda", ".tar.bz2")
_ROOTS = ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba", ".local/share/mamba")


@frozen
class CondaArtefact:
    """A conda package's file on this machine, held against the recorded hashes."""

    package: CondaPackage
    path: Path
    digests: Digests
    came_from: CameFrom


def gather_conda(
    packages: Iterable[CondaPackage],
    staging: Path,
    environ: Mapping[str, str],
    progress: Progress,
    *,
    offline: bool = False,
) -> tuple[tuple[CondaArtefact, ...], tuple[Lacking, ...]]:
    """Return the artefacts of packages, and what could not be had and why.

    Args:
        packages: of a record.
        staging: folder that downloads go to; what is there already and has the right hash is not downloaded again.
        environ: for the places of package caches, and for downloads.
        progress: told how many packages are done.
        offline: whether nothing is downloaded.
    """
    from envkeep.engines.fetching import fetch_files

    wanted = tuple(packages)
    folders = cache_folders(environ)
    found: dict[str, CondaArtefact] = {}
    reasons: dict[str, str] = {}
    missing: dict[str, tuple[CondaPackage, Path]] = {}
    progress.start("looking for conda artefacts", len(wanted))
    for package in wanted:
        local = _local(package, folders, staging)
        if isinstance(local, CondaArtefact):
            found[package.name] = local
        elif local is not None:
            reasons[package.name] = local
        elif offline:
            reasons[package.name] = "it is in no package cache, and the network is not to be used"
        else:
            missing[package.name] = package, _staged(package, staging)
        progress.advance()
    progress.finish()
    jobs = {package.url or "": path for package, path in missing.values()}
    failed = fetch_files(jobs, progress, environ) if jobs else {}
    for name, (package, path) in missing.items():
        reason = failed.get(package.url or "")
        taken = _taken(package, path, "channel") if reason is None else reason
        if isinstance(taken, CondaArtefact):
            found[name] = taken
        else:
            reasons[name] = taken
            path.unlink(missing_ok=True)
    lacking = tuple(Lacking(kind="conda", name=name, reason=reason) for name, reason in sorted(reasons.items()))
    return tuple(found[name] for name in sorted(found)), lacking


def cache_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the package caches of conda, mamba and micromamba that are on this machine, those that settings name first."""
    from envkeep.capturing.condarc import read_condarc
    from envkeep.capturing.naming import stated_roots

    roots = tuple(stated_roots(environ))
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    named = [Path(part) for part in environ.get("CONDA_PKGS_DIRS", "").replace(",", os.pathsep).split(os.pathsep) if part.strip()]
    named += read_condarc(None, environ, roots).pkgs_dirs
    named += [root / "pkgs" for root in roots]
    named += [home / ".conda" / "pkgs", home / ".mamba" / "pkgs", *(home / root / "pkgs" for root in _ROOTS)]
    return tuple(folder for folder in dict.fromkeys(named) if folder.is_dir())


def find_cached(package: CondaPackage, folders: Iterable[Path]) -> tuple[Path, Digests] | None:
    """Return the file of a package in a cache whose hash is the recorded one, if there is one; without a hash none is proven."""
    if not (package.sha256 or package.md5):
        return None
    for folder in folders:
        for name in _file_names(package):
            path = folder / name
            try:
                if not path.is_file() or (package.size is not None and path.stat().st_size != package.size):
                    continue
                found = digests(path)
            except OSError:
                continue
            if _fits(package, found):
                return path, found
    return None


def artefact_name(package: CondaPackage) -> str:
    """Return the file name of a package's artefact."""
    from_url = unquote((package.url or "").split("#")[0].rpartition("/")[2])
    name = from_url if from_url.endswith(_ENDINGS) else package.fn or ""
    return name if name.endswith(_ENDINGS) else f"{package.spec.replace('=', '-')}.conda"


def subdir_of(package: CondaPackage) -> str:
    """Return the subdir that a package's artefact lies in; a noarch package's record may name the platform instead."""
    parts = (package.url or "").split("/")
    if len(parts) > 1 and is_subdir(parts[-2]):
        return parts[-2]
    return "noarch" if package.noarch else package.subdir or "noarch"


def _local(package: CondaPackage, folders: Iterable[Path], staging: Path) -> CondaArtefact | str | None:
    """The artefact where it is on this machine, why it cannot be had at all, or None where it can be tried to download it."""
    cached = find_cached(package, folders)
    if cached is not None:
        return CondaArtefact(package=package, path=cached[0], digests=cached[1], came_from="cache")
    if package.url is None:
        return "it is in no package cache, and no URL of it is recorded"
    path = path_of_file_url(package.url)
    if path is not None:
        return _taken(package, Path(path), "channel") if Path(path).is_file() else f"{path} is not there"
    if not is_fetched(package.url):
        return f"its URL is none that is fetched from: {package.url}"
    staged = _staged(package, staging)
    taken = _taken(package, staged, "channel") if staged.is_file() and (package.sha256 or package.md5) else None
    return taken if isinstance(taken, CondaArtefact) else None


def _taken(package: CondaPackage, path: Path, came_from: CameFrom) -> CondaArtefact | str:
    try:
        found = digests(path)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}"
    if not _fits(package, found):
        return f"what is at {package.url} is not the recorded artefact: its hash is another"
    return CondaArtefact(package=package, path=path, digests=found, came_from=came_from)


def _fits(package: CondaPackage, found: Digests) -> bool:
    return (not package.sha256 or package.sha256.lower() == found.sha256) and (
        not package.md5 or package.md5.lower() == found.md5
    )


def _staged(package: CondaPackage, staging: Path) -> Path:
    return staging / "channel" / subdir_of(package) / artefact_name(package)


def _file_names(package: CondaPackage) -> Iterator[str]:
    name = artefact_name(package)
    yield name
    # a record without URL and file name has one of two
    if package.url is None and package.fn is None:
        yield name.replace(".conda", ".tar.bz2")
