"""Which requirements hold in a recorded environment: PEP 508's markers, of its Python and platform and not of those that read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.markers import Marker

    from envkeep.model.record import Record

__all__ = ["holds", "marker_environment"]

_PLATFORMS = {"linux": ("posix", "Linux", "linux"), "osx": ("posix", "Darwin", "darwin"), "win": ("nt", "Windows", "win32")}
# as Python's platform.machine() says it on each
_MACHINES = {
    "linux-64": "x86_64",
    "linux-32": "i686",
    "osx-64": "x86_64",
    "win-64": "AMD64",
    "win-32": "x86",
    "win-arm64": "ARM64",
}
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}


def marker_environment(record: Record) -> dict[str, str]:
    """Return the markers' values for a recorded environment, no extra asked for; what a record does not say is empty.

    Source: PEP 508, "Environment Markers".
    """
    subdir = record.environment.subdir
    system, _, machine = subdir.partition("-")
    os_name, platform_system, sys_platform = _PLATFORMS.get(system, ("posix", "", system))
    version = record.python.version if record.python is not None else "3"
    implementation = record.python.implementation if record.python is not None else "cpython"
    return {
        "extra": "",
        "implementation_name": implementation,
        "implementation_version": version,
        "os_name": os_name,
        "platform_machine": _MACHINES.get(subdir, machine),
        "platform_python_implementation": _IMPLEMENTATIONS.get(implementation, ""),
        "platform_release": "",
        "platform_system": platform_system,
        "platform_version": "",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": sys_platform,
    }


def holds(marker: Marker | None, environment: dict[str, str]) -> bool | None:
    """Return whether a requirement's marker holds in an environment; None where it cannot be judged."""
    if marker is None:
        return True
    try:
        return marker.evaluate(environment)
    except (ValueError, KeyError):
        # an order of what has none, or a variable that no rule knows
        return None
