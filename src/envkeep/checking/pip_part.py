"""Findings about Python packages: where they came from, and whether that place would give them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.reading import is_file
from envkeep.checking.finding import Finding
from envkeep.checking.folders import folder_findings, may_look, needs_login, states_now
from envkeep.formats.requirement_indexes import other_indexes
from envkeep.formats.requirement_lines import is_pep440, requirement_line
from envkeep.model.fetched import ssh_url
from envkeep.model.names import is_dist_name
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import Distribution, Origin, Record

__all__ = ["pip_findings"]

_PACK = "Pack the environment (envkeep pack), or publish it to an index."


def pip_findings(record: Record, *, live: bool) -> Iterator[Finding]:
    """Yield what of a record's Python packages that are not conda's could not be had again.

    Looks at folders and files that the record names, as they are on this machine now.

    Args:
        record: of the environment.
        live: whether it was captured a moment ago: then git is asked about every checkout, and says more than the record; else
            only about those of which the record says nothing.
    """
    states = states_now(record, every=live)
    for dist in record.pip:
        if dist.origin is None:
            yield from _from_index(dist, record)
        elif dist.origin.kind == "directory":
            yield from folder_findings(dist, dist.origin, states.get(dist.origin.url), live=live)
        elif dist.origin.kind == "archive":
            yield from _archive(dist, dist.origin, live=live)
        else:
            yield from _repository(dist, dist.origin)


def _from_index(dist: Distribution, record: Record) -> Iterator[Finding]:
    line = requirement_line(dist, elsewhere=bool(other_indexes(record.index_urls)))
    if line.reason is not None:
        elsewhere = is_dist_name(dist.name) and is_pep440(dist.version)
        yield Finding(
            rank="here-only",
            code="unindexable-version",
            subject=dist.name,
            fact=f"{dist.name} {dist.version} is on no public index: {line.reason}",
            remedy="Configure the index it came from (pip config set global.extra-index-url URL), or pack the environment."
            if elsewhere
            else "Pack the environment (envkeep pack), or install a release that pip takes by name and version.",
        )


def _archive(dist: Distribution, origin: Origin, *, live: bool) -> Iterator[Finding]:
    path = path_of_file_url(origin.url)
    if path is None:
        if origin.auth is not None:
            yield needs_login(dist, origin.url, origin.auth)
        return
    file = Path(path)
    looked = may_look(path, live=live)
    if looked and not is_file(file):
        yield Finding(
            rank="lost",
            code="missing-file",
            subject=dist.name,
            fact=f"{dist.name} {dist.version} was installed from {path}, which is not there any more",
            remedy="Bring the file back, or install it from an index; the installed files are all that is left of it.",
        )
        return
    if looked and not _hash_fits(file, origin):
        yield Finding(
            rank="lost",
            code="changed-file",
            subject=dist.name,
            fact=f"{dist.name} {dist.version} was installed from {path}, which is another file by now",
            remedy="Bring the original back, or install the new one.",
        )
        return
    yield Finding(
        rank="here-only",
        code="local-file",
        subject=dist.name,
        fact=f"{dist.name} {dist.version} was installed from the local file {path}",
        remedy=_PACK,
    )


def _hash_fits(file: Path, origin: Origin) -> bool:
    import hashlib

    for algorithm, wanted in origin.hashes:
        if algorithm in {"sha256", "sha384", "sha512"}:
            digest = hashlib.new(algorithm)
            try:
                with file.open("rb") as stream:
                    while block := stream.read(1 << 20):
                        digest.update(block)
            except OSError:
                return False
            return digest.hexdigest() == wanted.lower()
    return True


def _repository(dist: Distribution, origin: Origin) -> Iterator[Finding]:
    if origin.commit is None:
        url = f"{origin.vcs or 'git'}+{ssh_url(origin.url)}"
        yield Finding(
            rank="at-risk",
            code="no-commit",
            subject=dist.name,
            fact=f"{dist.name} came from {origin.url}, and at which commit is not recorded",
            remedy=f"Install it again at a commit: pip install '{dist.name} @ {url}@COMMIT'",
        )
    elif path_of_file_url(origin.url) is not None:
        yield Finding(
            rank="here-only",
            code="local-repository",
            subject=dist.name,
            fact=f"{dist.name} came from the local repository {path_of_file_url(origin.url)}",
            remedy=_PACK,
        )
    elif origin.auth is not None:
        yield needs_login(dist, origin.url, origin.auth)
