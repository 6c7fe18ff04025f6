"""URLs of artefacts, channels, indexes and repositories: their hosts, and ``file://`` both ways.

Strings are taken apart by hand: ``urllib.parse`` raises on some of what is found in the wild, and a reader must not. What of a
URL is secret is ``model.credentials``' to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["SCP", "URL", "escaped", "file_url", "host", "is_url", "path_of_file_url"]

URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)\Z", re.DOTALL)
# git's scp-like remotes: [user[:password]@]host:path
SCP = re.compile(r"(?P<user>[^/@\s:]+(?::[^@\s]*)?)@(?P<host>[^/@\s:]+):(?P<path>.*)\Z", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z][:|](?=[/\\]|\Z)")
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@!$&'()*+,;=")


def host(url: str) -> str:
    """Return the host of a URL or of a scp-like remote in lower case, without port; empty where there is none."""
    match = URL.match(url)
    if match is None:
        scp = SCP.match(url)
        return scp["host"].lower() if scp else ""
    authority = re.split(r"[/?#\\]", match["rest"], maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority.partition("]")[0].lstrip("[").lower()
    return authority.partition(":")[0].lower()


def is_url(text: str) -> bool:
    """Return whether a text begins with ``scheme://``."""
    return URL.match(text) is not None


def file_url(path: str) -> str:
    r"""Return the ``file://`` URL of an absolute path, quoted as pip quotes it.

    Args:
        path: POSIX (``/srv/my chan``), Windows (``C:\chan``, ``C:/chan``) or UNC (``\\server\share``), whatever this machine is.
    """
    if _DRIVE.match(path):
        return "file:///" + path[0] + ":" + escaped(path[2:].replace("\\", "/"), _SAFE)
    if path.startswith("\\\\"):
        return "file:" + escaped(path.replace("\\", "/"), _SAFE)
    return "file://" + escaped(path, _SAFE)


def path_of_file_url(url: str) -> str | None:
    r"""Return the path a ``file://`` URL stands for, as its machine spells it; None for any other URL.

    ``file:///C:/chan`` gives ``C:\chan``, ``file://server/share`` gives ``\\server\share``, ``file:///srv/my%20chan`` gives
    ``/srv/my chan``. A query or fragment (``#egg=x``, ``#sha256=...``) is no part of it.
    """
    match = URL.match(url)
    if match is None or match["scheme"].lower() != "file":
        return None
    from urllib.parse import unquote

    rest = re.split(r"[?#]", match["rest"], maxsplit=1)[0]
    authority, slash, tail = rest.partition("/")
    path = unquote(slash + tail)
    if _DRIVE.match(authority):
        return authority[0] + ":" + path.replace("/", "\\")
    if authority and authority.lower() != "localhost":
        return "\\\\" + authority + path.replace("/", "\\")
    if _DRIVE.match(path.lstrip("/")):
        path = path.lstrip("/")
        return path[0] + ":" + path[2:].replace("/", "\\")
    return path


def escaped(text: str, plain: Container[str]) -> str:
    """Return a text with every letter that is not plain percent-encoded; bytes that are no text (PEP 383) as they were."""
    return "".join(
        letter if letter in plain else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogateescape"))
        for letter in text
    )
