"""The package indexes that requirements need besides PyPI, which takes no local versions (PEP 440) such as 2.1.0+cu121."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from envkeep.model.fetched import is_fetched, quoted
from envkeep.model.names import normalise
from envkeep.model.urls import host

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkeep.formats.requirement_lines import RequirementLine
    from envkeep.model.record import Record

__all__ = ["NeededIndexes", "needed_indexes", "other_indexes"]

_PUBLIC_HOSTS = frozenset({"pypi.org", "pypi.python.org", "files.pythonhosted.org", "test.pypi.org"})


class NeededIndexes(NamedTuple):
    """What a list needs besides PyPI.

    Attributes:
        pins: the lines that need it: ``torch==2.1.0+cu121``.
        options: ``--extra-index-url URL``, as pip's requirements files, and so conda's and mamba's pip sections, take it.
        with_login: URLs, of these indexes and of lines (``name @ url``), that had credentials, which are in no record.
    """

    pins: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    with_login: tuple[str, ...] = ()

    @property
    def login_comment(self) -> str | None:
        """What to say of credentials; None where none were dropped."""
        if not self.with_login:
            return None
        urls = ", ".join(self.with_login)
        return f"{urls} asked for credentials, which are not in this file: netrc, pip's settings or git's have to hold them"


def other_indexes(urls: Iterable[str]) -> tuple[str, ...]:
    """Return those indexes that are not PyPI's own."""
    return tuple(url for url in urls if host(url) not in _PUBLIC_HOSTS)


def needed_indexes(record: Record, lines: Iterable[RequirementLine], *, portable: bool = False) -> NeededIndexes:
    """Return what lines of a record need besides PyPI: indexes that it knows, and credentials that it does not hold.

    Args:
        record: knows the indexes that pip and uv were configured with.
        lines: of its distributions.
        portable: whether folders of this machine are left out.
    """
    installed = [line for line in lines if line.reason is None]
    pins = tuple(line.text for line in installed if "+" in line.text and " @ " not in line.text)
    urls = [url for url in other_indexes(record.index_urls) if is_fetched(url)] if pins else []
    if portable:
        urls = [url for url in urls if not url.lower().startswith("file:")]
    located = {line.key for line in installed if " @ " in line.text}
    with_login = [url for url, _ in record.index_auth if url in urls]
    origins = (dist.origin for dist in record.pip if normalise(dist.name) in located)
    with_login += [origin.url for origin in origins if origin is not None and origin.auth is not None]
    return NeededIndexes(
        pins=pins,
        options=tuple(f"--extra-index-url {quoted(url)}" for url in urls),
        with_login=tuple(dict.fromkeys(map(quoted, with_login))),
    )
