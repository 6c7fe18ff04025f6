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
from envkeep.store.readings import stands_of
from envkeep.store.seen import mtime_of, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from envkeep.capturing.former import Former
    from envkeep.store.seen import Signature

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
        stood: its signature (``store.seen``), looked at before it was read; None where nothing could be looked at.
        whole: whether it could be read; else its name alone says what is known.
    """

    package: CondaPackage
    owned: Sequence[str]
    file: str
    mtime: int
    stood: Signature | None
    whole: bool = True


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
    known = former.records if former is not None else {}
    # else each is read, and its status comes with it
    looked_at = former is not None and former.knows_packages
    several: dict[str, list[MetaRecord]] = {}
    unmoved: set[str] = set()
    moved: list[tuple[str, Signature | None]] = []
    with folder_at(prefix / "conda-meta") as folder:
        # not by a method of the folder: it is most of what a capture does where little moved
        look, begin, handle = os.stat, folder.begin, folder.handle
        for file in folder.names:
            before = known.get(file)
            # conda: a record ends in .json; macOS leaves ._name.json beside it
            if before is None and (not file.endswith(".json") or file.startswith(".")):
                continue
            stood: Signature | None = None
            if looked_at:
                try:
                    info = look(begin + file, dir_fd=handle)
                except (OSError, ValueError):
                    # so will reading it, where the reason is told
                    pass
                else:
                    # spelled out, for a call takes as long again
                    stood = (info.st_mode, info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
                    if before is not None and before.stood == stood:
                        unmoved.add(file)
                        continue
            if wanted is None or wanted(normalise(file.rsplit("-", 2)[0])):
                moved.append((file, stood))
    found = former.keep_records(unmoved) if former is not None else {}
    for file, stood in moved:
        read = _read_record(folder.start, file, stood, former, problems)
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
        former.carry_records(found if not problems else None)
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


def _read_record(
    start: str, file: str, stood: Signature | None, former: Former | None, problems: list[Problem]
) -> MetaRecord | None:
    before = former.package(file, stands_of(stood)) if former is not None and stood is not None else None
    if before is not None and stood is not None:
        return MetaRecord(before[0], before[1], file, mtime_of(stood), stood)
    path = line_text(f"conda-meta/{file}")
    parts = line_text(file[:-5]).rsplit("-", 2)
    named = (parts[0], parts[1], parts[2]) if len(parts) == 3 and all(parts) else None
    try:
        content, info = read_file(start + file, _RECORD_LIMIT)
        stood = signature_of(info)
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
        mtime = mtime_of(stood) if stood is not None else _modified(start + file)
        return MetaRecord(CondaPackage(name=named[0], version=named[1], build=named[2]), [], file, mtime, stood, whole=False)
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
        former.note_package(file, stands_of(stood), owned)
    return MetaRecord(package, owned, file, mtime_of(stood), stood)


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
