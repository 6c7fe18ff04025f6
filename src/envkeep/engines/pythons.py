"""Pythons that are on this machine, for rebuilding a venv with the version that was recorded."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envkeep.errors import EngineError
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkeep.engines.base import InstallerName

__all__ = ["FoundPython", "PythonSource", "find_python", "make_venv", "pythons"]

PythonSource = Literal["running", "pyenv", "uv", "py launcher", "path", "conda"]

# seconds; a Python that takes longer to say its version is not one to build on
_PATIENCE = 10.0
_NAMES = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)?t?)?(?:\.exe)?\Z")
_ASK = (
    "import os, sys; print(sys.version.split()[0].rstrip('+')); print(sys.base_prefix); "
    "print(os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable))"
)


@frozen
class FoundPython:
    """A Python of this machine.

    Attributes:
        version: ``x.y.z``, with a pre-release suffix if it has one.
        path: of its executable; never that of a venv.
        base: its prefix.
        source: where it was found.
    """

    version: str
    path: Path
    base: Path
    source: PythonSource


def find_python(version: str, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the executable of a Python of this version, or None.

    Args:
        version: ``x.y.z``, which has to be met exactly; or ``x.y``, of which the newest is taken.
        environ: where PATH, PYENV_ROOT and the like are read; None: ours.
    """
    for found in pythons(environ):
        if found.version == version or (version.count(".") == 1 and found.version.startswith(version + ".")):
            return found.path
    return None


def pythons(environ: Mapping[str, str] | None = None) -> tuple[FoundPython, ...]:
    """Return the Pythons of this machine, newest version first, each once.

    Looked for, in this order of preference: the one we run in, pyenv's, uv's, the py launcher's, those on PATH. One that belongs
    to a conda environment comes last of its version, since that environment may go.
    """
    from packaging.version import InvalidVersion, Version

    environ = os.environ if environ is None else environ
    found: dict[Path, FoundPython] = {}
    for path, source in _candidates(environ):
        python = _ask(path, source)
        if python is not None and python.path not in found:
            found[python.path] = python

    def order(python: FoundPython) -> tuple[Version, bool]:
        try:
            return Version(python.version), python.source != "conda"
        except InvalidVersion:
            return Version("0"), False

    return tuple(sorted(found.values(), key=order, reverse=True))


def make_venv(python: Path, prefix: Path, *, with_pip: bool = True, installer: InstallerName = "pip") -> None:
    """Make a venv.

    Args:
        python: the executable to make it of.
        prefix: absolute; must not exist, or be an empty folder.
        with_pip: whether the venv gets a pip (the one that came with the Python, no network).
        installer: ``uv`` lets uv make it where it needs no pip of its own.

    Raises:
        TargetExistsError: the prefix is there and not empty.
        EngineError: it failed; nothing of the prefix is left.
    """
    from envkeep.engines.prefixes import fresh_prefix
    from envkeep.engines.run import quote, run

    argv = [str(python), "-I", "-m", "venv", *(() if with_pip else ("--without-pip",)), str(prefix)]
    if installer == "uv" and not with_pip:
        from envkeep.engines.uv import uv_command

        argv = [*uv_command(os.environ), "venv", "--quiet", "--no-config", "--no-project", "--python", str(python), str(prefix)]
    with fresh_prefix(prefix):
        done = run(argv)
        if done.returncode:
            raise EngineError(
                f"`{quote(argv)}` failed with status {done.returncode}: {(done.stderr or done.stdout).strip()}",
                "Check that this Python has its venv module (Debian and Ubuntu ship it as python3-venv).",
            )


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[Path, PythonSource]]:
    yield Path(sys.executable), "running"
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    for root in (Path(environ.get("PYENV_ROOT") or home / ".pyenv"), home / ".pyenv" / "pyenv-win"):
        yield from ((each, "pyenv") for each in _executables(root / "versions"))
    if environ.get("UV_PYTHON_INSTALL_DIR"):
        managed = Path(environ["UV_PYTHON_INSTALL_DIR"])
    elif sys.platform == "win32":
        managed = Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "uv" / "python"
    else:
        managed = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "uv" / "python"
    yield from ((each, "uv") for each in _executables(managed))
    if sys.platform == "win32":
        yield from ((each, "py launcher") for each in _of_launcher())
    for folder in (environ.get("PATH") or os.defpath).split(os.pathsep):
        try:
            files = sorted(Path(folder).iterdir()) if folder else []
        except OSError:
            continue
        yield from ((each, "path") for each in files if _NAMES.match(each.name))


def _executables(root: Path) -> Iterator[Path]:
    # one folder per version, links (3.12 -> 3.12.1) among them
    try:
        folders = sorted(each for each in root.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError:
        return
    for folder in folders:
        for name in ("bin/python3", "bin/python", "python.exe"):
            # pathlib raises where a folder may not be looked into
            if os.path.exists(folder / name):  # noqa: PTH110
                yield folder / name
                break


def _of_launcher() -> Iterator[Path]:
    import shutil

    from envkeep.engines.run import run

    launcher = shutil.which("py")
    if launcher is None:
        return
    try:
        done = run([launcher, "-0p"], timeout=_PATIENCE)
    except (EngineError, TimeoutError):
        return
    for line in done.stdout.splitlines():
        # ` -V:3.12 *        C:\Program Files\Python312\python.exe`
        match = re.search(r"[A-Za-z]:\\.*python\.exe", line, re.IGNORECASE)
        if match:
            yield Path(match[0])


def _ask(path: Path, source: PythonSource) -> FoundPython | None:
    from envkeep.engines.run import run

    try:
        done = run([str(path), "-I", "-S", "-B", "-c", _ASK], timeout=_PATIENCE)
    except (EngineError, TimeoutError):
        return None
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != 3:
        return None
    version, base, executable = lines
    conda = os.path.isdir(os.path.join(base, "conda-meta"))  # noqa: PTH112, PTH118 - as above
    return FoundPython(version=version, path=Path(executable), base=Path(base), source="conda" if conda else source)
