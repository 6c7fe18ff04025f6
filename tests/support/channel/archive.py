"""Writes conda packages: an ``info/`` folder and files, as ``.conda`` or ``.tar.bz2`` (CEP 16, CEP 34)."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Entry", "Package", "placeholder", "write"]

# 2025-08-19, so that the same content gives the same bytes
_WHEN = 1755614211


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a package; with ``link`` a symbolic link. ``prefix_mode``: it holds the placeholder, as text or in a binary."""

    path: str
    data: bytes = b""
    executable: bool = False
    link: str | None = None
    prefix_mode: Literal["text", "binary"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a package is; its files apart."""

    name: str
    version: str
    build: str
    subdir: str
    build_number: int = 0
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    noarch: Literal["python", "generic"] | None = None
    entry_points: tuple[str, ...] = ()
    license: str = "BSD-3-Clause"
    archive: Literal["conda", "tar.bz2"] = "conda"
    entries: tuple[Entry, ...] = field(default=(), repr=False)

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.build}.{self.archive}"


def placeholder(name: str) -> str:
    """Return the 255 characters that stand for the prefix in a package's files, as conda-build makes them."""
    return (f"/home/conda/feedstock_root/build_artifacts/{name}_{_WHEN}/_h_env_placehold" + "_placehold" * 30)[:255]


def write(package: Package, channel: Path) -> None:
    """Write a package into its subdir of a channel."""
    folder = channel / package.subdir
    folder.mkdir(parents=True, exist_ok=True)
    stem = package.file_name.removesuffix(f".{package.archive}")
    if package.archive == "conda":
        from conda_package_streaming.create import conda_builder

        with conda_builder(stem, folder, compression_level=1) as tar:
            _fill(tar, package)
    else:
        with tarfile.open(folder / package.file_name, "w:bz2", compresslevel=1) as tar:
            _fill(tar, package)


def _fill(tar: tarfile.TarFile, package: Package) -> None:
    for name, data in _info(package).items():
        _add(tar, name, data)
    for entry in sorted(package.entries, key=lambda each: each.path):
        if entry.link is None:
            _add(tar, entry.path, entry.data, executable=entry.executable)
        else:
            member = tarfile.TarInfo(entry.path)
            member.type, member.linkname, member.mode, member.mtime = tarfile.SYMTYPE, entry.link, 0o777, _WHEN
            tar.addfile(member)


def _add(tar: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), 0o755 if executable else 0o644, _WHEN
    tar.addfile(member, io.BytesIO(data))


def _info(package: Package) -> dict[str, bytes]:
    system, _, machine = package.subdir.partition("-")
    index: dict[str, Any] = {
        "arch": {"64": "x86_64", "": None}.get(machine, machine),
        "build": package.build,
        "build_number": package.build_number,
        "constrains": list(package.constrains),
        "depends": list(package.depends),
        "license": package.license,
        "name": package.name,
        "platform": None if package.subdir == "noarch" else system,
        "subdir": package.subdir,
        "timestamp": _WHEN * 1000,
        "version": package.version,
    }
    if package.noarch:
        index["noarch"] = package.noarch
    paths = []
    for entry in sorted(package.entries, key=lambda each: each.path):
        path: dict[str, Any] = {
            "_path": entry.path,
            "path_type": "softlink" if entry.link else "hardlink",
            "sha256": hashlib.sha256(entry.data).hexdigest(),
            "size_in_bytes": len(entry.data),
        }
        if entry.prefix_mode:
            path["prefix_placeholder"] = placeholder(package.name)
            path["file_mode"] = entry.prefix_mode
        paths.append(path)
    info = {
        "info/index.json": _json(index),
        "info/paths.json": _json({"paths": paths, "paths_version": 1}),
        "info/files": "".join(f"{each['_path']}\n" for each in paths).encode(),
        "info/about.json": _json({"license": package.license, "summary": f"{package.name} of envkeep's test channel"}),
    }
    if package.noarch == "python":
        noarch = {"type": "python", "entry_points": list(package.entry_points)}
        info["info/link.json"] = _json({"noarch": noarch, "package_metadata_version": 1})
    elif package.noarch:
        info["info/link.json"] = _json({"noarch": {"type": "generic"}, "package_metadata_version": 1})
    return info


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode()
