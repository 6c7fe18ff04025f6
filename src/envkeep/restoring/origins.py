"""PEP 610 origins put right: what an installer writes of an origin is less, or more, than what was recorded of it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from envkeep.model.names import normalise
from envkeep.verifying.packages import compare_origins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from envkeep.model.record import Distribution, Origin, Record

__all__ = ["direct_url", "put_right"]


def put_right(prefix: Path, expected: Iterable[tuple[str, Origin]], actual: Record) -> tuple[str, ...]:
    """Rewrite ``direct_url.json`` where the origin is the recorded one, but was written otherwise; return the names.

    pip names the commit as what was asked for, where it once was a branch; old versions record no hash, new ones always do. A
    backup of the new environment is to equal the original's.

    Args:
        prefix: of the environment.
        expected: names and origins, as recorded.
        actual: the environment as it is now.
    """
    found = {normalise(dist.name): dist for dist in actual.pip}
    changed = []
    for name, origin in expected:
        dist = found.get(normalise(name))
        if dist is None or dist.origin is None or compare_origins(origin, dist.origin):
            continue
        if _written(origin) == _written(dist.origin) or origin.auth is not None:
            continue
        folder = _dist_info(prefix, dist)
        if folder is not None:
            _write(folder, direct_url(origin))
            changed.append(name)
    return tuple(changed)


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
    if origin.subdirectory is not None:
        value["subdirectory"] = origin.subdirectory
    return value


def _written(origin: Origin) -> tuple[object, ...]:
    return origin.url, origin.requested_revision, origin.hashes


def _dist_info(prefix: Path, dist: Distribution) -> Path | None:
    name = normalise(dist.name)
    for folder in sorted((prefix / dist.location).glob("*.dist-info")):
        stem, _, version = folder.name[: -len(".dist-info")].rpartition("-")
        if normalise(stem) == name and version == dist.version and (folder / "direct_url.json").is_file():
            return folder
    return None


def _write(folder: Path, value: Mapping[str, object]) -> None:
    data = json.dumps(value).encode()
    path = folder / "direct_url.json"
    # a file that an installer linked from its cache is not to be written through
    path.unlink()
    path.write_bytes(data)
    record = folder / "RECORD"
    if not record.is_file():
        return
    entry = f"{folder.name}/direct_url.json"
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    lines = [
        f"{entry},sha256={digest},{len(data)}" if line.startswith(f"{entry},") else line
        for line in record.read_text(encoding="utf-8").splitlines()
    ]
    record.unlink()
    record.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
