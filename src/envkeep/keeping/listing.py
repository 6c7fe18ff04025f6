"""The requirements list of an environment as it is now, by the shortest way that tells it for sure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.keeping.unchanged import look

if TYPE_CHECKING:
    from envkeep.store.store import Store

__all__ = ["requirements_of"]


def requirements_of(prefix: Path, store: Store | None) -> str:
    """Return an environment's Python packages as ``export`` writes them for pip; nothing is kept or noted.

    Args:
        prefix: of the environment.
        store: where its backups are: the last one's ``.txt`` is the answer if nothing moved since. None: there is none.

    Raises:
        NotAnEnvironmentError, UnreadableEnvironmentError: as of ``capture``.
    """
    known = look(prefix, store) if store is not None else None
    if known is not None and known.is_list:
        try:
            return known.backup.txt.read_text(encoding="utf-8")
        except (OSError, ValueError):
            # rotated away a moment ago, or edited
            pass
    from envkeep.capturing.listed import requirements_list

    listed = requirements_list(Path(os.path.abspath(prefix)))  # noqa: PTH100 - links in the path stay as the user spells them
    if listed is not None:
        return listed
    from envkeep.capturing.capture import capture
    from envkeep.formats.requirements_txt import write
    from envkeep.keeping.former import capture_beside

    return write(capture(prefix) if store is None else capture_beside(prefix, store), name_indexes=True)
