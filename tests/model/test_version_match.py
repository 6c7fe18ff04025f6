from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from envkeep.errors import BadFormatError
from envkeep.model.version_match import parse_versions

if TYPE_CHECKING:
    from envkeep.model.versions import Order

_versions = st.builds(
    lambda parts, suffix: ".".join(map(str, parts)) + suffix,
    st.lists(st.integers(0, 12), min_size=1, max_size=3),
    st.sampled_from(["", "", "rc1", ".post1", "a2", ".dev3"]),
)
# of a version with fewer parts than the prefix it is held against (`0rc1`, `=0.0`) conda and rattler are of two minds
_whole_versions = st.builds(
    lambda parts, suffix: ".".join(map(str, parts)) + suffix,
    st.lists(st.integers(0, 12), min_size=3, max_size=3),
    st.sampled_from(["", "", "rc1", ".post1", "a2", ".dev3"]),
)
_operators = st.sampled_from(["==", "!=", "<=", ">=", "<", ">"])
_conda_leaf = st.one_of(
    st.builds(lambda operator, version: operator + version, st.one_of(_operators, st.just("=")), _versions),
    st.builds(lambda major, minor: f"{major}.{minor}.*", st.integers(0, 3), st.integers(0, 3)),
    st.builds(lambda major, minor: f"~={major}.{minor}", st.integers(0, 3), st.integers(0, 3)),
)


@settings(deadline=None)
@given(st.lists(st.lists(_conda_leaf, min_size=1, max_size=2), min_size=1, max_size=2), _whole_versions)
def test_admits_what_rattler_does(alternatives: list[list[str]], version: str) -> None:
    rattler = pytest.importorskip("rattler")
    text = "|".join(",".join(leaves) for leaves in alternatives)
    expected = rattler.VersionSpec(text).matches(rattler.Version(version))
    assert parse_versions(text).admits(version, "conda") == expected


@settings(deadline=None)
@given(st.lists(st.builds(lambda operator, version: operator + version, _operators, _versions), max_size=3), _versions)
def test_admits_what_packaging_does(leaves: list[str], version: str) -> None:
    text = ",".join(leaves)
    assert parse_versions(text).admits(version, "pip") == SpecifierSet(text).contains(version, prereleases=True)


@pytest.mark.parametrize(
    ("text", "version", "order", "expected"),
    [
        ("<2", "2.0rc1", "conda", True),
        ("<2", "2.0rc1", "pip", False),
        ("==2.1.0", "2.1.0+cu121", "pip", True),
        ("==2.1.0", "2.1.0+cu121", "conda", False),
        ("==1.26.*", "1.26.4", "conda", True),
        ("==1.26.*", "1.26.4", "pip", True),
        ("=1.26", "1.26.4", "pip", True),
        ("=1.26", "1.260", "pip", False),
        ("1.26", "1.26.0", "conda", True),
        ("1.26", "1.26.4", "conda", False),
        ("=2024", "2024a", "pip", True),
        ("=1.1.1", "1.1.1k", "conda", True),
        ("(1.2|1.3),!=1.3.*", "1.3", "conda", False),
        ("(1.2|1.3),!=1.3.*", "1.2", "conda", True),
        ("1.*.4", "1.26.4", "conda", True),
        ("1.*.4", "1.26.5", "pip", False),
        ("", "anything at all", "pip", True),
        ("*", "1", "conda", True),
        (">=1", "4.0.0-unsupported", "pip", True),
    ],
)
def test_what_is_admitted(text: str, version: str, order: Order, expected: bool) -> None:
    assert parse_versions(text).admits(version, order) is expected


@pytest.mark.parametrize("text", [",", ">=", "1.2,", "|1", "(1.2", "1.2)", "<>1", ">=1.*.2", "1 2", "=>1", "(" * 80, "^1$"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(BadFormatError, match="is no version expression"):
        parse_versions(text)
