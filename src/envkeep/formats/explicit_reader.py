"""Explicit lists (``@EXPLICIT``) read: conda's, mamba's and ours; see ``explicit``."""

from __future__ import annotations

import re

from envkeep.errors import BadFormatError
from envkeep.formats.explicit import MARKER, PIP
from envkeep.formats.requirement_comments import read_comment
from envkeep.formats.requirement_parsing import RequirementReader
from envkeep.formats.text import decode, shown
from envkeep.model.channels import canonical_channel, is_subdir, split_subdir
from envkeep.model.credentials import scrub, without_credentials
from envkeep.model.names import ARTEFACT, is_conda_name
from envkeep.model.record import CondaPackage
from envkeep.model.specification import RefusedLine, Requirement, Specification
from envkeep.model.urls import file_url, is_url

__all__ = ["read"]

_PLATFORM = re.compile(r"#\s*platform:\s*(?P<subdir>[a-z0-9-]+)\s*\Z")
_PIECE = re.compile(r"[A-Za-z0-9_.+!]+\Z")
_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_SHA256 = re.compile(r"(?:sha256:)?(?P<hex>[0-9a-f]{64})\Z")
_ABSOLUTE = re.compile(r"/|\\\\|[A-Za-z]:[\\/]")


def read(data: bytes, source: str) -> Specification:
    """Return what an explicit list asks for; the pip packages of ours are read back from its comments.

    Raises:
        BadFormatError: it is no text, or has no ``@EXPLICIT`` line.
    """
    artefacts: dict[str, CondaPackage] = {}
    refused: list[RefusedLine] = []
    problems: list[str] = []
    pip = RequirementReader()
    subdir: str | None = None
    marked = False
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", decode(data, source)), 1):
        text = raw.strip()
        platform = _PLATFORM.match(text)
        if platform is not None and is_subdir(platform["subdir"]):
            subdir = platform["subdir"]
        elif text.startswith(PIP):
            _pip(pip, text, number)
        elif text == MARKER:
            marked = True
        elif text and not text.startswith("#"):
            found = _artefact(text)
            if isinstance(found, str):
                refused.append(RefusedLine(line=number, text=shown(scrub(text)), reason=found))
                continue
            package, problem = found
            if problem is not None:
                problems.append(f"line {number}: {problem}")
            if package.name in artefacts:
                problems.append(f"line {number}: {package.name} is there twice; the last one counts")
            artefacts[package.name] = package
    if not marked:
        raise BadFormatError(f"{source} is no explicit list: it has no {MARKER} line", "Make one: conda list --explicit --md5")
    python = artefacts.get("python")
    return Specification(
        source=source,
        python=None if python is None else python.version,
        channels=tuple(dict.fromkeys(package.channel for package in artefacts.values() if package.channel)),
        artefacts=tuple(artefacts.values()),
        requirements=tuple(pip.requirements),
        subdir=subdir or _common_subdir(artefacts),
        refused=tuple(sorted([*refused, *pip.refused], key=lambda line: line.line)),
        problems=(*problems, *pip.problems),
    )


def _pip(pip: RequirementReader, text: str, number: int) -> None:
    line = text.removeprefix(PIP)
    found = read_comment(f"# {line}", number)
    if found is None:
        pip.read(line, number)
    elif isinstance(found, Requirement):
        pip.add(found)
    else:
        pip.problems.append(found)


def _artefact(text: str) -> tuple[CondaPackage, str | None] | str:
    """Return a line's package and what is odd about it, or the reason why it is refused."""
    place, _, hash_text = text.partition("#")
    if "$" in place or place.startswith("~"):
        return "conda puts something else into it"
    if not is_url(place):
        if not _ABSOLUTE.match(place):
            return "it is no URL and no absolute path of a conda package"
        place = file_url(place)
    clean = without_credentials(place)
    match = ARTEFACT.search(clean.url)
    if not clean.url.lower().startswith(("https://", "http://", "file://")) or match is None:
        return "it is no URL of a conda package"
    fn = match[0]
    name = match["name"]
    if not is_conda_name(name) or not _PIECE.match(match["version"]) or not _PIECE.match(match["build"]):
        return f"{shown(fn)} is no file name of a conda package"
    folder = clean.url[: match.start()].rstrip("/")
    subdir = split_subdir(folder)[1] or ""
    md5 = sha256 = problem = None
    hash_text = hash_text.strip().lower()
    if _MD5.match(hash_text):
        md5 = hash_text
    elif (found := _SHA256.match(hash_text)) is not None:
        sha256 = found["hex"]
    elif hash_text:
        problem = f"the hash of {name} is cut short or none; it is passed over"
    package = CondaPackage(
        name=name,
        version=match["version"],
        build=match["build"],
        channel=canonical_channel(folder),
        subdir=subdir,
        fn=fn,
        url=clean.url,
        md5=md5,
        sha256=sha256,
        auth=clean.auth,
    )
    return package, problem


def _common_subdir(artefacts: dict[str, CondaPackage]) -> str | None:
    found = {package.subdir for package in artefacts.values()} - {"", "noarch"}
    return found.pop() if len(found) == 1 else None
