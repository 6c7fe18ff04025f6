"""What a plan has to know of this machine, gathered: only looked at, nothing started but the Pythons that are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.model.record import Record
from envkeep.model.urls import host, path_of_file_url
from envkeep.planning.facts import LocalFacts, LocalPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkeep.model.record import Origin
    from envkeep.model.specification import Specification

__all__ = ["gather_facts", "look_at", "without_folder"]


def gather_facts(
    source: Record | Specification,
    environ: Mapping[str, str],
    *,
    subdir: str | None = None,
    ask_servers: bool = True,
    channels: tuple[str, ...] = (),
) -> LocalFacts:
    """Return what is so on this machine and matters to a plan of this source.

    Args:
        source: its local origins are looked at; for a venv's record the Pythons of the machine are looked for.
        environ: where condarc and Pythons are looked for.
        subdir: the platform to plan for; None: this machine's.
        ask_servers: look at paths on file servers, too. Windows sends the user's credentials there, so not for a file of unknown
            origin.
        channels: that envkeep's settings name.
    """
    from envkeep.capturing.condarc import read_condarc
    from envkeep.capturing.layout import machine_subdir
    from envkeep.capturing.naming import stated_roots

    paths = {
        origin.url: look_at(origin) if ask_servers or not _is_servers(origin) else LocalPath(kind=None, on_server=True)
        for origin in _origins(source)
        if path_of_file_url(origin.url) is not None
    }
    pythons: tuple[str, ...] = ()
    if isinstance(source, Record) and not source.conda:
        from envkeep.engines.pythons import pythons as find

        pythons = tuple(python.version for python in find(environ))
    return LocalFacts(
        subdir=subdir or machine_subdir(),
        pythons=pythons,
        configured_channels=channels,
        condarc_channels=read_condarc(None, environ, stated_roots(environ)).channels,
        paths=paths,
    )


def look_at(origin: Origin) -> LocalPath:
    """Return what stands at an origin's ``file://`` URL now; what cannot be read is not there."""
    from envkeep.capturing.checkout import find_checkout

    text = path_of_file_url(origin.url)
    path = Path(text) if text is not None else None
    try:
        if path is not None and path.is_dir():
            checkout = find_checkout(path)
            return LocalPath(kind="directory", commit=None if checkout is None else checkout.commit)
        # a pipe or a device is no archive, and reading it may never end
        if path is None or not path.is_file():
            return LocalPath(kind=None)
        return LocalPath(kind="file", hash_fits=_hash_fits(path, origin))
    except (OSError, ValueError):
        return LocalPath(kind=None)


def _is_servers(origin: Origin) -> bool:
    # Windows takes two slashes of either kind for a server's name
    path = (path_of_file_url(origin.url) or "").replace("\\", "/")
    return path.startswith("//") or host(origin.url) not in {"", "localhost"}


def without_folder(facts: LocalFacts, folder: Path) -> LocalFacts:
    """Return facts as they will be once a folder has been moved away: what lies in it is not at its place any more."""
    paths = {
        url: LocalPath(kind=None) if (path := path_of_file_url(url)) is not None and folder in Path(path).parents else there
        for url, there in facts.paths.items()
    }
    return replace(facts, paths=paths)


def _origins(source: Record | Specification) -> Iterator[Origin]:
    items = source.pip if isinstance(source, Record) else source.requirements
    for item in items:
        if item.origin is not None:
            yield item.origin


def _hash_fits(path: Path, origin: Origin) -> bool | None:
    import hashlib

    for kind, wanted in origin.hashes:
        if kind not in hashlib.algorithms_guaranteed or kind.startswith("shake"):
            continue
        digest = hashlib.new(kind, usedforsecurity=False)
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest() == wanted.lower()
    return None
