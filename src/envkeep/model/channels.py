"""Channels as conda spells them, and back to the URLs that an engine fetches from.

The rules are those of conda's ``Channel.canonical_name`` with default settings (conda/models/channel.py): a condarc of the
machine that reads a record has no say in what the record says.
"""

from __future__ import annotations

import re

from envkeep.model.credentials import without_credentials
from envkeep.model.urls import file_url, is_url

__all__ = ["DEFAULTS", "SUBDIRS", "canonical_channel", "channel_base_url", "channel_base_urls", "is_subdir", "split_subdir"]

DEFAULTS = "defaults"
SUBDIRS = (
    "noarch",
    "emscripten-wasm32",
    "freebsd-64",
    "linux-32",
    "linux-64",
    "linux-aarch64",
    "linux-armv6l",
    "linux-armv7l",
    "linux-ppc64",
    "linux-ppc64le",
    "linux-riscv64",
    "linux-s390x",
    "osx-64",
    "osx-arm64",
    "wasi-wasm32",
    "win-32",
    "win-64",
    "win-arm64",
    "zos-z",
)
_KNOWN = frozenset(SUBDIRS)
# what conda writes for a package of unknown origin
_UNKNOWN = frozenset({"", "<unknown>", "None", "None:///<unknown>", "unknown"})
_DEFAULT_NAMES = frozenset({"pkgs/main", "pkgs/r", "pkgs/msys2"})
_ALIAS_HOST = "conda.anaconda.org"
_ALIAS = f"https://{_ALIAS_HOST}"
_REPO = "https://repo.anaconda.com"
_ARTEFACT = re.compile(r"/[^/]+(?:\.tar\.bz2|\.conda|\.whl)\Z")
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
_RELATIVE = re.compile(r"~|\.\.?(?:[/\\]|\Z)")
_DUPLICATE_SLASHES = re.compile(r"/{2,}")


def canonical_channel(text: str) -> str:
    """Return a channel's one name, without credentials, from any spelling a record, a history or a file has of it.

    ``conda-forge``, ``conda-forge/osx-arm64``, ``https://conda.anaconda.org/t/TOKEN/conda-forge/noarch/`` and an artefact's URL
    there all give ``conda-forge``; ``pkgs/main`` and ``pkgs/r`` (and ``pkgs/msys2``, which is Windows' third) on any host give
    ``defaults``; a channel elsewhere gives ``scheme://host/path`` with the host in lower case, percent-decoded. An absolute path
    is a ``file://`` channel; a relative one stays as it is. Empty where the text names no channel.
    """
    text = text.strip()
    if text in _UNKNOWN:
        return ""
    text = without_credentials(text).url
    if not is_url(text):
        if _RELATIVE.match(text):
            return text
        if not _ABSOLUTE.match(text):
            return _named(_without_subdir(_ARTEFACT.sub("", text)).strip("/"))
        text = file_url(text)
    return _from_url(text)


def channel_base_url(channel: str) -> str | None:
    """Return the URL that a canonical channel's subdirs lie under, or None for ``defaults`` (several URLs) and for no channel.

    See ``channel_base_urls`` for ``defaults``.
    """
    urls = channel_base_urls(channel)
    return urls[0] if len(urls) == 1 else None


def channel_base_urls(channel: str, subdir: str = "") -> tuple[str, ...]:
    """Return the URLs that a channel stands for, each without final slash: one, or for ``defaults`` its main ones.

    Args:
        channel: in any spelling; what is no URL and no name conda knows is a channel on conda.anaconda.org.
        subdir: the platform it is for: ``defaults`` has two parts, three on Windows.
    """
    name = canonical_channel(channel)
    if not name:
        return ()
    if name == DEFAULTS:
        parts = ("main", "r", "msys2") if subdir.startswith("win-") else ("main", "r")
        return tuple(f"{_REPO}/pkgs/{part}" for part in parts)
    if is_url(name):
        return (_quoted(name),)
    return (f"{_REPO}/{name}",) if name.startswith("pkgs/") else (f"{_ALIAS}/{_quoted(name)}",)


def split_subdir(text: str) -> tuple[str, str | None]:
    """Return a channel's text without its final subdir, and that subdir: ``conda-forge/linux-64`` gives both, in order."""
    head, slash, tail = text.rstrip("/").rpartition("/")
    if slash and head and tail.lower() in _KNOWN:
        return head, tail.lower()
    return text, None


def is_subdir(text: str) -> bool:
    """Return whether a text is the name of one of conda's platforms, or ``noarch``."""
    return text in _KNOWN


def _without_subdir(text: str) -> str:
    return split_subdir(text)[0]


def _from_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    rest = re.split(r"[?#]", rest, maxsplit=1)[0].replace("\\", "/")
    rest = _without_subdir(_ARTEFACT.sub("", rest.rstrip("/")))
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2].lower()
    if "%" in path:
        from urllib.parse import unquote

        path = unquote(path)
    path = _DUPLICATE_SLASHES.sub("/", path).strip("/")
    if scheme == "file":
        return f"file://{authority}{slash}{path}" if authority else f"file:///{path}"
    # Anaconda's enterprise server has its channels under /conda
    if path.removeprefix("conda/") in _DEFAULT_NAMES:
        return DEFAULTS
    if authority == _ALIAS_HOST and scheme in {"http", "https"}:
        return _named(path) if path else f"{scheme}://{authority}"
    if path == "pkgs/pro" and authority == "repo.anaconda.com":
        return path
    return f"{scheme}://{authority}/{path}" if path else f"{scheme}://{authority}"


def _named(name: str) -> str:
    return DEFAULTS if name in _DEFAULT_NAMES else name


def _quoted(text: str) -> str:
    if " " not in text and text.isascii() and "%" not in text:
        return text
    from urllib.parse import quote

    return quote(text, safe=":/@!$&'()*+,;=~[]")
