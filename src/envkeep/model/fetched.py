"""URLs that a requirement line may hold: what pip, uv and version control systems fetch without running programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkeep.model.urls import escaped, file_url

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "VCS_KINDS",
    "fragment",
    "fragment_value",
    "is_fetched",
    "is_repository",
    "is_revision",
    "quoted",
    "remote_url",
    "ssh_url",
]

VCS_KINDS = frozenset({"git", "hg", "svn", "bzr"})

# RFC 3986's letters without those that pip, uv or a shell read as more than a letter: `${VAR}` is expanded, ` #` ends a line
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@!&()*+,=?#%[]")
_PLAIN_URL = re.compile(rf"[{re.escape(''.join(sorted(_PLAIN)))}]*\Z")
# a host that begins with a dash would be an option of ssh
_HOST = r"(?:[^-/@?#\s][^/@?#\s]*@)?[^-/@?#\s][^/@?#\s]*(?=[/?#]|\Z)"
_FETCHED = re.compile(rf"(?:https?://{_HOST}|file://)", re.IGNORECASE)
_REPOSITORY = re.compile(rf"(?:(?:https?|ssh|git|svn)://{_HOST}|file://)", re.IGNORECASE)
_REVISION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*\Z")
_SCP = re.compile(r"(?P<user>[\w.+][\w.+-]*)@(?P<host>[\w.][\w.-]*):(?P<path>[^:].*)\Z")


def is_fetched(url: str) -> bool:
    """Return whether a URL is one of a file that pip and uv fetch by themselves."""
    return _FETCHED.match(url) is not None


def is_repository(url: str) -> bool:
    """Return whether a URL is one that a version control system fetches by itself (``ext::`` and the like run programs)."""
    return _REPOSITORY.match(url) is not None


def is_revision(text: str) -> bool:
    """Return whether a text can be a commit, tag or branch, and is no option (``-`` first) of a command."""
    return _REVISION.match(text) is not None


def quoted(url: str) -> str:
    """Return a URL in which everything is quoted that ends, splits or expands in a requirement line, a comment or a shell."""
    return url if _PLAIN_URL.match(url) else escaped(url, _PLAIN)


def fragment(parts: Iterable[tuple[str, str]]) -> str:
    """Return ``#name=value&...`` of pairs; empty without any."""
    found = "&".join(f"{name}={fragment_value(value)}" for name, value in parts)
    return f"#{found}" if found else ""


def fragment_value(text: str) -> str:
    """Return a text as a value of a fragment has it: quoted but for ``/``."""
    from urllib.parse import quote

    return quote(text, safe="/", errors="surrogatepass")


def remote_url(remote: str) -> str:
    """Return the URL of a repository's remote as git's settings spell it: a path of this machine, scp-like, or a URL already."""
    return file_url(remote) if remote.startswith("/") else ssh_url(remote)


def ssh_url(remote: str) -> str:
    """Return git's scp-like spelling (``git@host:path``) as the ``ssh://`` URL it stands for; anything else as it is."""
    match = None if "://" in remote else _SCP.match(remote)
    return remote if match is None else f"ssh://{match['user']}@{match['host']}/{match['path'].lstrip('/')}"
