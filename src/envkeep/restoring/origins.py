"""PEP 610 origins put right: what an installer writes of an origin is less, or more, than what was recorded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.engines.origins import dist_info, write_origin
from envkeep.model.names import normalise
from envkeep.verifying.packages import compare_origins

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envkeep.model.record import Origin, Record

__all__ = ["put_right"]


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
        folder = dist_info(prefix, dist)
        if folder is not None:
            write_origin(folder, origin)
            changed.append(name)
    return tuple(changed)


def _written(origin: Origin) -> tuple[object, ...]:
    return origin.url, origin.requested_revision, origin.hashes
