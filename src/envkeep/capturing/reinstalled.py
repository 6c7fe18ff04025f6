"""Whether pip or uv put the same version over a conda package's Python files.

The metadata then lies at the path that conda's record lists, so that by conda's own rule it is still conda's. What tells is its
RECORD: conda notes the hash of every file it links (``paths_data``), and an installer writes a RECORD of its own.
"""

from __future__ import annotations

import re
from json import dumps, loads
from typing import TYPE_CHECKING, Any

from envkeep.capturing.reading import decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_reinstalled", "is_rewritten"]

_LIMIT = 64 << 20
# conda, mamba and rattler write a path's entry as a flat object
_DIGEST = re.compile(rb'"sha256(?P<linked>_in_prefix)?": ?"(?P<digest>[0-9a-f]{64})"')


def is_reinstalled(dist_info: str, listed: str, conda_record: str) -> bool | None:
    """Return whether a distribution's RECORD is proven not to be the one that conda linked; None where one cannot be read.

    Args:
        dist_info: path of the metadata folder.
        listed: its path as conda's record lists it.
        conda_record: path of that record (a JSON file of conda-meta).
    """
    try:
        found = read_bytes(f"{dist_info}/RECORD", _LIMIT)
        expected = _linked_digest(read_bytes(conda_record, _LIMIT), f"{listed}/RECORD")
    except OSError:
        return None
    return is_rewritten(found, expected)


def is_rewritten(record: bytes, linked: str | None) -> bool:
    """Return whether a RECORD is an installer's and not the one that conda linked.

    Args:
        record: what is there.
        linked: sha256 hex of what conda linked; None where it is not known.
    """
    # an installer lists what it signs with; one that was emptied or cut short tells of no installer
    if linked is None or b"/INSTALLER" not in record:
        return False
    from hashlib import sha256

    return sha256(record).hexdigest() != linked


def _linked_digest(record: bytes, path: str) -> str | None:
    for spelled in _spellings(path):
        begin = record.find(b'"_path": ' + dumps(spelled).encode())
        if begin < 0:
            continue
        start, end = record.rfind(b"{", 0, begin), record.find(b"}", begin)
        digests = {found["linked"]: found["digest"].decode() for found in _DIGEST.finditer(record, start, end)}
        return digests.get(b"_in_prefix") or digests.get(None)
    return _of_document(record, {*_spellings(path)})


def _spellings(path: str) -> Iterator[str]:
    # all but the first are seldom asked for
    yield path
    # of a noarch package conda keeps the path that the archive has it at
    yield path[max(path.find("site-packages/"), 0) :]
    yield path.replace("/", "\\")


def _of_document(record: bytes, paths: set[str]) -> str | None:
    # laid out as nobody known writes it
    try:
        raw: Any = loads(decode(record))
    except (ValueError, RecursionError):
        return None
    data = raw.get("paths_data") if isinstance(raw, dict) else None
    entries = data.get("paths") if isinstance(data, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("_path"), str) and entry["_path"] in paths:
            digest = entry.get("sha256_in_prefix") or entry.get("sha256")
            return digest if isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) else None
    return None
