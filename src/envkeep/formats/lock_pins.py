"""What a lock file needs of a Python package beyond its version: the address and the hash of its artefact.

An installed environment holds neither (PEP 376 and PEP 610 do not ask for them); ``archive.pins`` gathers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import RefusedError
from envkeep.model.fetched import is_fetched, is_repository, is_revision, quoted, ssh_url
from envkeep.model.frozen import frozen
from envkeep.model.names import is_dist_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.model.record import Distribution

__all__ = ["Pin", "refuse_unpinned", "repository_url", "unpinnable"]


@frozen
class Pin:
    """The artefact of a Python package.

    Attributes:
        sha256: hex.
        file: its file name.
        url: where it is had; None where only its hash is known.
        path: where it lies in an unpacked archive, with ``/``.
        size: bytes, if known.
    """

    sha256: str
    file: str
    url: str | None = None
    path: str | None = None
    size: int | None = None


def repository_url(dist: Distribution) -> str | None:
    """Return ``git+https://...@commit`` of a distribution from a repository that others reach; None for any other.

    A commit is the hash of what it holds.
    """
    origin = dist.origin
    if origin is None or origin.kind != "vcs" or origin.commit is None or not is_revision(origin.commit):
        return None
    url = ssh_url(origin.url)
    return f"{origin.vcs or 'git'}+{quoted(url)}@{origin.commit}" if is_repository(url) else None


def refuse_unpinned(lacking: Mapping[str, str], what: str, *, also: str = "") -> None:
    """Raise an error that lists the packages of which a hash or an address is not known.

    Args:
        lacking: names, and what is lacking.
        what: the kind of file.
        also: another way out, which only this kind has.

    Raises:
        RefusedError: there is one.
    """
    if not lacking:
        return
    listed = "; ".join(f"{name}: {reason}" for name, reason in sorted(lacking.items()))
    raise RefusedError(
        f"a {what} names every artefact by address and hash, and these are not known: {listed}",
        f"With --online indexes and channels are asked; what they lack is in an archive (envkeep pack) in place of BACKUP.{also}",
    )


def unpinnable(dist: Distribution) -> str | None:
    """Return why no lock file can hold a distribution, whatever is known; None where one can."""
    if not is_dist_name(dist.name):
        return "pip takes no such name"
    if dist.origin is not None and dist.origin.kind == "directory":
        return "it came from a folder, which has no hash"
    if dist.origin is not None and dist.origin.kind == "vcs" and repository_url(dist) is None:
        return "no commit of it is recorded that could be fetched"
    if dist.origin is not None and dist.origin.kind == "archive" and not is_fetched(dist.origin.url):
        return "its URL is none that is fetched from"
    return None
