"""``find``: the backups, of all environments, that hold a package ("which of my results ran with numpy 1.26.3?").

The plain files are searched as text, and only lines with the name in them are looked at; a record is loaded where a line alone
does not say the version (a repository at a commit). That keeps a search over a thousand backups within a blink.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError, UsageError
from envkeep.model.frozen import frozen
from envkeep.model.matchspec import parse
from envkeep.model.names import normalise
from envkeep.model.version_match import VersionExpression, parse_versions
from envkeep.store.files import reading
from envkeep.store.found_lines import FoundLine, dependency, requirement
from envkeep.store.layout import TXT_SUFFIX, stamp_of_txt
from envkeep.store.stamps import is_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Literal

    from envkeep.store.layout import Backup
    from envkeep.store.store import Store

__all__ = ["Hit", "Wanted", "find", "parse_wanted"]

_CONDA_LIST = "environment.yml"
_IMPORTED = "imported"
_PYTHON = "python"
# nothing that lists packages is as large; a file that is no list must not stop a search
_LARGEST = 64 * 1024 * 1024


@frozen
class Wanted:
    """What is looked for.

    Attributes:
        text: as it was asked.
        name: normalised; conda's names and pip's are compared in that spelling.
        versions: which versions will do.
        build: a build string or glob, empty where any will do; a package of pip has none.
    """

    text: str
    name: str
    versions: VersionExpression
    build: str = ""


@frozen
class Hit:
    """A package of a backup that is what was looked for.

    Attributes:
        backup: which.
        name: as the backup spells it.
        version: None where the file does not say it (a lone ``.txt`` with ``name @ url``): found only if any version will do.
        build: of a conda package, else None.
        manager: who installed it; ``pip`` also for all that a lone ``.txt`` lists, since it does not say; None for the Python
            that a venv or a lone ``.txt`` names.
    """

    backup: Backup
    name: str
    version: str | None
    build: str | None
    manager: Literal["conda", "pip"] | None


@dataclass(slots=True, kw_only=True)
class _Search:
    wanted: Wanted
    needle: re.Pattern[bytes]
    # each line is parsed once, however many backups hold it
    requirements: dict[bytes, FoundLine | None] = field(default_factory=dict)
    dependencies: dict[bytes, FoundLine | None] = field(default_factory=dict)
    versions: dict[bytes, str | None] = field(default_factory=dict)


def parse_wanted(text: str) -> Wanted:
    """Return what to look for: ``numpy``, ``numpy<2``, ``numpy=1.26.*``, ``numpy[extra]==1.26.4``, ``numpy=1.26.4=py312*``.

    Raises:
        UsageError: it is no package specification, or asks for a channel, platform or hash, which the lists do not hold.
    """
    try:
        spec = parse(_without_extras(text))
        versions = parse_versions(spec.version)
    except BadFormatError as error:
        raise UsageError(error.fact, "Write it as numpy, 'numpy<2', numpy=1.26.* or numpy=1.26.4=py312*.") from error
    if spec.channel or spec.subdir or spec.brackets:
        raise UsageError(f"{text!r} asks for more than name, version and build", "Leave channel, platform and brackets out.")
    return Wanted(text=text, name=normalise(spec.name), versions=versions, build=spec.build)


def find(store: Store, wanted: Wanted | str) -> tuple[Hit, ...]:
    """Return the packages in the store that are what was looked for, by environment, oldest backup first.

    Of a backup whose ``.txt`` was edited the ``.txt`` counts alone, as everywhere. A conda package that pip had replaced or
    removed is not found: nothing ran with it.

    Raises:
        UsageError: as of ``parse_wanted``.
        StoreError: the store cannot be read.
    """
    wanted = parse_wanted(wanted) if isinstance(wanted, str) else wanted
    search = _Search(wanted=wanted, needle=_needle(wanted.name))
    hits: list[Hit] = []
    for environment in store.environments():
        found = {}
        for stamp in _stamps(environment.path):
            lines = _lines_of_backup(f"{environment.path}{os.sep}{stamp}", search.needle)
            if lines != ([], []):
                found[stamp] = lines
        if found or wanted.name == _PYTHON:
            for backup in store.backups(environment):
                hits.extend(_hits(backup, *found.get(backup.stamp, ([], [])), search))
    return tuple(hits)


def _needle(name: str) -> re.Pattern[bytes]:
    # begins with a literal, which is what makes a search of tens of megabytes quick; the line's reader decides
    spelled = rb"[-_.]+".join(re.escape(part.encode()) for part in name.split("-"))
    return re.compile(spelled + rb"(?![a-z0-9]|[-_.]+[a-z0-9])")


def _without_extras(text: str) -> str:
    # PEP 508's name[extra], which MatchSpec takes for key=value
    name, bracket, rest = text.partition("[")
    inside, closed, after = rest.partition("]")
    return name + after if bracket and closed and "=" not in inside else text


def _stamps(folder: Path) -> list[str]:
    stamps = set()
    # no suppressing: "no backup holds it" must not be said of what could not be read
    with reading(folder), suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            stamp = stamp_of_txt(entry.name) or entry.name
            if is_stamp(stamp):
                stamps.add(stamp)
    return sorted(stamps)


def _lines_of_backup(path: str, needle: re.Pattern[bytes]) -> tuple[list[bytes], list[bytes]]:
    # strings and not Path: this runs for each of a thousand backups
    listed = _read(f"{path}{os.sep}{_CONDA_LIST}")
    if listed is None:
        imported = f"{path}{os.sep}{_IMPORTED}"
        with suppress(OSError):
            listed = b"\n".join(_read(f"{imported}{os.sep}{name}") or b"" for name in sorted(os.listdir(imported)))  # noqa: PTH208
    return _lines(_read(path + TXT_SUFFIX) or b"", needle), _lines(listed or b"", needle)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            # what is given to read() is allocated each time
            data = file.read(min(_LARGEST, os.fstat(file.fileno()).st_size))
    except OSError:
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        # PowerShell's `>`
        return data.decode("utf-16", errors="replace").encode()
    return data


def _lines(data: bytes, needle: re.Pattern[bytes]) -> list[bytes]:
    found = []
    end = -1
    for match in needle.finditer(data.lower()):
        if match.start() >= end:
            end = data.find(b"\n", match.start())
            end = len(data) if end < 0 else end
            found.append(data[data.rfind(b"\n", 0, match.start()) + 1 : end].rstrip())
    return found


def _hits(backup: Backup, requirements: list[bytes], dependencies: list[bytes], search: _Search) -> Iterator[Hit]:
    name = search.wanted.name
    summary = backup.summary
    listed: list[tuple[bytes, FoundLine]] = []
    if backup.state != "edited":
        listed = list(_parsed(dependencies, search.dependencies, dependency, name))
    if name == _PYTHON and summary is not None and not summary.conda:
        # what is no conda environment has a Python all the same, and its environment.yml asks conda for it
        if summary.python is not None and not search.wanted.build and search.wanted.versions.admits(summary.python, "pip"):
            yield Hit(backup=backup, name=_PYTHON, version=summary.python, build=None, manager=None)
        return
    pip_has = any(line.manager == "pip" for _, line in listed)
    tells_apart = backup.state == "whole" and summary is not None and bool(summary.conda)
    for raw, line in _parsed(requirements, search.requirements, requirement, name):
        # conda's Python packages stand in the `.txt` too, under a name that need not be the conda package's
        listed.append((raw, replace(line, manager="conda") if tells_apart and not pip_has else line))
    seen = set()
    for raw, line in listed:
        version = line.version
        if version is None and line.at_origin and backup.state == "whole":
            version = _version_in_record(backup, raw, search)
        if version not in seen and _fits(version, line, search.wanted):
            yield Hit(backup=backup, name=line.name, version=version, build=line.build, manager=line.manager)
        seen.add(version)


def _parsed(
    lines: list[bytes], known: dict[bytes, FoundLine | None], read: Callable[[str], FoundLine | None], name: str
) -> Iterator[tuple[bytes, FoundLine]]:
    for raw in lines:
        if raw not in known:
            line = read(raw.decode("utf-8", errors="replace"))
            known[raw] = line if line is not None and normalise(line.name) == name else None
        line = known[raw]
        if line is not None:
            yield raw, line


def _fits(version: str | None, line: FoundLine, wanted: Wanted) -> bool:
    from fnmatch import fnmatchcase

    if wanted.build and (line.build is None or not fnmatchcase(line.build, wanted.build)):
        return False
    if version is None:
        return wanted.versions.admits_all
    return wanted.versions.admits(version, line.manager)


def _version_in_record(backup: Backup, raw: bytes, search: _Search) -> str | None:
    # the same place at the same commit is the same version in every backup
    if raw not in search.versions:
        from envkeep.store.contents import load_record

        record = load_record(backup)
        dists = record.distributions if record is not None else ()
        search.versions[raw] = next((dist.version for dist in dists if normalise(dist.name) == search.wanted.name), None)
    return search.versions[raw]
