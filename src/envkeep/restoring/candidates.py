"""What a channel offers in place of a package that cannot be had, the nearest first; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.versions import CondaVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from envkeep.model.record import CondaPackage

__all__ = ["nearest_versions", "ranked"]


def ranked(wanted: CondaPackage, offers: Iterable[CondaPackage], gone: Collection[str]) -> tuple[CondaPackage, ...]:
    """Return the offers of a package's name that are not gone, the nearest first.

    The same version comes first, then versions by nearness; among builds of one version the one that depends on most of the same
    packages (so that it is for the same Python), then the higher build number.

    Args:
        wanted: the package that cannot be had.
        offers: of any name.
        gone: URLs that were tried.
    """
    fit = [offer for offer in offers if offer.name == wanted.name and offer.url and offer.url not in gone]
    order = {version: rank for rank, version in enumerate(nearest_versions(wanted.version, {offer.version for offer in fit}))}
    depends = set(wanted.depends)
    return tuple(
        sorted(
            fit,
            key=lambda offer: (
                order[offer.version],
                -len(depends & set(offer.depends)),
                -offer.build_number,
                offer.build,
            ),
        )
    )


def nearest_versions(wanted: str, versions: Iterable[str]) -> tuple[str, ...]:
    """Return versions by nearness: itself, then those that share most of its leading components, newer ones before older ones."""
    pivot = CondaVersion(wanted)
    newer = sorted((version for version in versions if CondaVersion(version) >= pivot), key=CondaVersion)
    older = sorted((version for version in versions if CondaVersion(version) < pivot), key=CondaVersion, reverse=True)
    by_side = [version for version in newer if version == wanted]
    by_side += [version for version in (*newer, *older) if version != wanted]
    return tuple(sorted(by_side, key=lambda version: -_shared(wanted, version)))


def _shared(one: str, other: str) -> int:
    if one == other:
        return 1_000
    count = 0
    for left, right in zip(one.split("."), other.split("."), strict=False):
        if left != right:
            break
        count += 1
    return count
