"""Package records as conda, mamba and micromamba print them with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkeep.model.channels import canonical_channel
from envkeep.model.credentials import without_credentials
from envkeep.model.record import CondaPackage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["linked_names", "package_of", "packages_of_search"]


def package_of(value: Mapping[str, Any]) -> CondaPackage:
    """Return the package of a whole repodata record, its URL without credentials."""
    clean = without_credentials(str(value["url"]))
    track = value.get("track_features") or ()
    noarch = value.get("noarch")
    return CondaPackage(
        name=value["name"],
        version=value["version"],
        # micromamba prints `build_string` beside or instead of `build`
        build=value.get("build") or value.get("build_string") or "",
        build_number=value.get("build_number") or 0,
        channel=canonical_channel(clean.url),
        subdir=value.get("subdir") or clean.url.rsplit("/", 2)[-2],
        fn=value.get("fn") or clean.url.rsplit("/", 1)[-1],
        url=clean.url,
        md5=value.get("md5") or None,
        sha256=value.get("sha256") or None,
        size=value.get("size") or None,
        timestamp=value.get("timestamp") or None,
        depends=tuple(value.get("depends") or ()),
        constrains=tuple(value.get("constrains") or ()),
        noarch=noarch if noarch in ("python", "generic") else None,
        track_features=tuple(track.replace(",", " ").split() if isinstance(track, str) else track),
        features=value.get("features") or None,
        python_site_packages_path=value.get("python_site_packages_path") or None,
        license=value.get("license") or None,
        auth=clean.auth,
    )


def packages_of_search(answer: Mapping[str, Any]) -> Iterator[CondaPackage]:
    """Yield the packages of a ``search --json``: conda's by name, micromamba's under ``result``."""
    result = answer.get("result")
    found: Iterable[Any] = (
        result.get("pkgs") or () if isinstance(result, dict) else (each for part in answer.values() for each in part)
    )
    yield from (package_of(each) for each in found if isinstance(each, dict) and each.get("url"))


def linked_names(actions: Mapping[str, Any]) -> Iterator[tuple[str, CondaPackage | None]]:
    """Yield each package of a dry run's ``LINK`` by its dist name (``six-1.17.0-pyhd8ed1ab_0``).

    micromamba gives whole records there. conda gives them under ``FETCH``, of the packages that are not in its cache; of the
    others it gives names only, and None is yielded.
    """
    fetched = {_dist_name(each): each for each in actions.get("FETCH") or () if isinstance(each, dict)}
    for each in actions.get("LINK") or ():
        dist = _dist_name(each)
        whole = each if each.get("url") else fetched.get(dist)
        yield dist, None if whole is None else package_of(whole)


def _dist_name(value: Mapping[str, Any]) -> str:
    return str(value.get("dist_name") or f"{value['name']}-{value['version']}-{value.get('build') or value.get('build_string')}")
