"""A record's identity: what has to be equal for two records to be of the same environment content.

Identity is Python's x.y.z, the packages with builds, channels and origins, the variables, the pins and the requested specs. It
is not time, path, order, file names of artefacts, how a version was found out, spelling of specs, problems, who installed a
package, or the state of a checkout (dirty, unpushed).
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from envkeep.errors import BadFormatError
from envkeep.model.kept import Kept
from envkeep.model.matchspec import spell
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage, Distribution, Origin, Record

__all__ = [
    "conda_identity",
    "content",
    "content_digest",
    "distribution_identity",
    "origin_identity",
    "same_content",
    "spec_identity",
]

T = TypeVar("T")


def content(record: Record) -> dict[str, Any]:
    """Return the identity of a record as plain values of JSON, in canonical order."""
    return {
        "python": record.python.version if record.python else None,
        "conda": sorted(conda_identity(package) for package in record.conda),
        "distributions": sorted((distribution_identity(dist) for dist in record.distributions), key=repr),
        "requested": sorted(spec_identity(spec) for spec in record.requested.specs),
        "variables": sorted([name, value] for name, value in record.variables),
        "pinned": sorted(record.pinned),
    }


def content_digest(record: Record) -> str:
    """Return the sha256 hex of a record's identity: equal digests, equal content."""
    # the canonical JSON of `content`, its keys in order, from parts that most records of one process share
    parts = {
        "conda": _listed(_CONDA.each(record.conda)),
        "distributions": _listed(_DISTRIBUTIONS.each(record.distributions)),
        "pinned": _canonical(sorted(record.pinned)),
        "python": _canonical(record.python.version if record.python else None),
        "requested": _canonical(sorted(map(spec_identity, record.requested.specs))),
        "variables": _canonical(sorted([name, value] for name, value in record.variables)),
    }
    text = ",".join([f'"{key}":{part}' for key, part in parts.items()])
    return hashlib.sha256(f"{{{text}}}".encode("ascii")).hexdigest()


def same_content(one: Record, other: Record) -> bool:
    """Return whether two records are of the same content."""
    return content(one) == content(other)


def conda_identity(package: CondaPackage) -> list[str]:
    """Return what of a conda package is content; a comparison of packages uses it, so that there is one truth."""
    return [
        package.name,
        package.version,
        package.build,
        package.channel,
        package.subdir,
        package.sha256 or package.md5 or "",
    ]


def distribution_identity(dist: Distribution) -> list[Any]:
    """Return what of a Python distribution is content."""
    return [
        normalise(dist.name),
        dist.version,
        dist.conda_package,
        origin_identity(dist.origin),
        dist.content,
    ]


def origin_identity(origin: Origin | None) -> list[Any] | None:
    """Return what of an origin is content; None for an index."""
    if origin is None:
        return None
    return [
        origin.kind,
        origin.url,
        origin.editable,
        # what a folder's checkout is at now says nothing of a copy that was installed from it
        origin.commit if origin.editable or origin.kind == "vcs" else None,
        origin.subdirectory,
        [list(pair) for pair in origin.hashes],
    ]


@lru_cache(maxsize=4096)
def spec_identity(spec: str) -> str:
    """Return a requested spec in one spelling: conda's ``six[version='>=1.17']`` and mamba's ``six>=1.17`` ask for the same."""
    try:
        return spell(spec)
    except BadFormatError:
        return spec


_canonical = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode
# (what `content` sorts by, JSON)
_CONDA: Kept[CondaPackage, tuple[list[str], str]] = Kept(lambda package: ((key := conda_identity(package)), _canonical(key)))
_DISTRIBUTIONS: Kept[Distribution, tuple[str, str]] = Kept(
    lambda dist: (repr(key := distribution_identity(dist)), _canonical(key)),
)


def _listed(found: list[tuple[T, str]]) -> str:
    found.sort(key=itemgetter(0))
    return f"[{','.join([text for _, text in found])}]"
