"""URLs made fit for a requirement line, or refused."""

from __future__ import annotations

import re

__all__ = ["is_commit", "is_fetched", "is_repository", "safe_url"]

# what RFC 3986 lets stand in a URL, without what pip, uv or a shell would read as more than a letter
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@!&()*+,=?#%[]")
_FETCHED = re.compile(r"(?:https?|file)://", re.IGNORECASE)
_REPOSITORY = re.compile(r"(?:https?|ssh|git|file)://", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/+-]*\Z")


def safe_url(url: str) -> str | None:
    """Return a URL with everything quoted that pip, uv or a shell could expand; None for one that is not fetched from.

    pip and uv expand ``${VAR}`` in requirement lines, and end a line at `` #``; so ``$``, braces and blanks are quoted.
    """
    if not is_fetched(url) and not is_repository(url):
        return None
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in url):
        return None
    return "".join(
        letter if letter in _PLAIN else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogateescape"))
        for letter in url
    )


def is_fetched(url: str) -> bool:
    """Return whether a URL is of a file that pip and uv fetch by themselves."""
    return _FETCHED.match(url) is not None


def is_repository(url: str) -> bool:
    """Return whether a URL is one that a version control system fetches by itself (``ext::`` and the like run programs)."""
    return _REPOSITORY.match(url) is not None


def is_commit(text: str) -> bool:
    """Return whether a text can be a revision and is no option (``-`` first) of a command."""
    return _COMMIT.match(text) is not None
