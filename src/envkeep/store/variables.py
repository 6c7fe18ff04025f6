"""The ``ENVKEEP_`` variables, as far as those ask who load nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["has_settings"]

# they say where things are, and nothing of what is done
_PLACES = frozenset({"ENVKEEP_HOME", "ENVKEEP_CACHE"})


def has_settings(environ: Mapping[str, str]) -> bool:
    """Return whether variables set more than where envkeep's home and cache are."""
    return any(name.startswith("ENVKEEP_") and name not in _PLACES for name in environ)
