"""``conda-meta``: the conda packages of a prefix, which Python distributions are theirs, variables and pins."""

from __future__ import annotations

import os
from functools import partial, reduce
from json import loads
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from envkeep.capturing.conda_record import decode_record, owned_metadata, package_of
from envkeep.capturing.reading import folder_at, line_text, plain_json, read_file, read_text
from envkeep.model.credentials import scrub
from envkeep.model.names import normalise
from envkeep.model.record import CondaPackage, Problem
from envkeep.store.readings import stand_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from envkeep.capturing.former import Former

__all__ = ["CondaMeta", "MetaRecord", "read_conda_meta", "read_pinned", "read_variables"]

# the largest known are some 10 MB
_RECORD_LIMIT = 64 << 20
_LIST_LIMIT = 4 << 20
_UNSET = "***unset***"  # conda: a variable that was unset, and is remembered


class CondaMeta(NamedTuple):
    """What conda-meta says.

    Attributes:
        packages: sorted by name.
        owners: which package a Python distribution's metadata (``lib/python3.12/site-packages/six-1.17.0.dist-info``, an
            ``.egg-info``, ``.egg`` or ``.egg-link``) belongs to, by its path relative to the prefix with ``/``.
        records: by name of a package.
        problems: unsorted.
    """

    packages: tuple[CondaPackage, ...]
    owners: Mapping[str, str]
    records: Mapping[str, MetaRecord]
    problems: tuple[Problem, ...]


class MetaRecord(NamedTuple):
    """A record of conda-meta.

    Attributes:
        package: what it says.
        owned: the paths of Python metadata in its file list.
        file: its own name.
        mtime: when it was written, ns since 1970: linking was over then.
        whole: whether it could be read; else its name alone says what is known.
    """

    package: CondaPackage
    owned: Sequence[str]
    file: str
    mtime: int
    whole: bool


def read_conda_meta(prefix: Path, former: Former | None = None, *, wanted: Callable[[str], bool] | None = None) -> CondaMeta:
    """Return the packages that a prefix's conda-meta records; what cannot be read is a problem.

    Args:
        prefix: of the environment.
        former: of a former capture; its files are not read again where they did not move.
        wanted: whether the package of a name, normalised, is read, going by the names of files; None: all are.

    Raises:
        UnreadableEnvironmentError: the folder itself cannot be listed.
    """
    problems: list[Problem] = []
    # of what this process captured before; else `former` knows them one by one
    start = former.meta if former is not None else None
    known = former.stands() if former is not None and start is not None else {}
    # else each is read, and its status comes with it
    looked_at = former is not None and former.knows_packages
    found: dict[str, MetaRecord] = {}
    several: dict[str, list[MetaRecord]] = {}
    moved: list[tuple[str, int, str]] = []
    with folder_at(prefix / "conda-meta") as folder:
        look = folder.look
        for file in folder.names:
            # conda: a record ends in .json; macOS leaves ._name.json beside it
            if not file.endswith(".json") or file.startswith("."):
                continue
            mtime, stand = 0, ""
            if looked_at:
                try:
                    info = look(file)
                    mtime, stand = info.st_mtime_ns, stand_of(info)
                except (OSError, ValueError):
                    # so will reading it, where the reason is told
                    pass
            if known.get(file) != stand and (wanted is None or wanted(normalise(file.rsplit("-", 2)[0]))):
                moved.append((file, mtime, stand))
    if former is not None and start is not None:
        unmoved = (known.keys() & set(folder.names)).difference([file for file, _, _ in moved])
        former.keep_packages(unmoved)
        found = {name: read for name, read in start.records.items() if read.file in unmoved}
    for file, mtime, stand in moved:
        read = _read_record(folder.start, file, mtime, stand, former, problems)
        if read is None:
            continue
        other = found.setdefault(read.package.name, read)
        if other is not read:
            several.setdefault(read.package.name, [other]).append(read)
    for name, reads in several.items():
        # in the order in which they are listed, whichever were known before
        found[name] = reduce(partial(_newer, problems=problems), sorted(reads, key=attrgetter("file")))
    records = [found[name] for name in sorted(found)]
    owners = {path: read.package.name for read in records for path in read.owned}
    meta = CondaMeta(tuple([read.package for read in records]), owners, found, tuple(problems))
    if former is not None and wanted is None:
        former.meta = meta if not problems else None
    return meta


def _newer(one: MetaRecord, other: MetaRecord, problems: list[Problem]) -> MetaRecord:
    kept, dropped = (other, one) if (other.whole, other.mtime) > (one.whole, one.mtime) else (one, other)
    name = kept.package.name
    problems.append(
        Problem(
            code="duplicate-record",
            message=f"two records of {name}: {kept.package.spec}, the newer file, is kept, {dropped.package.spec} is not",
            path=line_text(f"conda-meta/{dropped.file}"),
            package=name,
        )
    )
    return kept


def read_variables(prefix: Path) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
    """Return the variables of ``conda-meta/state`` in file order, those unset dropped, and what was odd.

    They may hold secrets: nothing is dropped here (see ``model.secrets``).
    """
    path = "conda-meta/state"
    try:
        state = plain_json(loads(read_text(prefix / path, _LIST_LIMIT)))
    except FileNotFoundError:
        return (), ()
    except (OSError, ValueError, RecursionError) as error:
        return (), (_unreadable("unreadable-state", "the environment's variables", path, error),)
    variables = state.get("env_vars", {}) if isinstance(state, dict) else None
    if not isinstance(variables, dict):
        return (), (Problem(code="unreadable-state", message="the environment's variables are no mapping", path=path),)
    return tuple((line_text(name), _plain(value)) for name, value in variables.items() if value != _UNSET), ()


def read_pinned(prefix: Path) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the lines of ``conda-meta/pinned`` without comments, credentials dropped, and what was odd."""
    path = "conda-meta/pinned"
    try:
        text = read_text(prefix / path, _LIST_LIMIT)
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        return (), (_unreadable("unreadable-pinned", "what is pinned", path, error),)
    lines = (line.strip() for line in text.splitlines())
    return tuple(scrub(line_text(line)) for line in lines if line and not line.startswith("#")), ()


def _read_record(  # noqa: PLR0917 - one for each record, and keywords take their time
    start: str, file: str, mtime: int, stand: str, former: Former | None, problems: list[Problem]
) -> MetaRecord | None:
    before = former.package(file, stand) if former is not None else None
    if before is not None:
        return MetaRecord(before[0], before[1], file, mtime, True)
    path = line_text(f"conda-meta/{file}")
    parts = line_text(file[:-5]).rsplit("-", 2)
    named = (parts[0], parts[1], parts[2]) if len(parts) == 3 and all(parts) else None
    try:
        content, info = read_file(start + file, _RECORD_LIMIT)
        mtime = info.st_mtime_ns
        raw, paths = decode_record(content)
    except FileNotFoundError:
        # it was there a moment ago, or is a link into nowhere
        problems.append(Problem(code="vanished-record", message="this record went away while it was read", path=path))
        return None
    except (OSError, ValueError, RecursionError) as error:
        name = named[0] if named else ""
        problem = _unreadable("unreadable-record", "this record", path, error, name)
        if named is None:
            problems.append(problem)
            return None
        # name, version and build stand in the file's name: better than nothing
        problems.append(
            Problem(code=problem.code, message=f"{problem.message}; its file name alone is kept", path=path, package=name)
        )
        return MetaRecord(
            CondaPackage(name=named[0], version=named[1], build=named[2]), [], file, mtime or _modified(start + file), whole=False
        )
    package = package_of(raw, paths)
    if (package.name, package.version, package.build) != named:
        # conda ignores such a file as well
        problems.append(
            Problem(
                code="misnamed-record",
                message=f"this file's name is not that of the package it records ({package.spec}); it is left out, as conda does",
                path=path,
                package=package.name,
            )
        )
        return None
    owned = owned_metadata(paths)
    if former is not None:
        former.note_package(file, stand_of(info), owned)
    return MetaRecord(package, owned, file, mtime, whole=True)


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - as all else here
    except (OSError, ValueError):
        return 0


def _unreadable(code: str, what: str, path: str, error: Exception, package: str = "") -> Problem:
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
    elif isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    elif type(error) is ValueError:
        reason = str(error)
    else:
        reason = "it is not JSON, or cut short"
    return Problem(code=code, message=f"{what} cannot be read: {reason}", path=path, package=package)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else str(value)
