"""The command lines of conda, mamba and micromamba: what each accepts, and the environment variables it is started with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envkeep.engines.platforms import conda_overrides

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envkeep.engines.base import InstallRequest, SolveRequest
    from envkeep.model.record import CondaPackage

__all__ = ["Dialect", "child_environment", "create_explicit", "dry_run", "explicit_file", "search"]

# mamba 1 is conda's command line with another solver, mamba 2 is micromamba's with another name
Dialect = Literal["conda", "micromamba"]

# of conda's and mamba's own variables only those that say where channels, caches and certificates are: one that is left over from
# an activated environment, or that adds packages (CONDA_CREATE_DEFAULT_PACKAGES), has no say in a rebuild
_KEPT = frozenset(
    {
        "CONDARC",
        "CONDA_CHANNEL_ALIAS",
        "CONDA_CLIENT_SSL_CERT",
        "CONDA_CLIENT_SSL_CERT_KEY",
        "CONDA_ENVS_DIRS",
        "CONDA_ENVS_PATH",
        "CONDA_EXE",
        "CONDA_PKGS_DIRS",
        "CONDA_PLUGINS_AUTO_ACCEPT_TOS",
        "CONDA_REMOTE_BACKOFF_FACTOR",
        "CONDA_REMOTE_CONNECT_TIMEOUT_SECS",
        "CONDA_REMOTE_MAX_RETRIES",
        "CONDA_REMOTE_READ_TIMEOUT_SECS",
        "CONDA_SOLVER",
        "CONDA_SSL_VERIFY",
        "MAMBA_EXE",
        "MAMBA_PKGS_DIRS",
        "MAMBA_ROOT_PREFIX",
        "MAMBA_SSL_VERIFY",
    }
)


def child_environment(environ: Mapping[str, str], subdir: str) -> dict[str, str]:
    """Return what an engine's process gets of ours; ``subdir`` is the platform that packages are for, or empty."""
    child = {
        name: value
        for name, value in environ.items()
        if name in _KEPT
        or name.startswith("CONDA_OVERRIDE_")
        or not (name.startswith(("CONDA_", "MAMBA_", "_CE_")) or name in ("PYTHONPATH", "PYTHONHOME"))
    }
    # else conda writes pip into python's dependencies, which the channel's record of it does not have
    child["CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY"] = "false"
    if subdir:
        child["CONDA_SUBDIR"] = subdir
    return {**conda_overrides(subdir), **child}


def explicit_file(packages: Sequence[CondaPackage], subdir: str) -> str:
    """Return an ``@EXPLICIT`` file, as ``conda list --explicit --md5`` writes it, in the order given.

    All engines read ``url#md5``; ``url#sha256:...``, for a package without md5, recent ones only.
    """
    lines = [f"# platform: {subdir}", "@EXPLICIT"]
    for package in packages:
        hashed = f"#{package.md5}" if package.md5 else f"#sha256:{package.sha256}" if package.sha256 else ""
        lines.append(f"{package.url}{hashed}")
    return "\n".join(lines) + "\n"


def create_explicit(dialect: Dialect, executable: str, request: InstallRequest, file: str) -> list[str]:
    """Return the command that makes the prefix of a request from an explicit file, asking nothing."""
    argv = [executable, "create", "--yes", "--prefix", str(request.prefix), "--file", file]
    # micromamba's --no-rc would also lose proxies, certificates and package caches; an explicit file leaves channels no say
    argv += ["--no-default-packages"] if dialect == "conda" else ["--platform", request.subdir]
    return argv + (["--offline"] if request.offline else [])


def dry_run(dialect: Dialect, executable: str, request: SolveRequest, prefix: str) -> list[str]:
    """Return the command that solves and prints the answer as JSON; the prefix is not made."""
    argv = [executable, "create", "--dry-run", "--json", "--yes", "--prefix", prefix, *_channels(request.channels)]
    argv += ["--no-default-packages"] if dialect == "conda" else ["--platform", request.subdir]
    return [*argv, *(["--offline"] if request.offline else []), *request.specs]


def search(
    dialect: Dialect, executable: str, name: str, channels: Sequence[str], subdir: str, *, offline: bool = False
) -> list[str]:
    """Return the command that lists every package of a name as JSON."""
    platform = "--subdir" if dialect == "conda" else "--platform"
    argv = [executable, "search", "--json", *_channels(channels), platform, subdir]
    return [*argv, *(["--offline"] if offline else []), name]


def _channels(channels: Sequence[str]) -> list[str]:
    # a condarc's own channels have no say
    return ["--override-channels", *(part for channel in channels for part in ("--channel", channel))]
