"""Where an installed Python distribution came from, written as PEP 610 has it (``direct_url.json``) and listed in RECORD."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.model.record import Distribution, Origin

__all__ = ["direct_url", "dist_info", "write_origin"]

_NAME = "direct_url.json"


def direct_url(origin: Origin) -> Mapping[str, object]:
    """Return an origin as PEP 610 writes it in ``direct_url.json``."""
    value: dict[str, object] = {"url": origin.url}
    if origin.kind == "vcs":
        info: dict[str, object] = {"vcs": origin.vcs or "git", "commit_id": origin.commit}
        if origin.requested_revision is not None:
            info["requested_revision"] = origin.requested_revision
        value["vcs_info"] = info
    elif origin.kind == "archive":
        value["archive_info"] = {"hashes": dict(origin.hashes)} if origin.hashes else {}
    else:
        value["dir_info"] = {"editable": True} if origin.editable else {}
    if origin.subdirectory is not None and (origin.kind != "directory" or origin.vcs is None):
        # of a folder in a checkout it is where in the checkout it lies, which its URL says already
        value["subdirectory"] = origin.subdirectory
    return value


def dist_info(prefix: Path, dist: Distribution) -> Path | None:
    """Return the ``*.dist-info`` folder of a distribution of an environment, None where it has none."""
    name = normalise(dist.name)
    for folder in sorted((prefix / dist.location).glob("*.dist-info")):
        stem, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
        if normalise(stem) == name and version == dist.version:
            return folder
    return None


def write_origin(folder: Path, origin: Origin | None) -> None:
    """Make a ``*.dist-info`` folder say that its distribution came from an origin; None: from an index.

    Raises:
        OSError: it cannot be written.
    """
    path, record = folder / _NAME, folder / "RECORD"
    # a file that an installer linked from its cache is not to be written through
    path.unlink(missing_ok=True)
    entry = f"{folder.name}/{_NAME}"
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else None
    kept = [line for line in lines or () if not line.startswith(f"{entry},")]
    if origin is not None:
        data = json.dumps(direct_url(origin)).encode()
        path.write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        kept.append(f"{entry},sha256={digest},{len(data)}")
    if lines is not None:
        record.unlink()
        record.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8", newline="\n")
