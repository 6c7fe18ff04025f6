"""The requirements list of an environment as it is now, by the shortest way that tells it for sure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.keeping.unchanged import look_as_told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.store.store import Store

__all__ = ["last_list", "requirements_of"]


def last_list(prefix: str, home: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the last backup's ``.txt`` if nothing has moved since, and that is what would be exported now; else None.

    Args:
        prefix: of the environment.
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


def requirements_of(prefix: Path, store: Store | None) -> str:
    """Return an environment's Python packages as ``export`` writes them for pip; nothing is kept or noted.

    Args:
        prefix: of the environment.
        store: where its backups are, of which the last may save some reading. None: there is none.

    Raises:
        NotAnEnvironmentError, UnreadableEnvironmentError: as of ``capture``.
    """
    from pathlib import Path

    from envkeep.capturing.listed import requirements_list

    listed = requirements_list(Path(os.path.abspath(prefix)))  # noqa: PTH100 - links in the path stay as the user spells them
    if listed is not None:
        return listed
    from envkeep.capturing.capture import capture
    from envkeep.formats.requirements_txt import write
    from envkeep.keeping.former import capture_beside

    return write(capture(prefix) if store is None else capture_beside(prefix, store), name_indexes=True)
