"""Explicit lists (``@EXPLICIT``): the URL and hash of every conda package, in an order in which they can be linked.

The syntax is conda's (``conda list --explicit --md5``, CEP 23): ``url``, ``url#md5`` or ``url#sha256:hex``; a bare sha256 is read
too.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from envkeep.formats.conda_graph import linked_order
from envkeep.formats.pip_section import pip_section
from envkeep.formats.requirement_lines import plain
from envkeep.model.fetched import quoted
from envkeep.model.kept import Kept

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage, Record

__all__ = ["MARKER", "PIP", "HashKind", "write"]

HashKind = Literal["md5", "sha256"]
MARKER = "@EXPLICIT"

# before each line of pip's
PIP = "# pip: "


def write(record: Record, hash_kind: HashKind = "md5") -> str:
    """Return a record's conda packages as an explicit list; what it cannot hold (pip's packages, those without URL) as comments.

    Args:
        record: whose packages; those whose files pip removed are there, since they are there again after a rebuild.
        hash_kind: ``md5``, which every conda and mamba reads, or ``sha256`` (``url#sha256:hex``: conda and mamba of 2024 on). A
            package without the one asked for has the other.
    """
    lines = [
        "# This file may be used to create an environment using:",
        "# $ conda create --name <env> --file <this file>",
        f"# platform: {record.environment.subdir}",
        MARKER,
    ]
    lines += _LINES[hash_kind].each(linked_order(record.conda))
    named = pip_section(record, "pinned")
    if named:
        lines.append("# An explicit list cannot hold what pip installed; conda passes these over:")
        lines.extend(f"{PIP}{line.text}" for line in named)
    return "\n".join(lines) + "\n"


def _line(package: CondaPackage, hash_kind: HashKind) -> str:
    if package.url is None:
        return f"# no URL for: {plain(package.channel or '(no channel)')}::{plain(package.spec)}"
    hash_text = _hash(package, hash_kind)
    return quoted(package.url) + (f"#{hash_text}" if hash_text else "")


_LINES: dict[HashKind, Kept[CondaPackage, str]] = {kind: Kept(partial(_line, hash_kind=kind)) for kind in get_args(HashKind)}


def _hash(package: CondaPackage, wanted: HashKind) -> str | None:
    sha256 = None if package.sha256 is None else f"sha256:{package.sha256}"
    return (sha256 or package.md5) if wanted == "sha256" else (package.md5 or sha256)
