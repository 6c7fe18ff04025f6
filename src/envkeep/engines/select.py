"""Which engine makes conda environments here, and which installer puts Python packages into them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from envkeep.engines.base import EngineName, InstallerName
from envkeep.errors import EngineError, InstallerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkeep.engines.base import Engine, EngineInfo, Installer
    from envkeep.engines.network import Network

__all__ = ["engines_found", "find_engine", "find_installer"]

_INSTALL_ONE = 'Install the embedded one: pip install "envkeep[engine]"'


def find_engine(
    name: EngineName | None = None,
    environ: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    network: Network | None = None,
) -> Engine:
    """Return the engine of this name, else the first there is: the embedded one, MAMBA_EXE, CONDA_EXE, then PATH.

    Args:
        name: the one wanted; None: any.
        environ: where MAMBA_EXE, CONDA_EXE and PATH are read, and what the engine's processes get; None: ours.
        on_line: told what conda, mamba or micromamba print while they install; None: nobody.
        network: what a condarc says, for the embedded one; the others read it themselves. None: nothing.

    Raises:
        UsageError: there is no engine of such a name.
        EngineError: none, or not the one wanted, is on this machine.
    """
    environ = os.environ if environ is None else environ
    names = get_args(EngineName)
    if name is not None and name not in names:
        raise UsageError(f"there is no engine called {name}", f"Engines are: {', '.join(names)}.")
    if name in (None, "rattler") and (embedded := _embedded(environ, network)) is not None:
        return embedded
    if name == "rattler":
        raise EngineError("the embedded engine (py-rattler) is not installed", _INSTALL_ONE)
    for kind, path in _external(environ):
        if name in (None, kind):
            return _engine(kind, path, environ, on_line)
    if name is None:
        raise EngineError("nothing on this machine can make conda environments", _INSTALL_ONE)
    raise EngineError(f"{name} is not on this machine", f"Put it on PATH, or use another engine. {_INSTALL_ONE}")


def engines_found(environ: Mapping[str, str] | None = None) -> tuple[EngineInfo, ...]:
    """Return every engine of this machine, in the order in which they would be used; the first of each name is the one used."""
    environ = os.environ if environ is None else environ
    embedded = _embedded(environ)
    found = [] if embedded is None else [embedded.info()]
    return (*found, *(_engine(kind, path, environ).info() for kind, path in _external(environ)))


def find_installer(name: InstallerName | None, python: Path, environ: Mapping[str, str] | None = None) -> Installer:
    """Return the installer of this name, else uv where it is there, else the pip of the environment.

    Args:
        name: the one wanted; None: any.
        python: the environment's, absolute.
        environ: whose settings of indexes are used; None: ours.

    Raises:
        UsageError: there is no installer of such a name.
        InstallerError: neither is there, or not the one wanted.
    """
    from envkeep.engines.pip import PipInstaller, has_pip
    from envkeep.engines.uv import UvInstaller, find_uv, uv_command

    environ = os.environ if environ is None else environ
    if name is not None and name not in get_args(InstallerName):
        raise UsageError(f"there is no installer called {name}", f"Installers are: {', '.join(get_args(InstallerName))}.")
    if name == "uv" or (name is None and find_uv(environ) is not None):
        uv_command(environ)
        return UvInstaller(environ)
    if not has_pip(str(python)):
        raise InstallerError(
            f"the Python at {python} has no pip" + ("" if name else ", and uv is not installed"),
            f'Install uv (pip install "envkeep[uv]") and use it with --installer uv, or give it pip: `{python} -m ensurepip`',
        )
    return PipInstaller(environ)


def _embedded(environ: Mapping[str, str], network: Network | None = None) -> Engine | None:
    from envkeep.engines import rattler_start
    from envkeep.engines.rattler import RattlerEngine

    return RattlerEngine(environ, network) if rattler_start.is_installed() else None


def _engine(kind: EngineName, path: Path, environ: Mapping[str, str], on_line: Callable[[str], None] | None = None) -> Engine:
    from envkeep.engines.external import CommandEngine

    return CommandEngine(kind, path, environ, on_line)


def _external(environ: Mapping[str, str]) -> list[tuple[EngineName, Path]]:
    candidates: list[str | None] = [environ.get("MAMBA_EXE"), environ.get("CONDA_EXE")]
    candidates += [shutil.which(name, path=environ.get("PATH")) for name in ("micromamba", "mamba", "conda")]
    found: dict[Path, EngineName] = {}
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK) and (kind := _kind(candidate)) is not None:
            found.setdefault(Path(candidate).absolute(), kind)
    return [(kind, path) for path, kind in found.items()]


def _kind(executable: str) -> EngineName | None:
    # MAMBA_EXE names micromamba as often as mamba
    stem = Path(executable).stem.lower()
    return next((name for name in ("micromamba", "mamba", "conda") if stem == name), None)
