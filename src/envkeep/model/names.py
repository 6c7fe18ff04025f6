"""Names of Python distributions, conda packages and environments."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ARTEFACT", "is_conda_name", "is_dist_name", "normalise"]

_RUNS = re.compile(r"[-_.]+")
# PEP 508's identifier; also what PEP 345 allows
_DIST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
# CEP 26: conda package names; `_` leads virtual and activation-only packages
_CONDA_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\Z")

# the file name of a conda package, at the end of a path or URL
ARTEFACT = re.compile(r"(?P<name>[^/\\]+)-(?P<version>[^-/\\]+)-(?P<build>[^-/\\]+)(?:\.tar\.bz2|\.conda)\Z")


# a backup asks several times for each of its packages
@lru_cache(maxsize=8192)
def normalise(name: str) -> str:
    """Return a distribution's name in its one comparable spelling (PEP 503): ``Flask_Cors`` gives ``flask-cors``."""
    return _RUNS.sub("-", name).lower()


def is_dist_name(name: str) -> bool:
    """Return whether a string can be a Python distribution's name (PEP 508), and nothing else on a command line."""
    return _DIST_NAME.match(name) is not None


def is_conda_name(name: str) -> bool:
    """Return whether a string can be a conda package's name (CEP 26), and nothing else on a command line."""
    return _CONDA_NAME.match(name) is not None
