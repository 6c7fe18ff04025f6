"""Paths that a user names."""

from __future__ import annotations

import os
from pathlib import Path

from envkeep.errors import UsageError

__all__ = ["absolute"]


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return a path absolute, with ``~`` and ``~user`` expanded; links in it stay as the user spells them.

    Raises:
        UsageError: there is no such user, or it is relative to a folder that is gone.
    """
    try:
        # resolve() would follow links
        return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100
    except RuntimeError:
        raise UsageError(f"nobody knows the home that {path} begins with", "Give the whole path.") from None
    except FileNotFoundError:
        raise UsageError(
            f"{path} is relative to the folder where you are, which is gone", "Change to another, or give the whole path."
        ) from None
