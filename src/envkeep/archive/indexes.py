"""Indexes over an archive's files, so that conda, mamba, micromamba, pixi and pip take packages from the unpacked folder."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envkeep.archive.conda_artefacts import artefact_name, subdir_of
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.archive.conda_artefacts import CondaArtefact
    from envkeep.archive.zipping import Ingredient

__all__ = ["repodata_files", "simple_index_files"]


def repodata_files(artefacts: Iterable[CondaArtefact], subdir: str) -> dict[str, bytes]:
    """Return ``channel/<subdir>/repodata.json`` of each subdir, the platform's and noarch among them.

    Args:
        artefacts: of the record.
        subdir: its platform.

    Source: the fields of conda-index's repodata.json; see https://docs.conda.io/projects/conda-build (CEP 15, CEP 16).
    """
    tables: dict[str, dict[str, dict[str, Any]]] = {each: {} for each in ("noarch", subdir) if each}
    for artefact in artefacts:
        name = artefact_name(artefact.package)
        tables.setdefault(subdir_of(artefact.package), {})[name] = _entry(artefact)
    return {
        f"channel/{each}/repodata.json": _json(
            {
                "info": {"subdir": each},
                "packages": {name: entry for name, entry in sorted(table.items()) if name.endswith(".tar.bz2")},
                "packages.conda": {name: entry for name, entry in sorted(table.items()) if name.endswith(".conda")},
                "removed": [],
                "repodata_version": 1,
            }
        )
        for each, table in tables.items()
    }


def simple_index_files(wheels: Iterable[tuple[str, Ingredient]]) -> dict[str, bytes]:
    """Return the pages of a simple index (PEP 503) that name wheels by relative links and hashes.

    Args:
        wheels: distribution names, and the wheels as they are packed.
    """
    projects: dict[str, list[str]] = {}
    for name, wheel in sorted(wheels, key=lambda pair: pair[1].name):
        file = wheel.name.rpartition("/")[2]
        link = f'<a href="../../{escape(quote(wheel.name))}#sha256={wheel.sha256}">{escape(file)}</a><br>'
        projects.setdefault(normalise(name), []).append(link)
    pages = {f"simple/{name}/index.html": _page(links) for name, links in sorted(projects.items())}
    pages["simple/index.html"] = _page([f'<a href="{escape(name)}/">{escape(name)}</a><br>' for name in sorted(projects)])
    return pages


def _entry(artefact: CondaArtefact) -> dict[str, Any]:
    package = artefact.package
    entry: dict[str, Any] = {
        "build": package.build,
        "build_number": package.build_number,
        "constrains": list(package.constrains),
        "depends": list(package.depends),
        "features": package.features,
        "license": package.license,
        "md5": artefact.digests.md5,
        "name": package.name,
        "noarch": package.noarch,
        "python_site_packages_path": package.python_site_packages_path,
        "sha256": artefact.digests.sha256,
        "size": artefact.digests.size,
        "subdir": subdir_of(package),
        "timestamp": package.timestamp,
        "track_features": " ".join(package.track_features),
        "version": package.version,
    }
    kept = {"build", "build_number", "depends", "name", "version"}
    return {key: value for key, value in entry.items() if key in kept or value not in (None, "", [])}


def _page(lines: list[str]) -> bytes:
    return ("<!DOCTYPE html>\n<html><body>\n" + "\n".join(lines) + "\n</body></html>\n").encode()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode("ascii")
