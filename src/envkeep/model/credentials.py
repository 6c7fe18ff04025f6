"""Credentials in URLs, and in texts that hold some, dropped.

Everything a record holds of a URL goes through ``without_credentials`` (one URL) or ``scrub`` (a text that may hold some: a
command, a requirement). Strings are taken apart by hand, as in ``model.urls``.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from envkeep.model.secrets import has_token, looks_secret, without_tokens
from envkeep.model.urls import SCP, URL

__all__ = ["AuthKind", "CleanUrl", "scrub", "without_credentials"]

AuthKind = Literal["token", "user", "query"]

_SPLIT = re.compile(r"(?P<authority>[^/?#\\]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?\Z", re.DOTALL)
# a channel without a scheme: user:password@host/path
_BARE = re.compile(r"[^/@\s:]+:[^@\s]+@(?=[^/@\s]+)")
# anaconda.org, its enterprise edition and quetz: https://host[/base]/t/TOKEN/channel
_CHANNEL_TOKEN = re.compile(r"/t/[^/]+(?=/|\Z)")
# a part of a path that says that the next one is a token: .../job_token/TOKEN/...
_NAMED_TOKEN = re.compile(
    r"/(?:(?:job|access|auth|private|deploy|api)[_-])?token/[^/]+(?=/|\Z)|/api[_-]?key/[^/]+(?=/|\Z)", re.IGNORECASE
)
# capital and small letters and digits in two places, and nothing else: no commit, no hash, no build and no name that people give
_RANDOM_LENGTH = 24
_RANDOM = re.compile(r"/(?=[^/]*[a-z])(?=[^/]*[A-Z])(?=[A-Za-z]*\d+[A-Za-z]+\d)[A-Za-z0-9]{24,}(?=/)")
_PARAMETER = re.compile(r";([^/;]*)")
# where the documentation of a host says that its tokens stand; what they match is replaced by a slash
_HOSTS_WITH_TOKENS = (
    # an entitlement token: https://dl.cloudsmith.io/TOKEN/owner/repository/...
    (re.compile(r"dl\.cloudsmith\.io\Z", re.IGNORECASE), re.compile(r"\A/(?!public/|basic/)[^/]+/")),
    # https://pypi.fury.io/TOKEN/account/, and without: https://pypi.fury.io/account/, /account/-/file
    (re.compile(r"[a-z0-9-]+\.fury\.io\Z", re.IGNORECASE), re.compile(r"\A/[^/]+/(?=[^/-]|-[^/])(?!simple/?\Z)")),
    # https://packagecloud.io/priv/TOKEN/account/repository/pypi/simple
    (re.compile(r"(?:[a-z0-9-]+\.)?packagecloud\.io\Z", re.IGNORECASE), re.compile(r"\A/priv/[^/]+/")),
)
# where /t/toolz/ is a folder, and somebody may be called t
_HOSTS_WITHOUT_TOKENS = frozenset(
    {"files.pythonhosted.org", "pypi.org", "pypi.io", "pypi.python.org", "test.pypi.org", "github.com", "codeload.github.com"}
)
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s'\"]+|(?<![^\s'\"=])[^\s'\"/@:=]+:[^\s'\"/@:]+@[^\s'\"]+")


class CleanUrl(NamedTuple):
    """A URL without credentials.

    Attributes:
        url: what is left of it.
        auth: the kind of credentials that were dropped: ``token`` (in the path), ``user`` (``user:password@``), ``query``; None.
    """

    url: str
    auth: AuthKind | None = None


def without_credentials(url: str) -> CleanUrl:
    """Return a URL without user, password, tokens in its path and secret query parts; never raises.

    Tokens in a path are known by the hosts that put them there (``_HOSTS_WITH_TOKENS``), by a word before them (``/t/TOKEN/``,
    ``/job_token/TOKEN/``), by an issuer's shape, or by looking random as no name, commit or hash does. A repository's path keeps
    what only a word or randomness would give away.

    The user of an ssh remote (``git@host:path``, ``ssh://git@host``) is no secret and stays. A text that is no URL comes back
    as it is, apart from ``user:password@`` before a host.
    """
    match = URL.match(url)
    if match is None:
        return _without_scheme(url)
    scheme = match["scheme"]
    kind = scheme.lower()
    rest = match["rest"]
    auth: AuthKind | None = None
    if kind != "file":
        rest, dropped = _split_misplaced_userinfo(rest)
        auth = "user" if dropped else None
    parts = _SPLIT.match(rest)
    if parts is None:  # the pattern matches every text; a type checker cannot know
        return CleanUrl(url)
    authority, path = parts["authority"], parts["path"]
    user, at, place = authority.rpartition("@")
    if at:
        kept = _ssh_user(user) if "ssh" in kind.split("+") or kind in {"sftp", "scp", "rsync"} else ""
        if kept != user:
            auth = "user"
        authority = f"{kept}@{place}" if kept else place
    cleaned = _without_known_tokens(path)
    if kind != "file":
        cleaned = _without_tokens_of_host(authority, cleaned)
        if not kind.startswith("git") and not path.endswith(".git") and authority.lower() not in _HOSTS_WITHOUT_TOKENS:
            cleaned = _without_suspected_tokens(cleaned)
    if cleaned != path:
        path, auth = cleaned, "token"
    query, dropped_query = _without_secret_parts(parts["query"] or "")
    fragment, dropped_fragment = _without_secret_parts(parts["fragment"] or "")
    if auth is None and (dropped_query or dropped_fragment):
        auth = "query"
    return CleanUrl(f"{scheme}://{authority}{path}{query}{fragment}", auth)


def scrub(text: str) -> str:
    """Return a text with the credentials of every URL in it, and tokens of known shape, dropped; never raises.

    For text that may hold URLs: a command of the history, a ``name @ url`` requirement, a MatchSpec with a channel.
    """
    if "@" in text or "://" in text:
        text = _IN_TEXT.sub(lambda match: without_credentials(match[0]).url, text)
    return without_tokens(text)


def _without_scheme(text: str) -> CleanUrl:
    scp = SCP.match(text)
    if scp is not None and not scp["path"].startswith("//"):
        user = _ssh_user(scp["user"])
        kept = f"{user}@" if user else ""
        return CleanUrl(f"{kept}{scp['host']}:{scp['path']}", None if user == scp["user"] else "user")
    bare = _BARE.match(text)
    if bare is not None:
        return CleanUrl(_CHANNEL_TOKEN.sub("", text[bare.end() :]), "user")
    if "/t/" in text and "." in text.partition("/")[0].strip("."):
        cleaned, count = _CHANNEL_TOKEN.subn("", text)
        return CleanUrl(cleaned, "token" if count else None)
    return CleanUrl(text)


def _split_misplaced_userinfo(rest: str) -> tuple[str, bool]:
    # A password written without quoting may hold `/`, `?` or `#`: then what stands before the first of them is no host:port
    head = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" not in head and ":" in head and not head.startswith("["):
        port = head.partition(":")[2]
        if port and not port.isdigit() and "@" in rest:
            return rest.rpartition("@")[2], True
    return rest, False


def _ssh_user(user: str) -> str:
    name = re.split(r":|%3[aA]", user, maxsplit=1)[0]
    return "" if has_token(name) else name


def _without_known_tokens(path: str) -> str:
    if not has_token(path):
        return path
    return "/".join(part for part in path.split("/") if not has_token(part))


def _without_tokens_of_host(authority: str, path: str) -> str:
    if authority.lower().endswith(".io"):
        for place, rule in _HOSTS_WITH_TOKENS:
            if place.match(authority):
                path = rule.sub("/", path)
    if ";" in path:
        # parameters of a part of the path: x.whl;token=...
        path = _PARAMETER.sub(lambda found: "" if _secret_part(found[1]) else found[0], path)
    return path


def _without_suspected_tokens(path: str) -> str:
    path = _NAMED_TOKEN.sub("", _CHANNEL_TOKEN.sub("", path))
    # what comes last is a file's name or a package's
    return path if len(path) < _RANDOM_LENGTH else _RANDOM.sub("", path)


def _without_secret_parts(text: str) -> tuple[str, bool]:
    # of `?a=b&c=d` or `#egg=x&subdirectory=y`
    if len(text) < 2:
        return text, False
    parts = re.split(r"[&;]", text[1:])
    kept = [part for part in parts if not _secret_part(part)]
    if len(kept) == len(parts):
        return text, False
    return (text[0] + "&".join(kept) if kept else ""), True


def _secret_part(part: str) -> bool:
    name, _, value = part.partition("=")
    # cloud storages sign with several parts, each useless and some telling without the others
    lowered = name.lower()
    return lowered.startswith(("x-amz-", "x-goog-")) or lowered == "code" or looks_secret(name, value)
