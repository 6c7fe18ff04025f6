"""``check --online``: what channels and indexes no longer have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.checking.finding import Finding
from envkeep.engines.base import NoProgress
from envkeep.model.names import is_dist_name, normalise
from envkeep.model.urls import host
from envkeep.model.versions import compare_versions, pep440

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkeep.engines.base import Engine, Progress
    from envkeep.model.record import Distribution, Record

__all__ = ["PYPI", "online_findings", "versions_on_index"]

PYPI = "https://pypi.org/simple"
_TIMEOUT = 20.0
_WORKERS = 8
_LARGEST = 64 << 20
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


def online_findings(record: Record, engine: Engine | None, progress: Progress | None = None) -> Iterator[Finding]:
    """Yield the artefacts and versions that are not to be had any more.

    Args:
        record: of the environment.
        engine: asks for conda's artefacts; None leaves them out.
        progress: told how far it is.

    Raises:
        EngineError: the engine cannot be run.
    """
    told = NoProgress() if progress is None else progress
    if engine is not None and record.conda:
        for name, reason in engine.unavailable([package for package in record.conda if package.url], told):
            yield Finding(
                rank="lost",
                code="artefact-gone",
                subject=name,
                fact=f"the artefact of {name} is not to be had any more: {reason}",
                remedy="A rebuild takes another build of it; pack the environment while its artefact is cached.",
            )
    yield from _index_findings(record, told)


def versions_on_index(index: str, name: str) -> frozenset[str] | None:
    """Return the versions that an index has files of, yanked ones too (a pin still gets them); None where it has none.

    The simple API as JSON (PEP 691) or HTML (PEP 503).

    Args:
        index: its URL, without credentials.
        name: of the distribution.

    Raises:
        OSError: it cannot be reached; ``urllib.error.HTTPError`` is one.
    """
    import json
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(f"{index.rstrip('/')}/{normalise(name)}/", headers={"Accept": _ACCEPT})  # noqa: S310 - see the callers
    try:
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            data = answer.read(_LARGEST)
            kind = answer.headers.get_content_type()
    except HTTPError as error:
        if error.code in {404, 410}:
            return None
        raise
    text = data.decode("utf-8", "replace")
    if kind.endswith("+json"):
        try:
            document = json.loads(text)
            files = [str(file["filename"]) for file in document["files"]]
        except (ValueError, KeyError, TypeError) as error:
            raise OSError(f"the answer of {index} for {name} is not that of an index") from error
    else:
        files = _linked_files(text)
    return frozenset(version for file in files if (version := _version_of(file, name)) is not None)


def _index_findings(record: Record, progress: Progress) -> Iterator[Finding]:
    from concurrent.futures import ThreadPoolExecutor

    dists = [dist for dist in record.pip if dist.origin is None and is_dist_name(dist.name)]
    indexes = [url for url in record.index_urls if url.startswith(("https://", "http://"))]
    if record.index_urls and len(indexes) < len(record.index_urls):
        # what an index on this machine has, its own files say; nothing is gone as long as it is there
        return
    indexes = indexes or [PYPI]
    progress.start("Asking the index", len(dists))
    with ThreadPoolExecutor(_WORKERS) as pool:
        for finding in pool.map(lambda dist: _index_finding(dist, indexes), dists):
            progress.advance()
            if finding is not None:
                yield finding
    progress.finish()


def _index_finding(dist: Distribution, indexes: Sequence[str]) -> Finding | None:
    known = False
    for index in indexes:
        try:
            versions = versions_on_index(index, dist.name)
        except (OSError, ValueError) as error:
            return Finding(
                rank="unclear",
                code="index-not-reached",
                subject=host(index) or index,
                fact=f"{index} does not say what it has: {error}",
                remedy="Check the network and the index settings of pip, and try again.",
            )
        if versions is not None:
            known = True
            if any(_same(version, dist.version) for version in versions):
                return None
    where = " and ".join(indexes)
    what = f"{dist.name} {dist.version} is" if known else f"{dist.name}, in any version, is"
    return Finding(
        rank="lost",
        code="version-gone",
        subject=dist.name,
        fact=f"{what} not on {where}",
        remedy="Pack the environment (envkeep pack), or install a version that the index has.",
    )


def _same(one: str, other: str) -> bool:
    return one == other or (pep440(one) is not None and compare_versions(one, other, "pip") == 0)


def _linked_files(page: str) -> list[str]:
    from html.parser import HTMLParser
    from urllib.parse import unquote, urlsplit

    files: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            href = dict(attrs).get("href") if tag == "a" else None
            if href:
                files.append(unquote(urlsplit(href).path.rpartition("/")[2]))

    Links().feed(page)
    return files


def _version_of(file: str, name: str) -> str | None:
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        if file.endswith(".whl"):
            return str(parse_wheel_filename(file)[1])
        if file.endswith((".tar.gz", ".zip")):
            return str(parse_sdist_filename(file)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        # what was uploaded before the rules: a name, a dash, a version
        stem = file.removesuffix(".zip").removesuffix(".tar.gz")
        head, dash, version = stem.rpartition("-")
        return version if dash and normalise(head) == normalise(name) else None
    return None
