"""This machine's platform, and what is supposed of machines that are not here."""

from __future__ import annotations

import sys

__all__ = ["conda_overrides", "native_subdir", "supposed"]

# conda-lock's defaults (default-virtual-packages.yaml) but for __cuda, which most machines do not have
_SUPPOSED = {
    "linux": (("__unix", "0"), ("__linux", "5.10"), ("__glibc", "2.28")),
    "osx": (("__unix", "0"), ("__osx", "11.0")),
    "win": (("__win", "0"),),
}
_MACHINES = {"x86_64": "64", "amd64": "64", "i386": "32", "i686": "32", "x86": "32", "arm64": "arm64", "aarch64": "aarch64"}


def native_subdir() -> str:
    """Return conda's name of this platform: ``linux-64``, ``osx-arm64``, ``win-64``, ``linux-aarch64``, ..."""
    import platform

    machine = platform.machine().lower()
    system = {"linux": "linux", "darwin": "osx", "win32": "win"}.get(sys.platform, sys.platform)
    if system == "linux" and sys.maxsize < 2**32 and machine == "x86_64":
        return "linux-32"
    return f"{system}-{_MACHINES.get(machine, machine)}"


def supposed(subdir: str) -> tuple[tuple[str, str], ...]:
    """Return name and version of the virtual packages that a machine of another platform is supposed to have."""
    return _SUPPOSED.get(subdir.partition("-")[0], ())


def conda_overrides(subdir: str) -> dict[str, str]:
    """Return the variables that make conda and mamba suppose the same; empty for this machine's own platform.

    Source: conda's documentation on virtual packages: CONDA_OVERRIDE_GLIBC, CONDA_OVERRIDE_LINUX, CONDA_OVERRIDE_OSX, ...
    """
    if subdir in (native_subdir(), "noarch", ""):
        return {}
    return {
        f"CONDA_OVERRIDE_{name.removeprefix('__').upper()}": version for name, version in supposed(subdir) if name != "__unix"
    }
