"""The requirements list of an environment without the rest of a capture.

Name and version stand in the first lines of METADATA. Whose a distribution is changes its line only where it has an origin or
a local version; of those alone the conda package is looked for, in the records that have its name. What that does not settle is
left to a whole capture, whose list is the same: the tests hold one against the other.
"""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.conda_meta import CondaMeta, read_conda_meta
from envkeep.capturing.distribution import METADATA_LIMIT, read_distribution, with_states
from envkeep.capturing.interpreter import ask_early, read_python, written_version
from envkeep.capturing.layout import environment_kind, site_folders, subdir_of
from envkeep.capturing.owners import METADATA, Owners, named_by, relative_to
from envkeep.capturing.reading import exists, folder_by_path, is_folder, listing, plain_text, read_start
from envkeep.formats.requirements_txt import write
from envkeep.model.names import normalise
from envkeep.model.record import Distribution, EnvironmentInfo, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkeep.model.credentials import AuthKind

__all__ = ["requirements_list"]

# as packaging tools write it; what looks otherwise is parsed
_HEAD = re.compile(
    rb"Metadata-Version: [0-9.]+\r?\nName: (?P<name>[A-Za-z0-9._-]+)\r?\nVersion: (?P<version>[A-Za-z0-9.!]+)\r?\n(?=[^ \t])"
)
_HEAD_SIZE = 512
_PYTHONS = frozenset({"python", "pypy", "graalpy"})


def requirements_list(prefix: Path, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the list that an export of a capture of an environment would give, or None where it takes the capture to know.

    Args:
        prefix: of the environment.
        environ: variables that say where settings are; None: the process's.

    Raises:
        NotAnEnvironmentError, UnreadableEnvironmentError: as of ``capture``.
    """
    prefix = Path(os.path.abspath(prefix))  # noqa: PTH100 - links in the path stay as the user spells them
    if plain_text(str(prefix)) != str(prefix):
        return None
    kind = environment_kind(prefix)
    asked = ask_early(prefix, kind)
    meta = _records(prefix, _PYTHONS.__contains__) if kind == "conda" else CondaMeta((), {}, {}, ())
    # without a Python of conda's, another package tells the platform
    if meta is None or (kind == "conda" and not any(package.subdir not in {"", "noarch"} for package in meta.packages)):
        return None
    subdir = subdir_of(meta.packages, prefix)
    written = written_version(prefix, kind, meta.packages)
    folders, _ = site_folders(prefix, kind, written.version if written is not None else None, meta.packages)
    distributions = _distributions(prefix, folders, of_conda=kind == "conda")
    if distributions is None or not is_folder(prefix / "conda-meta" if kind == "conda" else prefix):
        # what went away while it was read is an error of the capture
        return None
    # it answers while all that is read; what it says seldom is another version than what is written
    python, _ = read_python(prefix, kind, written, subdir, start=True, asked=asked)
    stated = python.version if python is not None else None
    if site_folders(prefix, kind, stated, meta.packages)[0] != folders:
        return None
    indexes = _indexes(prefix, environ) if any("+" in dist.version for dist in distributions) else {}
    return write(
        Record(
            captured_at=datetime.now(timezone.utc),
            environment=EnvironmentInfo(name=prefix.name, prefix=str(prefix), kind=kind, subdir=subdir),
            python=python,
            distributions=with_states(distributions),
            index_urls=tuple(indexes),
            index_auth=tuple((url, login) for url, login in indexes.items() if login is not None),
        ),
        name_indexes=True,
    )


def _distributions(prefix: Path, folders: Sequence[Path], *, of_conda: bool) -> tuple[Distribution, ...] | None:
    found: dict[str, Distribution] = {}
    others: list[tuple[os.DirEntry[str], str]] = []
    count = 0
    for folder in folders:
        location = relative_to(prefix, folder)
        for entry in listing(folder):
            name = entry.name
            if not name.endswith(METADATA) or name.startswith("~"):
                continue
            head = None
            if name.endswith(".dist-info"):
                try:
                    head = _HEAD.match(read_start(f"{entry.path}/METADATA", _HEAD_SIZE, METADATA_LIMIT))
                except OSError:
                    # read_distribution says what that means
                    pass
            if head is None or exists(f"{entry.path}/direct_url.json"):
                others.append((entry, location))
                continue
            count += 1
            text = head["name"].decode()
            found[normalise(text)] = Distribution(name=text, version=head["version"].decode(), location=location)
    owners = _owners(prefix, folders, [entry for entry, _ in others]) if of_conda and others else None
    if of_conda and others and owners is None:
        return None
    for entry, location in others:
        inside = folder_by_path(Path(entry.path).parent, [])
        dist = read_distribution(inside, entry.name, location, owners, [])
        if dist is not None:
            count += 1
            found[normalise(dist.distribution.name)] = dist.distribution
    # which one of two is imported depends on their files
    return tuple(found.values()) if count == len(found) else None


def _indexes(prefix: Path, environ: Mapping[str, str] | None) -> dict[str, AuthKind | None]:
    from envkeep.capturing.indexes import recorded_indexes

    return recorded_indexes(prefix, os.environ if environ is None else environ)


def _owners(prefix: Path, folders: Sequence[Path], entries: Sequence[os.DirEntry[str]]) -> Owners | None:
    """Return the owners of distributions' metadata, read from what records it takes; None where those are odd."""
    names = {normalise(named_by(entry.name)) for entry in entries}

    def wanted(package: str) -> bool:
        # conda's names for them: six, python-fastjsonschema, matplotlib-base
        plain = package.removeprefix("python-")
        return plain in names or package in names or plain.rpartition("-")[0] in names

    meta = _records(prefix, wanted)
    owners = None if meta is None else Owners(prefix, folders, meta)
    if owners is None or all(_is_untouched(entry, owners) for entry in entries):
        return owners
    # any package may have put it there, or have been the last to
    meta = _records(prefix)
    return None if meta is None else Owners(prefix, folders, meta)


def _is_untouched(entry: os.DirEntry[str], owners: Owners) -> bool:
    try:
        return owners.is_untouched(entry.path, entry.stat().st_mtime_ns)
    except OSError:
        return False


def _records(prefix: Path, wanted: Callable[[str], bool] | None = None) -> CondaMeta | None:
    meta = read_conda_meta(prefix, wanted=wanted)
    return None if meta.problems else meta
