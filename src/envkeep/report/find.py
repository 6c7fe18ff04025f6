"""Where a package was found: what ``envkeep find`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.layout import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.find import Hit

__all__ = ["hits_text"]


def hits_text(hits: Sequence[Hit], spec: str) -> str:
    """Return a line for each backup that holds it."""
    if not hits:
        return f"no backup holds {spec}"
    return columns(
        (
            hit.backup.label,
            hit.name,
            hit.version or "version not said",
            hit.build or "",
            hit.manager or "",
            " ".join(hit.backup.tags),
        )
        for hit in hits
    )
