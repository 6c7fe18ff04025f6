"""The files of a distribution's metadata folder, each read for what a record needs of it; faults are None, never an error.

Formats: core metadata (METADATA, PKG-INFO), the wheel's WHEEL and RECORD (PEP 376, PEP 427), direct_url.json (PEP 610),
setuptools' requires.txt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from envkeep.capturing.reading import decode, line_text
from envkeep.model.credentials import scrub, without_credentials
from envkeep.model.record import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CoreMetadata",
    "content_digest",
    "installed_sizes",
    "parse_direct_url",
    "parse_metadata",
    "parse_requires_txt",
    "parse_tags",
]

# bytes: ten times the longest that packages have, which is a thousand requirements or a long description of old
_HEAD_LIMIT = 1 << 20
# blanks around a value are left to strip(): a pattern that looks for them at each letter takes the square of a line's length
_FIELD = re.compile(r"^(Name|Version|Requires-Dist)[ \t]*:(.*)$", re.MULTILINE | re.IGNORECASE | re.ASCII)
_FOLDED = re.compile(rb"\r?\n(?=[ \t])")
# a line of blanks goes on with a folded field, as email's parser and so pip read it
_HEADER_END = re.compile(rb"\r?\n\r?\n")
# the name of a hash, and its digits
_HASH = re.compile(r"[A-Za-z0-9_+/=-]{1,256}\Z")
# launchers are rewritten at each installation, byte code is compiled, the others say who installed it and for what
_LAUNCHER = re.compile(r"(?:\.\./)+(?:bin|Scripts)/[^/]+\Z", re.IGNORECASE)
_INSTALLERS_OWN = (
    "/INSTALLER",
    "/REQUESTED",
    "/direct_url.json",
    "/RECORD",
    "/RECORD.jws",
    "/RECORD.p7s",
    "/uv_cache.json",
    "/uv_build.json",
)


class CoreMetadata(NamedTuple):
    """The head of METADATA or PKG-INFO.

    Attributes:
        name, version: as written; None where missing.
        requires: the values of Requires-Dist, in order.
        cut: whether the head is too long, so that its end was not read.
    """

    name: str | None
    version: str | None
    requires: tuple[str, ...]
    cut: bool = False


def parse_metadata(content: bytes) -> CoreMetadata:
    """Return the fields of core metadata that a record keeps; of a field given twice the first counts, as for email headers.

    What follows the first blank line is not looked at, nor what of the head lies beyond its first MiB.
    """
    blank = content.find(b"\n\n", 0, _HEAD_LIMIT)
    head = content[: blank if blank >= 0 else _HEAD_LIMIT]
    cut = blank < 0 and len(content) > _HEAD_LIMIT
    folded = b"\r" in head or b"\n " in head or b"\n\t" in head
    # whatever ends its lines
    end = _HEADER_END.search(head) if folded else None
    if end is not None:
        head, cut = head[: end.start()], False
    if cut:
        # whole lines: half a requirement would be another one
        head = head[: head.rfind(b"\n") + 1]
    if folded:
        head = _FOLDED.sub(b"", head)
    name = version = None
    requires = []
    for key, written in _FIELD.findall(decode(head)):
        letter = key[0]
        value = line_text(written.strip(" \t\r"))
        if letter in "Rr":
            requires.append(_requirement(value))
        elif letter in "Nn":
            name = name or value.strip() or None
        else:
            version = version or value.strip() or None
    return CoreMetadata(name, version, tuple(requires), cut)


def parse_requires_txt(text: str) -> tuple[str, ...]:
    """Return setuptools' requires.txt as Requires-Dist lines: sections become markers, extras left in ``extra ==``."""
    lines = []
    marker = ""
    for raw in text.splitlines():
        line = line_text(raw.strip())
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            extra, _, condition = line[1:-1].partition(":")
            parts = [f'extra == "{extra}"'] if extra else []
            parts += [f"({condition})" if extra and condition else condition] if condition else []
            marker = " and ".join(parts)
        else:
            lines.append(_requirement(f"{line} ; {marker}" if marker else line))
    return tuple(lines)


def parse_tags(content: bytes) -> tuple[str, ...]:
    """Return the ``Tag`` lines of WHEEL, sorted."""
    lines = (line_text(line.strip()) for line in decode(content).splitlines())
    return tuple(sorted({line[4:].strip() for line in lines if line[:4].lower() == "tag:"}))


def content_digest(record: bytes) -> str | None:
    """Return the sha256 hex over RECORD's lines that say what was installed, in an order of their own; None where there are none.

    Left out: launchers, ``.pyc``, RECORD itself and what tells of the installation (INSTALLER, REQUESTED, direct_url.json, uv's
    uv_cache.json), so that pip and uv, today and tomorrow, give one digest for one wheel.
    """
    import hashlib

    lines = sorted(",".join(row) for row in _record_rows(decode(record)) if _installed(row[0]))
    if not lines:
        return None
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def parse_direct_url(content: bytes) -> Origin | None:
    """Return the origin that direct_url.json states (PEP 610), credentials dropped; None where it states none."""
    from json import loads

    try:
        raw = loads(decode(content))
    except (ValueError, RecursionError):
        return None
    # what no installer writes, and no reader of a record should have to guard against
    if not isinstance(raw, dict) or not isinstance(raw.get("url"), str) or not raw["url"] or raw["url"] != line_text(raw["url"]):
        return None
    clean = without_credentials(raw["url"])
    subdirectory = _text(raw.get("subdirectory"))
    if isinstance(raw.get("vcs_info"), dict):
        vcs = raw["vcs_info"]
        return Origin(
            kind="vcs",
            url=clean.url,
            vcs=_text(vcs.get("vcs")) or "git",
            commit=_text(vcs.get("commit_id")),
            requested_revision=_text(vcs.get("requested_revision")),
            subdirectory=subdirectory,
            auth=clean.auth,
        )
    if isinstance(raw.get("dir_info"), dict):
        return Origin(
            kind="directory",
            url=clean.url,
            editable=raw["dir_info"].get("editable") is True,
            subdirectory=subdirectory,
            auth=clean.auth,
        )
    archive = raw.get("archive_info")
    return Origin(
        kind="archive",
        url=clean.url,
        hashes=_hashes(archive if isinstance(archive, dict) else {}),
        subdirectory=subdirectory,
        auth=clean.auth,
    )


def _hashes(archive: dict[str, object]) -> tuple[tuple[str, str], ...]:
    found: set[tuple[str, str]] = set()
    hashes = archive.get("hashes")
    if isinstance(hashes, dict):
        found = {(name, value) for name, value in hashes.items() if isinstance(value, str)}
    # the older of the two keys: one `algorithm=hex`
    name, equals, value = (_text(archive.get("hash")) or "").partition("=")
    if equals:
        found.add((name, value))
    return tuple(sorted(pair for pair in found if all(_HASH.match(part) for part in pair)))


def installed_sizes(record: bytes) -> list[tuple[str, int]]:
    """Return the paths that a RECORD gives a size for, relative to its site-packages, in its order."""
    rows = _record_rows(decode(record))
    return [(row[0], int(row[2])) for row in rows if len(row) == 3 and row[2].isascii() and row[2].isdigit() and len(row[2]) < 16]


def _record_rows(text: str) -> Iterable[list[str]]:
    if '"' not in text:
        return [line.rsplit(",", 2) for line in text.splitlines() if line.strip()]
    import csv

    try:
        return [row for row in csv.reader(text.splitlines()) if row]
    except csv.Error:
        return [line.rsplit(",", 2) for line in text.splitlines() if line.strip()]


def _installed(path: str) -> bool:
    path = path.replace("\\", "/")
    return not (path.endswith((".pyc", *_INSTALLERS_OWN)) or _LAUNCHER.match(path))


def _requirement(text: str) -> str:
    return scrub(text) if "@" in text else text


def _text(value: object) -> str | None:
    return line_text(value) if isinstance(value, str) and value else None
