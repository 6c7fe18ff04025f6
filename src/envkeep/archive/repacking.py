"""What is installed put back into the wheel that it came from: for what no index and no folder has any more.

A wheel's files are installed as they are; what an installer adds or rewrites is known (launchers, byte code, its own notes), so
the wheel can be had back from the environment (PEP 427, PEP 376), without building, and without a network.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from envkeep.formats.archive_file import BLOCK
from envkeep.model.frozen import frozen
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import Distribution

__all__ = ["CannotRepackError", "repack"]

_DATE = (1980, 1, 1, 0, 0, 0)
_INSTALLERS_OWN = frozenset(
    {"INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "RECORD.jws", "RECORD.p7s", "uv_cache.json", "uv_build.json"}
)
# of a path that is long or holds a blank, installers make two lines that are sh and Python at once
_SHEBANG = re.compile(rb"\A#!(?:/bin/sh\r?\n'''exec' [^\n]*\n' '''|[^\r\n]*python[^\r\n]*)", re.IGNORECASE)
_SCRIPT_ENDINGS = ("-script.py", "-script.pyw", ".exe", ".exe.manifest", "-script.py.lnk")


class CannotRepackError(Exception):
    """Why a distribution cannot be put back into a wheel, in words."""


@frozen
class _Member:
    """A file of the wheel: its name there, where it is installed, and the sha256 that RECORD says, base64 as there."""

    name: str
    path: Path
    sha256: str | None
    script: bool = False

    @property
    def mode(self) -> int:
        return 0o755 if self.script or self.path.stat().st_mode & 0o111 else 0o644

    def blocks(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            first = True
            while block := file.read(BLOCK):
                digest.update(block)
                # an installer writes the environment's Python into the first line
                yield _SHEBANG.sub(b"#!python", block, count=1) if self.script and first else block
                first = False
        if self.sha256 is not None and _encoded(digest.digest()) != self.sha256:
            raise CannotRepackError(f"its file {self.path} was altered after it was installed")


def repack(dist: Distribution, prefix: Path, folder: Path) -> Path:
    """Write the wheel of an installed distribution into a folder and return its path; the same files give the same bytes.

    Args:
        dist: of a record of the prefix.
        prefix: the environment; it is only read.
        folder: where the wheel goes; made if need be.

    Raises:
        CannotRepackError: a file is missing or altered, or its list of files says nothing of use.
    """
    site = prefix / dist.location
    info = _dist_info(site, dist)
    stem = info.name.removesuffix(".dist-info")
    try:
        rows = list(csv.reader(info.joinpath("RECORD").read_text(encoding="utf-8").splitlines()))
        launchers = _launchers(info)
        members = [member for row in rows if row and row[0] for member in _members(row, site, prefix, info.name, launchers)]
        names = {member.name for member in members}
        if not {f"{info.name}/WHEEL", f"{info.name}/METADATA"} <= names:
            raise CannotRepackError(f"{info.name} has no WHEEL or METADATA that its RECORD lists")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _file_name(stem, dist)
        _write(path, members, info.name)
    except OSError as error:
        raise CannotRepackError(f"{error.filename or info} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CannotRepackError(f"{info / 'RECORD'} is no text") from error
    return path


def _dist_info(site: Path, dist: Distribution) -> Path:
    name = normalise(dist.name)
    for folder in sorted(site.glob("*.dist-info")):
        stem, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
        if normalise(stem) == name and version == dist.version and (folder / "RECORD").is_file():
            return folder
    raise CannotRepackError(f"there is no {dist.name}-{dist.version}.dist-info with a RECORD in {site}")


def _launchers(info: Path) -> frozenset[str]:
    from configparser import Error, RawConfigParser

    path = info / "entry_points.txt"
    parser = RawConfigParser(delimiters=("=",))
    # names are case-sensitive
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    try:
        parser.read_string(path.read_text(encoding="utf-8") if path.is_file() else "")
    except Error as error:
        raise CannotRepackError(f"{path} cannot be read: {error}") from error
    sections = (section for section in ("console_scripts", "gui_scripts") if parser.has_section(section))
    return frozenset(name for section in sections for name in parser.options(section))


def _members(row: list[str], site: Path, prefix: Path, info: str, launchers: frozenset[str]) -> Iterator[_Member]:
    """A row of RECORD as what the wheel had, or nothing where it was not in it."""
    stem = info.removesuffix(".dist-info")
    recorded = row[0].replace("\\", "/")
    if recorded.endswith(".pyc") or (recorded.startswith(f"{info}/") and recorded.partition("/")[2] in _INSTALLERS_OWN):
        return
    algorithm, _, wanted = row[1].partition("=") if len(row) > 1 else ("", "", "")
    sha256 = wanted if algorithm == "sha256" else None
    # normalised by its text: a link on the way (lib64 -> lib) must not lead elsewhere
    path = Path(os.path.normpath(site / recorded))
    inside = _below(path, site)
    if inside is not None:
        yield _Member(name=inside, path=path, sha256=sha256)
        return
    below = _below(path, prefix)
    if below is None:
        raise CannotRepackError(f"its file {path} lies outside of the environment")
    parts = PurePosixPath(below).parts
    if parts[0] in {"bin", "Scripts"} and len(parts) == 2:
        if not _is_launcher(parts[1], launchers):
            yield _Member(name=f"{stem}.data/scripts/{parts[1]}", path=path, sha256=sha256, script=True)
        return
    yield _Member(name=f"{stem}.data/data/{below}", path=path, sha256=sha256)


def _is_launcher(name: str, launchers: frozenset[str]) -> bool:
    return any(name == each or any(name == each + ending for ending in _SCRIPT_ENDINGS) for each in launchers)


def _below(path: Path, folder: Path) -> str | None:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return None


def _file_name(stem: str, dist: Distribution) -> str:
    parts = [tag.split("-") for tag in dist.tags]
    if not parts or any(len(part) != 3 for part in parts):
        raise CannotRepackError("its WHEEL names no tags")
    compressed = "-".join(".".join(sorted({part[index] for part in parts})) for index in range(3))
    name, _, version = stem.rpartition("-")
    return f"{re.sub(r'[-]+', '_', name)}-{version}-{compressed}.whl"


def _write(path: Path, members: list[_Member], info: str) -> None:
    rows: list[tuple[str, str, str | int]] = []
    part = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as wheel:
        # PEP 427 recommends the metadata at the end
        for member in sorted(members, key=lambda member: (member.name.startswith(f"{info}/"), member.name)):
            digest, size = hashlib.sha256(), 0
            with wheel.open(_entry(member.name, member.mode), "w") as stream:
                for block in member.blocks():
                    digest.update(block)
                    size += len(block)
                    stream.write(block)
            rows.append((member.name, f"sha256={_encoded(digest.digest())}", size))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*sorted(rows), (f"{info}/RECORD", "", "")])
        wheel.writestr(_entry(f"{info}/RECORD", 0o644), text.getvalue())
    part.replace(path)


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = (stat.S_IFREG | mode) << 16
    return entry


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
