"""Records made by hand and by Hypothesis, for tests of what takes a Record and touches no disk."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from hypothesis import strategies as st

from envkeep.model.record import CondaPackage, Distribution, EnvironmentInfo, Origin, PythonInfo, Record, Requested

__all__ = ["conda", "dist", "python", "record", "records"]


def python(version: str = "3.12.1") -> PythonInfo:
    return PythonInfo(version=version, build_text=version, executable="/envs/lab/bin/python", source="conda-meta")


def conda(name: str, version: str = "1.0", build: str = "0", **fields: Any) -> CondaPackage:
    given: dict[str, Any] = {"channel": "conda-forge", "subdir": "linux-64", **fields}
    return CondaPackage(name=name, version=version, build=build, **given)


def dist(name: str, version: str = "1.0", **fields: Any) -> Distribution:
    return Distribution(name=name, version=version, **fields)


def record(**fields: Any) -> Record:
    given: dict[str, Any] = {
        "captured_at": datetime(2025, 1, 31, 11, 24, 5, tzinfo=timezone.utc),
        "environment": EnvironmentInfo(name="lab", prefix="/envs/lab", kind="conda", subdir="linux-64"),
        "python": python(),
        **fields,
    }
    return Record(**given)


_names = st.sampled_from(["numpy", "six", "Flask_Cors", "flask-cors", "pyqt", "x264"])
_versions = st.sampled_from(["1.0", "1.0.0", "1.0rc1", "2.0", "1!0.5", "4.0.0-unsupported", "2.1+cu121"])

_conda_packages = st.builds(
    CondaPackage,
    name=_names.map(str.lower),
    version=_versions,
    build=st.sampled_from(["0", "py312_1"]),
    channel=st.sampled_from(["", "defaults", "conda-forge"]),
    subdir=st.sampled_from(["linux-64", "noarch"]),
    sha256=st.sampled_from([None, "a" * 64, "b" * 64]),
    md5=st.sampled_from([None, "c" * 32]),
)
_origins = st.builds(
    Origin,
    kind=st.sampled_from(["vcs", "archive", "directory"]),
    url=st.sampled_from(["https://example.org/six", "file:///home/me/six"]),
    editable=st.booleans(),
    vcs=st.sampled_from([None, "git"]),
    commit=st.sampled_from([None, "1" * 40, "2" * 40]),
    subdirectory=st.sampled_from([None, "python"]),
    hashes=st.sampled_from([(), (("sha256", "d" * 64),)]),
    remote=st.sampled_from([None, "https://example.org/six.git"]),
    dirty=st.sampled_from([None, True, False]),
)
_contents = st.sampled_from([None, "e" * 64, "f" * 64])
_distributions = st.one_of(
    st.builds(Distribution, name=_names, version=_versions, conda_package=_names.map(str.lower)),
    st.builds(
        Distribution,
        name=_names,
        version=_versions,
        origin=st.none() | _origins,
        requested=st.booleans(),
        content=_contents,
    ),
)


def records() -> st.SearchStrategy[Record]:
    """Records that are small, differ in little, and hold what real ones hold rarely: duplicates, odd versions, no Python."""
    return st.builds(
        record,
        python=st.none() | st.sampled_from(["3.11.7", "3.12.1"]).map(python),
        conda=st.lists(_conda_packages, max_size=4).map(tuple),
        distributions=st.lists(_distributions, max_size=4).map(tuple),
        requested=st.builds(
            Requested,
            specs=st.lists(st.sampled_from(["numpy", "numpy>=1", "six"]), max_size=2).map(tuple),
            inferred=st.booleans(),
        ),
        channels=st.sampled_from([(), ("conda-forge",)]),
        variables=st.lists(st.tuples(st.sampled_from(["A", "TOKEN"]), st.sampled_from(["1", "2"])), max_size=2).map(tuple),
        pinned=st.lists(st.sampled_from(["numpy 1.26.*", "six <2"]), max_size=2).map(tuple),
    )
