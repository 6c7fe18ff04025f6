"""Prefixes built file by file, for the facts that no package manager makes on demand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WildPrefix", "wild_conda", "wild_venv"]


@dataclass
class WildPrefix:
    """A prefix under construction; ``site`` is its site-packages, relative."""

    path: Path
    site: str = "lib/python3.12/site-packages"
    subdir: str = "linux-64"

    def record(self, name: str, version: str = "1.0", build: str = "0", *, indent: int | None = 2, **fields: Any) -> Path:
        """Write a conda record as conda does; a field that is ``...`` is left out."""
        place = f"https://conda.anaconda.org/conda-forge/{self.subdir}"
        raw: dict[str, Any] = {
            "build": build,
            "build_number": 0,
            "channel": place,
            "depends": [],
            "files": [],
            "fn": f"{name}-{version}-{build}.conda",
            "md5": "0" * 32,
            "name": name,
            "paths_data": {"paths": [], "paths_version": 1},
            "sha256": "1" * 64,
            "size": 10,
            "subdir": self.subdir,
            "timestamp": 1700000000000,
            "url": f"{place}/{name}-{version}-{build}.conda",
            "version": version,
        }
        raw.update(fields)
        path = self.path / "conda-meta" / f"{name}-{version}-{build}.json"
        path.write_text(json.dumps({key: value for key, value in raw.items() if value is not ...}, indent=indent), "utf-8")
        return path

    def python(self, version: str = "3.12.1", build: str = "h_cpython", **fields: Any) -> Path:
        """Write python's record, and no Python."""
        return self.record("python", version, build, **fields)

    def dist(
        self,
        name: str,
        version: str = "1.0",
        *,
        conda: str | None = None,
        site: str | None = None,
        metadata: str | bytes | None = None,
        record: str | None = "",
        installer: str | None = "pip",
        requires: tuple[str, ...] = (),
        direct_url: str | None = None,
    ) -> Path:
        """Write a dist-info; with ``conda`` also a record of that package that owns it."""
        folder = self.path / (site or self.site) / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        if metadata is None:
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires)]
            metadata = "\n".join(lines) + "\n\nName: of the description\n"
        (folder / "METADATA").write_bytes(metadata if isinstance(metadata, bytes) else metadata.encode())
        for file, text in (("RECORD", record), ("INSTALLER", installer), ("direct_url.json", direct_url)):
            if text is not None:
                (folder / file).write_text(text, "utf-8")
        if conda is not None:
            self.record(conda, version, files=self.owned(folder))
        return folder

    def owned(self, folder: Path) -> list[str]:
        """Return the files of a metadata folder as a record lists them."""
        return [f"{folder.relative_to(self.path).as_posix()}/{name}" for name in ("INSTALLER", "METADATA", "RECORD")]

    def history(self, text: str) -> None:
        """Write the history."""
        (self.path / "conda-meta" / "history").write_text(text, "utf-8")


def wild_conda(path: Path, **fields: Any) -> WildPrefix:
    """Make a conda environment with nothing in it."""
    (path / "conda-meta").mkdir(parents=True)
    prefix = WildPrefix(path, **fields)
    prefix.history("")
    return prefix


def wild_venv(path: Path, config: str = "version = 3.12.1\n") -> WildPrefix:
    """Make a venv with no Python in it."""
    path.mkdir(parents=True)
    (path / "pyvenv.cfg").write_text(config, "utf-8")
    return WildPrefix(path)
