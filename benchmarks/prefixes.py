"""Conda environments to measure on, written by hand: the shape is that of real ones (about 27 kB of conda-meta a package)."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

__all__ = ["FILES", "add_package", "age", "change_package", "forget_times", "make_prefix", "shared_prefix"]

FILES = 60
_SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
_CHANNEL = "https://conda.anaconda.org/conda-forge"
# one package in so many is no Python package
_PYTHON_EVERY = 4


def make_prefix(prefix: Path, packages: int, *, files: int = FILES, pip: int = 5) -> Path:
    """Make an environment of that many conda packages, of which three in four are Python's, and a few of pip's.

    Of the files that its records list only those are there that say what is installed: nothing else is read. Its Python is a link
    to the one that runs this.
    """
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / _SITE).mkdir(parents=True)
    (prefix / "bin").mkdir()
    executable = Path(sys.executable).resolve()
    (prefix / "bin" / "python").symlink_to(executable)
    # lets pip and uv take it for an environment; conda-meta goes first with envkeep
    (prefix / "pyvenv.cfg").write_text(f"home = {executable.parent}\nversion = {'.'.join(map(str, sys.version_info[:3]))}\n")
    _write_record(prefix, "python", ".".join(map(str, sys.version_info[:3])), "0", ["bin/python"], (), files)
    for number in range(packages - 1):
        add_package(prefix, number, files=files)
    for number in range(pip):
        _write_distribution(prefix / _SITE, f"wheel{number}", "1.0", "pip", files)
    specs = ", ".join(f"'package{number}'" for number in range(0, packages, 10))
    lines = "".join(f"+conda-forge/linux-64::package{number}-1.{number}-py_0\n" for number in range(packages - 1))
    history = (
        f"==> 2025-01-31 11:24:05 <==\n# cmd: conda create -n lab\n# conda version: 25.1.0\n{lines}# update specs: [{specs}]\n"
    )
    (prefix / "conda-meta" / "history").write_text(history)
    return prefix


def shared_prefix(folder: Path, packages: int) -> Path:
    """Return the environment of that size that all measurements read, made where none is yet; ``folder`` is one of theirs."""
    prefix = folder.parent / "envs" / f"env{packages}"
    return prefix if prefix.is_dir() else make_prefix(prefix, packages)


def add_package(prefix: Path, number: int, version: str | None = None, *, files: int = FILES) -> None:
    """Add a package to an environment, as conda does."""
    name, version = f"package{number}", version or f"1.{number}"
    depends = ("python >=3.10", *(f"package{other} >=1" for other in range(max(0, number - 3), number)))
    if number % _PYTHON_EVERY:
        module = _SITE + f"/{name}"
        info = _write_distribution(prefix / _SITE, name, version, "conda", files)
        paths = [f"{module}/module_{i}.py" for i in range(files - 5)] + [f"{_SITE}/{info}/{own}" for own in _OWN]
    else:
        paths = [f"share/{name}/file_{i}.dat" for i in range(files)]
    _write_record(prefix, name, version, "py_0", paths, depends, files)


def change_package(prefix: Path, number: int, version: str) -> None:
    """Bring a package to another version, as conda does: its files, its record, a line in the history."""
    name = f"package{number}"
    for old in (prefix / "conda-meta").glob(f"{name}-*.json"):
        old.unlink()
    for info in (prefix / _SITE).glob(f"{name}-*.dist-info"):
        for file in info.iterdir():
            file.unlink()
        info.rmdir()
    add_package(prefix, number, version)
    with (prefix / "conda-meta" / "history").open("a") as history:
        history.write(f"==> 2025-02-01 11:24:05 <==\n# cmd: conda update {name}\n+conda-forge/linux-64::{name}-{version}-py_0\n")


def forget_times(prefix: Path) -> None:
    """Make every distribution younger than its conda record, as they are in an environment copied without its files' times."""
    for info in (prefix / _SITE).glob("*.dist-info"):
        info.touch()


def age(prefix: Path) -> None:
    """Wait until nothing in an environment has changed a moment ago: what has is looked at again (see the docs).

    Nor is the disk still busy with the thousands of files that were made for it.
    """
    import os
    import time

    if sys.platform != "win32":
        os.sync()

    watched = (prefix / "conda-meta", prefix / _SITE, prefix / "conda-meta" / "history")
    newest = max(path.stat().st_mtime for path in watched)
    time.sleep(max(0.0, newest + 3.0 - time.time()))


_OWN = ("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL")


def _write_distribution(site: Path, name: str, version: str, installer: str, files: int) -> str:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    requires = "".join(f"Requires-Dist: other{number} >=1.{number}\n" for number in range(8))
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: measured\n{requires}\n"
    (info / "METADATA").write_text(head + "A description in some paragraphs.\n" * 100)
    digest = "sha256=" + hashlib.sha256(name.encode()).hexdigest()[:43]
    listed = "".join(f"{name}/module_{number}.py,{digest},{number * 97}\n" for number in range(files))
    (info / "RECORD").write_text(f"{listed}{info.name}/INSTALLER,,\n{info.name}/RECORD,,\n")
    (info / "INSTALLER").write_text(f"{installer}\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "REQUESTED").write_text("")
    return info.name


def _write_record(  # noqa: PLR0917
    prefix: Path, name: str, version: str, build: str, paths: list[str], depends: tuple[str, ...], files: int
) -> None:
    digest = hashlib.sha256(f"{name}{version}".encode()).hexdigest()
    # what tells whose a distribution is, where the times do not
    digests = {path: hashlib.sha256((prefix / path).read_bytes()).hexdigest() for path in paths if path.endswith("/RECORD")}
    fn = f"{name}-{version}-{build}.conda"
    record = {
        "arch": "x86_64",
        "build": build,
        "build_number": 0,
        "channel": f"{_CHANNEL}/linux-64",
        "constrains": [],
        "depends": list(depends),
        "extracted_package_dir": f"/opt/conda/pkgs/{fn.removesuffix('.conda')}",
        "features": "",
        "files": paths,
        "fn": fn,
        "license": "BSD-3-Clause",
        "link": {"source": f"/opt/conda/pkgs/{fn.removesuffix('.conda')}", "type": 1},
        "md5": digest[:32],
        "name": name,
        "package_tarball_full_path": f"/opt/conda/pkgs/{fn}",
        "paths_data": {
            "paths": [
                {"_path": path, "path_type": "hardlink", "sha256": own, "sha256_in_prefix": own, "size_in_bytes": files}
                for path in paths
                for own in [digests.get(path, digest)]
            ],
            "paths_version": 1,
        },
        "requested_spec": "None",
        "sha256": digest,
        "size": 328611,
        "subdir": "linux-64",
        "timestamp": 1702107833177,
        "track_features": "",
        "url": f"{_CHANNEL}/linux-64/{fn}",
        "version": version,
    }
    (prefix / "conda-meta" / f"{name}-{version}-{build}.json").write_text(json.dumps(record, indent=2))
