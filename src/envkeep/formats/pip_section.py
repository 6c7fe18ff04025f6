"""The pip section of an environment.yml: which of the packages that pip installed are named, and how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from envkeep.formats.requirement_indexes import other_indexes
from envkeep.formats.requirement_lines import RequirementLine, requirement_line
from envkeep.model.markers import holds, marker_environment
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from envkeep.model.record import Distribution, Record

__all__ = ["PipChoice", "pip_section", "top_level"]

PipChoice = Literal["pinned", "unpinned", "top-level", "none"]

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r";.*\bextra\s*==")
_NO_NAME = "pip takes no such name"


def pip_section(record: Record, choice: PipChoice, *, portable: bool = False) -> tuple[RequirementLine, ...]:
    """Return the lines of a record's pip packages, names normalised as conda writes them, sorted; comments among them.

    Args:
        record: whose packages.
        choice: ``pinned``, ``unpinned`` (no versions; what has a URL keeps it), ``top-level`` (pinned, what nothing else
            requires), ``none``.
        portable: only what nothing else requires, whatever the choice, and no place of this machine.
    """
    if choice == "none":
        return ()
    dists = top_level(record) if portable or choice == "top-level" else record.pip
    indexes = other_indexes(url for url in record.index_urls if not (portable and url.lower().startswith("file:")))
    lines: dict[str, RequirementLine] = {}
    for dist in dists:
        key = normalise(dist.name)
        line = requirement_line(dist, elsewhere=bool(indexes), name=key, portable=portable)
        lines.setdefault(key, _unpinned(line, dist) if choice == "unpinned" else line)
    return tuple(lines[key] for key in sorted(lines))


def top_level(record: Record) -> tuple[Distribution, ...]:
    """Return the pip packages that no other distribution requires; of a circle that nothing else requires, its first."""
    environment = marker_environment(record)
    requires = {normalise(dist.name): _required(dist, environment) for dist in record.distributions}
    wanted = set(requires).difference(*requires.values())
    wanted |= {normalise(dist.name) for dist in record.distributions if not dist.from_pip}
    reached = _closure(wanted, requires)
    for name in sorted(requires):
        if name not in reached:
            wanted.add(name)
            reached |= _closure({name}, requires)
    return tuple(dist for dist in record.pip if normalise(dist.name) in wanted)


def _closure(names: set[str], requires: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(requires.get(name, ()))
    return reached


def _required(dist: Distribution, environment: dict[str, str]) -> set[str]:
    found = set()
    for line in dist.requires:
        match = _NAME.match(line)
        if match is not None and (";" not in line or _asked_for(line, environment)):
            found.add(normalise(match[1]))
    # name[all] asks for itself
    found.discard(normalise(dist.name))
    return found


def _asked_for(line: str, environment: dict[str, str]) -> bool:
    # an extra's requirement is asked for by whoever asks for the extra
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return holds(Requirement(line).marker, environment) is not False
    except (InvalidRequirement, RecursionError):
        # metadata older than the rules, or made to be none
        return _EXTRA.search(line) is None


def _unpinned(line: RequirementLine, dist: Distribution) -> RequirementLine:
    # without its version, one that no index can have is no obstacle; a folder still is
    if dist.origin is not None or line.reason == _NO_NAME:
        return line
    return RequirementLine(key=line.key, name=line.name, text=line.name)
