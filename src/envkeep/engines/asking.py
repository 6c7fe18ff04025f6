"""Web servers asked with the user's own log-in for them: the one in the URL, else netrc's, as pip and conda have it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.model.urls import host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPResponse
    from urllib.request import Request

__all__ = ["opened"]


def opened(
    url: str, *, timeout: float, method: str = "GET", accept: str | None = None, environ: Mapping[str, str] | None = None
) -> HTTPResponse:
    """Ask a server, and return its answer, which the caller closes.

    A log-in goes to the server that it is for and, where that redirects, to none but itself.

    Args:
        url: http or https; ``user:password@`` in it is sent as basic authentication.
        timeout: seconds of silence.
        method: ``GET`` or ``HEAD``.
        accept: the media types asked for.
        environ: NETRC; None: ours.

    Raises:
        OSError: it cannot be reached, or (``urllib.error.HTTPError``) answers with an error.
        ValueError: it is no such URL.
    """
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class OwnServerAlone(HTTPRedirectHandler):
        def redirect_request(self, req: Request, *answer: object) -> Request | None:
            following = super().redirect_request(req, *answer)  # type: ignore[arg-type]
            login = req.unredirected_hdrs.get("Authorization")
            if following is not None and login is not None and _server(following) == _server(req):
                following.add_unredirected_header("Authorization", login)
            return following

    bare, login = _taken_apart(url)
    if not bare.lower().startswith(("http://", "https://")):
        raise ValueError(f"{bare.partition(':')[0]} is no scheme of a web server")
    request = Request(bare, method=method, headers={} if accept is None else {"Accept": accept})  # noqa: S310 - looked at above
    login = login or _of_netrc(bare, os.environ if environ is None else environ)
    if login is not None:
        # urllib hands the other kind of header on to whoever it is redirected to
        request.add_unredirected_header("Authorization", login)
    answer: HTTPResponse = build_opener(OwnServerAlone).open(request, timeout=timeout)
    return answer


def _server(request: Request) -> tuple[str, str]:
    return request.type, request.host


def _taken_apart(url: str) -> tuple[str, str | None]:
    from urllib.parse import unquote

    scheme, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    userinfo, at, place = authority.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return f"{scheme}{slashes}{place}{slash}{path}", _basic(unquote(user), unquote(password))


def _of_netrc(url: str, environ: Mapping[str, str]) -> str | None:
    import netrc

    try:
        found = netrc.netrc(environ.get("NETRC")).authenticators(host(url))
    except (OSError, ValueError, netrc.NetrcParseError):
        return None
    return None if found is None else _basic(found[0], found[2])


def _basic(user: str, password: str | None) -> str:
    from base64 import b64encode

    return "Basic " + b64encode(f"{user}:{password or ''}".encode()).decode()
