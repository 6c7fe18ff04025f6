"""One conda package of a record, in a module of its own: the embedded engine's process needs nothing else of records."""

from __future__ import annotations

from typing import Literal

from envkeep.model.frozen import frozen

__all__ = ["CondaPackage"]


@frozen
class CondaPackage:
    """One conda package as conda-meta records it; the fields that a rebuild without a solve needs are all here.

    Attributes:
        channel: canonical as conda spells it (``conda-forge``, ``defaults``, ``file:///srv/chan``, ``https://host/path``); empty
            where nothing says.
        url: of the artefact, without credentials; None where the record holds none.
        size: bytes.
        timestamp: milliseconds since 1970, as repodata has it.
        depends, constrains: MatchSpec strings in the record's own order.
        noarch: ``python``, ``generic`` or None.
        link_scripts: the link scripts in its file list (``post-link``, ``pre-unlink``, ...), sorted.
        altered: ``removed`` where the files of its Python distribution are gone (pip uninstalled it), ``overwritten`` where a pip
            package of the same name stands in its place, None where neither was seen.
        auth: the kind of credentials that its URL held and that were dropped (``token``, ``user``, ``query``), else None.
    """

    name: str
    version: str
    build: str
    build_number: int = 0
    channel: str = ""
    subdir: str = ""
    fn: str | None = None
    url: str | None = None
    md5: str | None = None
    sha256: str | None = None
    size: int | None = None
    timestamp: int | None = None
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    noarch: str | None = None
    track_features: tuple[str, ...] = ()
    features: str | None = None
    python_site_packages_path: str | None = None
    license: str | None = None
    link_scripts: tuple[str, ...] = ()
    altered: Literal["removed", "overwritten"] | None = None
    auth: str | None = None

    @property
    def spec(self) -> str:
        """``name=version=build``, as conda writes a package in an environment.yml."""
        return f"{self.name}={self.version}={self.build}"
