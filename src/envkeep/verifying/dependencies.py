"""pip's dependency check on a record: which distributions need one that is missing or does not fit; pure.

The same question as ``pip check``, but it can be asked of the original too, which may be long gone: a rebuild is held to be no
worse, not to be healthier than what it rebuilds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen
from envkeep.model.markers import holds, marker_environment
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from envkeep.model.record import Record

__all__ = ["Broken", "broken_requirements", "newly_broken"]


@frozen
class Broken:
    """A requirement of a distribution that is not met; ``found`` is the version that is there, None where none is."""

    distribution: str
    requirement: str
    found: str | None


def broken_requirements(record: Record) -> tuple[Broken, ...]:
    """Return what ``pip check`` would find in a recorded environment, sorted; extras are not asked for, as pip does not."""
    if not any(dist.requires for dist in record.distributions):
        return ()
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion

    environment = marker_environment(record)
    versions = {normalise(dist.name): dist.version for dist in record.distributions}
    broken = []
    for dist in record.distributions:
        for text in dist.requires:
            try:
                requirement = Requirement(text)
                if not holds(requirement.marker, environment):
                    continue
                found = versions.get(normalise(requirement.name))
                if found is not None and requirement.specifier.contains(found, prereleases=True):
                    continue
            except (InvalidRequirement, InvalidVersion, RecursionError):
                # metadata older than the rules; pip cannot judge it either
                continue
            broken.append(Broken(distribution=normalise(dist.name), requirement=text, found=found))
    return tuple(sorted(set(broken), key=lambda item: (item.distribution, item.requirement)))


def newly_broken(expected: Record, actual: Record) -> tuple[Broken, ...]:
    """Return what is broken in one environment and was not in the other, by distribution and requirement."""
    now = broken_requirements(actual)
    # most environments have none, and the question costs as much as the rest of a verification
    before = {(item.distribution, item.requirement) for item in broken_requirements(expected)} if now else set()
    return tuple(item for item in now if (item.distribution, item.requirement) not in before)
