"""site-packages: the Python distributions an environment imports, whose they are, and where they came from.

A distribution is conda's if its metadata stands in a conda package's file list and is what conda put there; INSTALLER is no
proof. Everything else was put there by pip, uv or the like.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from envkeep.capturing.distribution import Found, read_distribution
from envkeep.capturing.metadata import installed_sizes
from envkeep.capturing.owners import METADATA, Owners, named_by, relative_to
from envkeep.capturing.reading import exists, folder_at, read_bytes, scan
from envkeep.model.names import normalise
from envkeep.model.record import Distribution, Problem

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from envkeep.capturing.conda_meta import CondaMeta
    from envkeep.capturing.former import Former
    from envkeep.capturing.reading import Folder

__all__ = ["Altered", "SitePackages", "read_site_packages"]

Altered = Literal["removed", "overwritten"]

_RECORD_LIMIT = 64 << 20
# enough files to tell whose code lies there
_SAMPLE = 64


class SitePackages(NamedTuple):
    """What was found.

    Attributes:
        distributions: sorted by normalised name, one of each.
        altered: by name of the conda package, what became of those that pip had its hands on.
        problems: unsorted.
    """

    distributions: tuple[Distribution, ...]
    altered: dict[str, Altered]
    problems: tuple[Problem, ...]


def read_site_packages(
    prefix: Path, folders: Sequence[Path], leftovers: Sequence[Path], meta: CondaMeta, former: Former | None = None
) -> SitePackages:
    """Return the distributions of an environment.

    Args:
        prefix: of the environment.
        folders: that its Python imports from, first come first served.
        leftovers: of another Python, which it does not import from.
        meta: which conda package owns what.
        former: of a former capture; what did not move is not read again.

    Raises:
        UnreadableEnvironmentError: one of ``folders`` cannot be listed.
    """
    problems: list[Problem] = []
    owned = Owners(prefix, folders, meta)
    by_name: dict[str, Found] = {}
    # seldom any: a name's distributions where there are several
    rivals: dict[str, list[Found]] = {}
    every: dict[str, Found] = {}
    for folder in folders:
        location = relative_to(prefix, folder)
        with folder_at(folder) as inside:
            unmoved = former.unmoved(inside, owned) if former is not None else {}
            for file in inside.names:
                found = unmoved.get(file)
                if found is None and file.endswith(METADATA):
                    found = _read(inside, file, location, owned, problems, former)
                if found is None:
                    continue
                every[found.path] = found
                first = by_name.setdefault(found.key, found)
                if first is not found:
                    rivals.setdefault(found.key, [first]).append(found)
    if former is not None:
        former.found = every
    for name, candidates in rivals.items():
        by_name[name] = _importable(candidates, problems)
        if former is not None:
            former.leave_distributions(found.path for found in candidates if found is not by_name[name])
    kept = [by_name[name] for name in sorted(by_name)]
    for folder in leftovers:
        count = sum(1 for entry in scan(folder) if entry.name.endswith(METADATA))
        if count:
            location = relative_to(prefix, folder)
            message = (
                f"{location} holds {count} distributions of another Python, which this one does not import; they are left out"
            )
            problems.append(Problem(code="leftover-python", message=message, path=location))
    distributions = tuple([found.distribution for found in kept])
    altered = _altered(owned, distributions, every, problems)
    return SitePackages(distributions=distributions, altered=altered, problems=tuple(problems))


def _read(  # noqa: PLR0917 - as `read_distribution`
    folder: Folder, file: str, location: str, owned: Owners, problems: list[Problem], former: Former | None
) -> Found | None:
    if not file.startswith("~"):
        return read_distribution(folder, file, location, owned, problems, former)
    # what pip renames before it removes, and leaves if it is stopped
    message = f"{file} is left over from an installation that was stopped; it is left out"
    problems.append(Problem(code="leftover-distribution", message=message, path=f"{location}/{file}"))
    return None


def _importable(candidates: list[Found], problems: list[Problem]) -> Found:
    """Return the one of a name's distributions that is imported: in the first folder, with its files in place, newest."""
    first = candidates[0].distribution.location
    rivals = [found for found in candidates if found.distribution.location == first]
    kept = rivals[0] if len(rivals) == 1 else max(rivals, key=lambda found: (_share_in_place(found), found.mtime, found.path))
    problems.extend(
        Problem(
            code="duplicate-distribution",
            message=f"{_words(found)} lies beside {_words(kept)}, which is the one that is imported; it is left out",
            path=f"{found.distribution.location}/{Path(found.path).name}",
            package=found.distribution.name,
        )
        for found in candidates
        # Debian ships egg-info and dist-info of one package: the same thing twice is nothing odd
        if found is not kept and _what(found) != _what(kept)
    )
    return kept


def _share_in_place(found: Found) -> float:
    # which one's files lie there: sizes are compared, since two versions share most names
    try:
        listed = installed_sizes(read_bytes(Path(found.path) / "RECORD", _RECORD_LIMIT))
    except OSError:
        return 0.0
    sample = [(path, size) for path, size in listed if not re.search(r"\.(?:dist|egg)-info/", path)][:_SAMPLE]
    folder = Path(found.path).parent
    right = sum(_size(folder / path) == size for path, size in sample)
    return right / len(sample) if sample else 0.0


def _what(found: Found) -> tuple[str, str | None]:
    return found.distribution.version, found.distribution.conda_package


def _size(path: Path) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except (OSError, ValueError):
        return None


def _altered(owned: Owners, kept: Sequence[Distribution], present: Container[str], problems: list[Problem]) -> dict[str, Altered]:
    by_pip = {normalise(dist.name): dist for dist in kept if dist.conda_package is None}
    gone = {place for place in owned.counted if place not in present and not exists(place)}
    replacing: dict[str, set[str]] = {}
    for place, package in owned.counted.items() if by_pip else ():
        for name in _names(package, place):
            if name in by_pip:
                replacing.setdefault(package, set()).add(name)
    altered: dict[str, Altered] = {}
    if not gone and not replacing:
        return altered
    there = {package for place, package in owned.counted.items() if place not in gone}
    for package in dict.fromkeys(owned.counted.values()):
        if package in replacing:
            rival = by_pip[min(replacing[package])]
            altered[package] = "overwritten"
            message = f"{rival.name} {rival.version}, not from conda, stands in the place of conda's {package}"
            problems.append(Problem(code="clobbered", message=message, path=rival.location, package=package))
        elif package not in there:
            altered[package] = "removed"
            message = f"conda records {package}, but its Python files are gone: pip or a person removed them"
            problems.append(Problem(code="removed-package", message=message, package=package))
    return altered


@lru_cache(maxsize=8192)
def _names(package: str, metadata: str) -> tuple[str, str]:
    return normalise(package), normalise(named_by(metadata.rpartition(os.sep)[2]))


def _words(found: Found) -> str:
    owner = found.distribution.conda_package
    by = "not from conda" if owner is None else f"of conda's {owner}"
    return f"{found.distribution.name} {found.distribution.version} ({by})"
