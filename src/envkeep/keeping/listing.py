"""The requirements list that the last backup holds, where that is what would be exported now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.keeping.unchanged import look_as_told

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["last_list"]


def last_list(
    prefix: str | os.PathLike[str] | None, home: str | os.PathLike[str] | None, environ: Mapping[str, str]
) -> str | None:
    """Return the last backup's ``.txt`` if nothing has moved since, and that is what would be exported now; else None.

    Args:
        prefix: as of ``look_as_told``.
        home: as of ``look_as_told``.
        environ: of the process.
    """
    seen = look_as_told(prefix, home, environ)
    if seen is None or not seen.is_list:
        return None
    try:
        with open(os.path.join(seen.store, seen.folder, f"{seen.stamp}_environment.txt"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            return file.read()
    except (OSError, ValueError):
        # rotated away a moment ago, or edited
        return None
