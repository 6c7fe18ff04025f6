"""What is supposed of machines that are not here."""

from __future__ import annotations

from envkeep.model.platforms import machine_subdir

__all__ = ["conda_overrides", "supposed"]

# conda-lock's defaults (default-virtual-packages.yaml) but for __cuda, which most machines do not have
_SUPPOSED = {
    "linux": (("__unix", "0"), ("__linux", "5.10"), ("__glibc", "2.28")),
    "osx": (("__unix", "0"), ("__osx", "11.0")),
    "win": (("__win", "0"),),
}


def supposed(subdir: str) -> tuple[tuple[str, str], ...]:
    """Return name and version of the virtual packages that a machine of another platform is supposed to have."""
    return _SUPPOSED.get(subdir.partition("-")[0], ())


def conda_overrides(subdir: str) -> dict[str, str]:
    """Return the variables that make conda and mamba suppose the same; empty for this machine's own platform.

    Source: conda's documentation on virtual packages: CONDA_OVERRIDE_GLIBC, CONDA_OVERRIDE_LINUX, CONDA_OVERRIDE_OSX, ...
    """
    if subdir in (machine_subdir(), "noarch", ""):
        return {}
    return {
        f"CONDA_OVERRIDE_{name.removeprefix('__').upper()}": version for name, version in supposed(subdir) if name != "__unix"
    }
