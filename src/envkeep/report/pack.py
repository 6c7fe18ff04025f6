"""What came of a pack, for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envkeep.report.layout import count, size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.archive.pack import PackResult
    from envkeep.formats.archive_manifest import CameFrom

__all__ = ["packed_text"]

_WORDS: Mapping[CameFrom, str] = {
    "cache": "from package caches",
    "channel": "from their channels",
    "index": "from an index or URL",
    "file": "from files",
    "environment": "from the environment itself",
    "built": "built from source",
}


def packed_text(result: PackResult, *, verbose: bool = False) -> str:
    """Return where the archive is, what is in it by where it was got, and what could not be had."""
    place = ", in place of the file that was there" if result.replaced else ""
    parts = [f"packed {result.path} ({size(result.size)}){place}"]
    for kind, word in (("conda", "conda package"), ("pip", "Python package")):
        counts = Counter(package.came_from for package in result.packages if package.kind == kind)
        total = sum(counts.values())
        if total:
            ways = ", ".join(f"{counts[key]} {text}" for key, text in _WORDS.items() if counts[key])
            parts.append(f"  {count(total, word)}: {ways}")
    if verbose:
        parts += [f"    {package.name} {package.version}: {package.file}" for package in result.packages]
    if result.lacking:
        parts.append("could not be had:")
        parts += [f"  {item.name} ({item.kind} {item.what}): {item.reason}" for item in result.lacking]
    if result.complete:
        parts.append("complete: it rebuilds with no network, with `envkeep restore` or with the rebuild.sh in it")
    else:
        parts.append("incomplete: what could not be had has to come from its channel or index when it is rebuilt")
    return "\n".join(parts)
