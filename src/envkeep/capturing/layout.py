"""Where things lie in a prefix: what kind of environment it is, its Python, its site-packages; of any platform, read anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from envkeep.capturing.reading import exists, folder_identity, is_file, is_folder, listing, read_text, scan
from envkeep.errors import NotAnEnvironmentError, UnreadableEnvironmentError
from envkeep.model.platforms import machine_subdir

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkeep.model.record import CondaPackage, EnvironmentKind

__all__ = [
    "VenvConfig",
    "environment_kind",
    "find_executable",
    "kind_of",
    "machine_subdir",
    "possible_site_folders",
    "read_venv_config",
    "site_folders",
    "subdir_of",
]

_CONFIG_LIMIT = 1 << 20
_LIBRARIES = ("lib", "lib64")
_PYTHON_FOLDER = re.compile(r"(?:python|pypy|graalpy)(?P<version>\d+\.\d+)t?\Z")


class VenvConfig(NamedTuple):
    """What ``pyvenv.cfg`` says (PEP 405; keys as venv, virtualenv and uv write them).

    Attributes:
        version: of Python, ``x.y.z`` as far as it is written; None where it is not.
        prompt: what its maker was asked to call it, or None.
        inherits: whether packages of the interpreter it was made from can be imported.
        implementation: ``cpython``, ``pypy``, ...; None where it is not said.
    """

    version: str | None = None
    prompt: str | None = None
    inherits: bool = False
    implementation: str | None = None


def kind_of(prefix: Path) -> EnvironmentKind | None:
    """Return what kind of environment a folder is, or None where it is none.

    ``conda`` where conda-meta holds a history or a record (a ``pyvenv.cfg`` beside it changes nothing) or cannot be listed,
    ``venv`` where ``pyvenv.cfg`` is, ``interpreter`` where there is a Python with its standard library.
    """
    if is_file(prefix / "conda-meta" / "history") or _has_records(prefix / "conda-meta"):
        return "conda"
    if is_file(prefix / "pyvenv.cfg"):
        return "venv"
    entries = [entry for library in _LIBRARIES for entry in scan(prefix / library)]
    libraries = [prefix / "Lib", *(Path(entry.path) for entry in _python_folders(entries))]
    if any(is_file(library / "os.py") for library in libraries) and find_executable(prefix, "interpreter"):
        return "interpreter"
    return None


def environment_kind(prefix: Path) -> EnvironmentKind:
    """Return what kind of environment a prefix is.

    Raises:
        NotAnEnvironmentError: it is none; the message says what it is instead.
    """
    kind = kind_of(prefix)
    if kind is not None:
        return kind
    remedy = "Name an environment with -n NAME, or with -p PATH the folder that holds its conda-meta or pyvenv.cfg."
    if not exists(prefix):
        raise NotAnEnvironmentError(f"{prefix} is not there", remedy)
    if not is_folder(prefix):
        raise NotAnEnvironmentError(f"{prefix} is a file, not the folder of an environment", remedy)
    if not os.access(prefix, os.R_OK | os.X_OK):
        raise NotAnEnvironmentError(f"{prefix} cannot be read", "Look at its permissions, or run as the user it belongs to.")
    if not scan(prefix):
        raise NotAnEnvironmentError(f"{prefix} is an empty folder", remedy)
    if is_folder(prefix / "conda-meta"):
        # conda writes a history first of all
        raise NotAnEnvironmentError(f"{prefix} is no environment: its conda-meta holds neither a history nor a record", remedy)
    raise NotAnEnvironmentError(f"{prefix} is no environment: neither conda-meta, nor pyvenv.cfg, nor a Python is in it", remedy)


def read_venv_config(prefix: Path) -> VenvConfig:
    """Return what a prefix's ``pyvenv.cfg`` says; nothing where it cannot be read."""
    try:
        text = read_text(prefix / "pyvenv.cfg", _CONFIG_LIMIT)
    except OSError:
        return VenvConfig()
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            values.setdefault(key.strip().lower(), value.strip())
    # venv writes version, virtualenv (3.11.7.final.0) and uv version_info
    match = re.match(r"\d+(?:\.\d+){1,2}(?:(?:a|b|rc)\d+|\+)?", values.get("version") or values.get("version_info") or "")
    prompt = values.get("prompt", "")
    if len(prompt) > 1 and prompt[0] == prompt[-1] and prompt[0] in "'\"":
        prompt = prompt[1:-1]
    return VenvConfig(
        version=match[0].rstrip("+") if match else None,
        prompt=prompt or None,
        inherits=values.get("include-system-site-packages", "").lower() == "true",
        implementation=values.get("implementation", "").lower() or None,
    )


def find_executable(prefix: Path, kind: EnvironmentKind, version: str | None = None) -> Path | None:
    """Return the path of a prefix's Python, on whatever platform it was made, or None where there is none.

    Args:
        prefix: of the environment.
        kind: of the environment.
        version: of its Python where that is known: an interpreter's prefix (``/usr``) can hold several.
    """
    names = ["bin/python", "bin/python3"]
    if version:
        names.insert(0 if kind == "interpreter" else 2, "bin/python" + ".".join(version.split(".")[:2]))
    names += ["Scripts/python.exe", "python.exe"] if kind == "venv" else ["python.exe", "Scripts/python.exe"]
    names += ["bin/pypy3", "bin/pypy", "bin/graalpy"]
    for name in names:
        path = prefix / name
        if is_file(path):
            return path
    if kind == "interpreter":
        # only a versioned name, as a system's second Python has it
        for entry in scan(prefix / "bin"):
            if re.fullmatch(r"python\d+\.\d+t?", entry.name):
                return Path(entry.path)
    return None


def site_folders(
    prefix: Path, kind: EnvironmentKind, version: str | None, packages: Sequence[CondaPackage] = ()
) -> tuple[list[Path], list[Path]]:
    """Return the folders that a prefix's Python imports its packages from, and those left over from another Python.

    A folder that is reached in two ways (``lib64`` beside ``lib``, ``lib/python3.1`` beside ``lib/python3.10``) is named once.

    Args:
        prefix: of the environment.
        kind: of the environment.
        version: of its Python, ``x.y`` at least; None where it is not known: then every folder counts as its own.
        packages: conda's; that of python may say where its site-packages are.

    Raises:
        UnreadableEnvironmentError: a folder on the way to them is there and may not be looked into.
    """
    own, others = possible_site_folders(prefix, kind, version, packages)
    seen: set[tuple[int, int]] = set()
    return _existing(own, seen), _existing(others, seen)


def possible_site_folders(
    prefix: Path, kind: EnvironmentKind, version: str | None, packages: Sequence[CondaPackage] = ()
) -> tuple[list[Path], list[Path]]:
    """Return where the folders of ``site_folders`` can be, there or not; links to the same folder are not told apart."""
    minor = ".".join(version.split(".")[:2]) if version else None
    own: list[Path] = []
    for package in packages:
        if package.name in {"python", "pypy", "graalpy"} and package.python_site_packages_path:
            stated = package.python_site_packages_path.replace("\\", "/")
            if not stated.startswith("/") and ".." not in stated.split("/"):
                own.append(prefix / stated)
    others: list[Path] = []
    for entry in _python_folders([entry for library in _LIBRARIES for entry in listing(prefix / library)]):
        folders = [Path(entry.path) / "site-packages", Path(entry.path) / "dist-packages"]
        match = _PYTHON_FOLDER.match(entry.name)
        (own if minor is None or match is None or match["version"] == minor else others).extend(folders)
    own += [prefix / "Lib" / "site-packages", prefix / "site-packages"]
    if kind == "interpreter" and minor is not None:
        # Debian and its descendants keep what a package manager and what pip installs apart
        if prefix == Path("/usr"):
            own.insert(0, prefix / "local" / "lib" / f"python{minor}" / "dist-packages")
        own.append(prefix / "lib" / "python3" / "dist-packages")
    return own, others


def subdir_of(packages: Iterable[CondaPackage], prefix: Path) -> str:
    """Return the platform of an environment: the commonest of its conda packages' that is not noarch, else this machine's."""
    subdirs = [package.subdir for package in packages]
    counts = {subdir: subdirs.count(subdir) for subdir in {*subdirs} - {"", "noarch"}}
    if counts:
        return min(counts, key=lambda subdir: (-counts[subdir], subdir))
    here = machine_subdir()
    # a Windows environment that is read elsewhere
    if not here.startswith("win-") and any(is_file(prefix / name) for name in ("python.exe", "Scripts/python.exe")):
        return "win-64"
    return here


def _has_records(folder: Path) -> bool:
    try:
        return any(entry.name.endswith(".json") for entry in listing(folder))
    except UnreadableEnvironmentError:
        return is_folder(folder)


def _python_folders(entries: Iterable[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    # real folders before links to them, so that a link is the one that is left out
    return sorted((entry for entry in entries if _PYTHON_FOLDER.match(entry.name)), key=lambda entry: entry.is_symlink())


def _existing(folders: Iterable[str | Path], seen: set[tuple[int, int]]) -> list[Path]:
    found = []
    for folder in folders:
        here = folder_identity(folder)
        if here is not None and here not in seen:
            seen.add(here)
            found.append(Path(folder))
    return found
