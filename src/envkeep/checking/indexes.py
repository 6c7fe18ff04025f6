"""Where pip looks for a distribution, and which versions it would find there: indexes and find-links, on servers or in folders.

Nothing is installed or downloaded. Sources: the simple API as HTML (PEP 503) and JSON (PEP 691), pip's --find-links.
"""

from __future__ import annotations

import os
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.indexes import configured_indexes
from envkeep.model.credentials import without_credentials
from envkeep.model.frozen import frozen
from envkeep.model.names import normalise
from envkeep.model.urls import is_url, path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.model.record import Record

__all__ = ["PYPI", "Place", "places_of", "project_files", "versions_of"]

PYPI = "https://pypi.org/simple"
_TIMEOUT = 20.0
_LARGEST = 64 << 20
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


@frozen
class Place:
    """A place where an installer looks.

    Attributes:
        url: of an index, or of find-links; without credentials. A folder that is configured by its path stands as that.
        asked: the same as it is configured, perhaps with credentials.
        of_projects: whether it is an index, which has a page for each project; else one page or folder has all files.
    """

    url: str
    asked: str = field(repr=False)
    of_projects: bool = True


def places_of(record: Record, prefix: Path | None, environ: Mapping[str, str]) -> tuple[Place, ...]:
    """Return where installers would look here for a record's distributions: its indexes, and what is configured besides.

    The log-in of an index is the configured one's of the same URL. Where no main index is configured, that is PyPI.

    Args:
        record: of the environment.
        prefix: of the live environment, whose own settings count; None where there is none.
        environ: the process's variables.
    """
    from envkeep.engines.pip_settings import pip_settings

    settings = pip_settings(environ)
    links = [
        Place(url=without_credentials(text).url, asked=text, of_projects=False)
        for text in (*settings.find_links, *environ.get("UV_FIND_LINKS", "").replace(",", " ").split())
    ]
    if settings.no_index:
        return tuple(links)
    configured = configured_indexes(prefix, environ)
    logins = {without_credentials(url).url: url for url in reversed(configured.all)}
    indexes = [*record.index_urls, *([] if configured.main else [PYPI])]
    return (*(Place(url=url, asked=logins.get(url, url)) for url in dict.fromkeys(indexes)), *links)


def project_files(place: Place, name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the files that a place has for a distribution, others among them where it is not an index.

    Args:
        place: an index or find-links.
        name: of the distribution.
        environ: NETRC.

    Raises:
        OSError: it is not there, or cannot be reached; ``urllib.error.HTTPError`` is one.
        ValueError: it is no place that can be asked.
    """
    local = path_of_file_url(place.asked) if is_url(place.asked) else place.asked
    if local is not None:
        return tuple(_in_folder(Path(local), name if place.of_projects else None))
    return tuple(_on_server(f"{place.asked.rstrip('/')}/{normalise(name)}/" if place.of_projects else place.asked, environ))


def versions_of(files: Iterable[str], name: str) -> frozenset[str]:
    """Return the versions of a distribution that files are of, by their names."""
    return frozenset(version for file in files if (version := _version_of(file, name)) is not None)


def _in_folder(place: Path, name: str | None) -> list[str]:
    if name is not None:
        # no folder of that name: no such project; no index at all: an error
        os.stat(place)  # noqa: PTH116
        place /= normalise(name)
        if not place.is_dir():
            return []
    page = place / "index.html" if place.is_dir() else place
    if page.is_file():
        return _linked_files(page.read_bytes()[:_LARGEST].decode("utf-8", "replace"))
    return sorted(entry.name for entry in place.iterdir())


def _on_server(url: str, environ: Mapping[str, str]) -> list[str]:
    import json
    from urllib.error import HTTPError

    from envkeep.engines.asking import opened

    try:
        with opened(url, timeout=_TIMEOUT, accept=_ACCEPT, environ=environ) as answer:
            data = answer.read(_LARGEST)
            kind = answer.headers.get_content_type()
    except HTTPError as error:
        error.close()
        if error.code in {404, 410}:
            return []
        raise
    text = data.decode("utf-8", "replace")
    if not kind.endswith("+json"):
        return _linked_files(text)
    try:
        return [str(file["filename"]) for file in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise OSError("its answer is not that of an index") from error


def _linked_files(page: str) -> list[str]:
    from html.parser import HTMLParser
    from urllib.parse import unquote

    files: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            href = dict(attrs).get("href") if tag == "a" else None
            if href:
                # by hand: urlsplit raises on some of what is found in the wild
                files.append(unquote(href.partition("#")[0].partition("?")[0].rpartition("/")[2]))

    Links().feed(page)
    return files


def _version_of(file: str, name: str) -> str | None:
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        if file.endswith(".whl"):
            found, wheel_version, *_ = parse_wheel_filename(file)
            return str(wheel_version) if found == normalise(name) else None
        if file.endswith((".tar.gz", ".zip")):
            found, version = parse_sdist_filename(file)
            if found == normalise(name):
                return str(version)
    except (InvalidWheelFilename, InvalidSdistFilename):
        pass
    # what was uploaded before the rules: a name, a dash, a version
    stem = file.removesuffix(".zip").removesuffix(".tar.gz")
    head, dash, written = stem.rpartition("-")
    return written if dash and stem != file and normalise(head) == normalise(name) else None
