"""pip's dependency check on a record: which distributions need one that is missing or does not fit; pure.

The same question as ``pip check``, but it can be asked of the original too, which may be long gone: a rebuild is held to be no
worse, not to be healthier than what it rebuilds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkeep.model.names import normalise

if TYPE_CHECKING:
    from envkeep.model.record import Record

__all__ = ["Broken", "broken_requirements", "newly_broken"]

_PLATFORMS = {"linux": ("posix", "Linux", "linux"), "osx": ("posix", "Darwin", "darwin"), "win": ("nt", "Windows", "win32")}
_MACHINES = {"64": "x86_64", "32": "x86", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Broken:
    """A requirement of a distribution that is not met; ``found`` is the version that is there, None where none is."""

    distribution: str
    requirement: str
    found: str | None


def broken_requirements(record: Record) -> tuple[Broken, ...]:
    """Return what ``pip check`` would find in a recorded environment, sorted; extras are not asked for, as pip does not."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion

    environment = _markers(record)
    versions = {normalise(dist.name): dist.version for dist in record.distributions}
    broken = []
    for dist in record.distributions:
        for text in dist.requires:
            try:
                requirement = Requirement(text)
                if requirement.marker is not None and not requirement.marker.evaluate({**environment, "extra": ""}):
                    continue
                found = versions.get(normalise(requirement.name))
                if found is not None and requirement.specifier.contains(found, prereleases=True):
                    continue
            except (InvalidRequirement, InvalidVersion, KeyError):
                # metadata older than the rules; pip cannot judge it either
                continue
            broken.append(Broken(distribution=normalise(dist.name), requirement=text, found=found))
    return tuple(sorted(set(broken), key=lambda item: (item.distribution, item.requirement)))


def newly_broken(expected: Record, actual: Record) -> tuple[Broken, ...]:
    """Return what is broken in one environment and was not in the other, by distribution and requirement."""
    before = {(item.distribution, item.requirement) for item in broken_requirements(expected)}
    return tuple(item for item in broken_requirements(actual) if (item.distribution, item.requirement) not in before)


def _markers(record: Record) -> dict[str, str]:
    # PEP 508's environment markers, of the recorded platform and not of the one that reads
    system, _, machine = record.environment.subdir.partition("-")
    os_name, platform_system, sys_platform = _PLATFORMS.get(system, ("posix", "", system))
    name = _MACHINES.get(machine, machine)
    if system == "win" and name == "x86_64":
        name = "AMD64"
    version = record.python.version if record.python is not None else "3"
    implementation = record.python.implementation if record.python is not None else "cpython"
    return {
        "implementation_name": implementation,
        "implementation_version": version,
        "os_name": os_name,
        "platform_machine": name,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}.get(implementation, ""),
        "platform_release": "",
        "platform_system": platform_system,
        "platform_version": "",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": sys_platform,
    }
