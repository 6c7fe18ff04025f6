"""Lists of requirements read: the ``.txt`` of a backup, ours or PyMoDAQ's, any ``pip freeze`` and hand-made lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkeep.formats.requirement_comments import read_comment
from envkeep.formats.requirement_parsing import RequirementReader
from envkeep.formats.text import decode
from envkeep.model.frozen import frozen
from envkeep.model.specification import Requirement, Specification

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Header", "read", "read_header"]

_HEADER = re.compile(r"#\s*(?P<key>executable|version)\s*:\s*(?P<value>.*?)\s*\Z")
_VERSION = re.compile(r"(?P<version>\d+\.\d+(?:\.\d+(?:(?:a|b|rc)\d+)?)?)(?![\w.])", re.ASCII)
# sys.version of Python 3.9 and older has a line break before its last part
_COMPILER = re.compile(r"\[.*\]\s*\Z")
# what pip freeze writes above an `-e` line that does not say its name
_PIP_COMMENT = re.compile(r"#\s*Editable .*?\((?P<name>[A-Za-z0-9._-]+)==")


@frozen
class Header:
    """The header of a ``.txt``.

    Attributes:
        executable: path of the environment's Python; None where it says ``none`` or nothing.
        version: ``sys.version`` as written; None likewise.
        python: ``x.y.z`` (or ``x.y``) of it, if it begins so.
    """

    executable: str | None = None
    version: str | None = None
    python: str | None = None


def read_header(data: bytes, source: str) -> Header:
    """Return the header of a ``.txt``; all None where it has none.

    Raises:
        BadFormatError: it is no text.
    """
    return _header([text for _, text in _lines(decode(data, source))])


def read(data: bytes, source: str, *, allow_index: Collection[str] = ()) -> Specification:
    """Return what a requirements list asks for.

    Option lines, variables and relative paths are not taken over: each is in ``refused`` with its line. In a file with our header
    the comments that we write for what no index has are read back; other comments are passed over.

    Args:
        data: the file: UTF-8, or UTF-16 or UTF-32 with a byte order mark, or cp1252; any line ends; may be empty.
        source: what it is called in messages.
        allow_index: URLs of indexes that ``--index-url`` and ``--extra-index-url`` lines may name.

    Raises:
        BadFormatError: it is no text.
    """
    lines = list(_lines(decode(data, source)))
    header = _header([text for _, text in lines])
    reader = RequirementReader(allow_index=allow_index)
    hint: str | None = None
    ours = header != Header()
    stray = False
    for number, text in lines:
        stripped = text.strip()
        if stripped.startswith("#"):
            _comment(reader, stripped, number, ours=ours)
            named = _PIP_COMMENT.match(stripped)
            hint = named["name"] if named is not None else hint
            stray = _HEADER.match(stripped) is not None
            continue
        if stray and _COMPILER.match(stripped):
            stray = False
            continue
        stray = False
        reader.read(text, number, hint=hint)
        if stripped:
            hint = None
    return Specification(
        source=source,
        python=header.python,
        requirements=tuple(reader.requirements),
        refused=tuple(reader.refused),
        index_urls=tuple(reader.index_urls),
        problems=tuple(reader.problems),
    )


def _comment(reader: RequirementReader, text: str, number: int, *, ours: bool) -> None:
    found = read_comment(text, number) if ours else None
    if isinstance(found, Requirement):
        reader.add(found)
    elif found is not None:
        reader.problems.append(found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with the number of their first, those that end in a backslash joined as pip joins them."""
    joined: list[str] = []
    first = 0
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not joined:
            first = number
        elif line.lstrip().startswith("#"):
            # pip: a comment ends a continued line
            yield first, " ".join(joined)
            joined = []
            first = number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            joined.append(line[:-1])
            continue
        yield first, " ".join([*joined, line]) if joined else line
        joined = []
    if joined:
        yield first, " ".join(joined)


def _header(lines: list[str]) -> Header:
    found: dict[str, str] = {}
    for index, text in enumerate(lines):
        match = _HEADER.match(text.strip())
        if match is None:
            if text.strip() and not text.lstrip().startswith("#"):
                break
            continue
        value = match["value"]
        following = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if match["key"] == "version" and _COMPILER.match(following):
            value = f"{value} {following}"
        if value and value != "none":
            found.setdefault(match["key"], value)
    version = found.get("version")
    python = _VERSION.match(version) if version is not None else None
    return Header(executable=found.get("executable"), version=version, python=python["version"] if python is not None else None)
