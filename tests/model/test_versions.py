from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.model.versions import CondaVersion, compare_versions

# the list in conda's VersionOrder documentation, ascending; equal ones share a line
DOCUMENTED = [
    ["0.4", "0.4.0"],
    ["0.4.1.rc", "0.4.1.RC"],
    ["0.4.1"],
    ["0.5a1"],
    ["0.5b3"],
    ["0.5C1"],
    ["0.5"],
    ["0.9.6"],
    ["0.960923"],
    ["1.0"],
    ["1.1dev1"],
    ["1.1_"],
    ["1.1a1"],
    ["1.1.0dev1", "1.1.dev1"],
    ["1.1.a1"],
    ["1.1.0rc1"],
    ["1.1.0", "1.1"],
    ["1.1.0post1", "1.1.post1"],
    ["1.1post1"],
    ["1996.07.12"],
    ["1!0.4.1"],
    ["1!3.1.1.6"],
    ["2!0.4.1"],
]

_part = st.one_of(
    st.integers(0, 2030).map(str),
    st.sampled_from(["1a", "1b2", "0rc1", "1dev", "1dev3", "1post", "1post2", "alpha", "dev", "post1", "2024a", "1k", "g4f2a"]),
)
conda_versions = st.builds(
    lambda epoch, parts, final, local: (
        (f"{epoch}!" if epoch else "")
        + ".".join(parts)
        # openssl's way; after letters conda and rattler are of two minds
        + (final if parts[-1][-1].isdigit() else "")
        + (f"+{'.'.join(local)}" if local else "")
    ),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.lists(_part, min_size=1, max_size=4),
    st.sampled_from(["", "", "_"]),
    st.lists(_part, max_size=2),
)


def test_documented_order() -> None:
    for line in DOCUMENTED:
        assert len({CondaVersion(text) for text in line}) == 1
    for lower, higher in pairwise(DOCUMENTED):
        assert CondaVersion(lower[0]) < CondaVersion(higher[-1]), (lower, higher)


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.1.1_", "1.1.1a"), ("1.1.1k", "1.1.1l"), ("2024a", "2024b"), ("9e", "10"), ("1.9", "1.10"), ("1.0", "1.0+1")],
)
def test_openssl_and_the_like(older: str, newer: str) -> None:
    assert compare_versions(older, newer, "conda") == -1
    assert compare_versions(newer, older, "conda") == 1


@settings(deadline=None)
@given(conda_versions, conda_versions)
def test_orders_as_rattler_does(one: str, other: str) -> None:
    rattler = pytest.importorskip("rattler")
    mine, theirs = rattler.Version(one), rattler.Version(other)
    assert compare_versions(one, other, "conda") == (mine > theirs) - (mine < theirs)


@settings(deadline=None)
@given(conda_versions, conda_versions)
def test_starts_with_as_rattler_does(one: str, other: str) -> None:
    rattler = pytest.importorskip("rattler")
    # conda compares the whole version before a local part, rattler its beginning; conda is what made the environment
    if "_" not in other and "+" not in other:
        assert CondaVersion(one).starts_with(CondaVersion(other)) == rattler.Version(one).starts_with(rattler.Version(other))


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_any_text_has_its_place(a: str, b: str, c: str) -> None:
    x, y, z = CondaVersion(a), CondaVersion(b), CondaVersion(c)
    assert x.compare(y) == -y.compare(x)
    if x <= y and y <= z:
        assert x <= z
    if x == y:
        assert hash(x) == hash(y)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1.0rc1", "1.0", -1),
        ("1.0.dev1", "1.0a1", -1),
        ("1.0", "1.0.0", 0),
        ("1.0-1", "1.0", 1),
        ("2.1.0+cu118", "2.1.0+cu121", -1),
        ("4.0.0-unsupported", "4.0.1", -1),
    ],
)
def test_pip_order(one: str, other: str, expected: int) -> None:
    assert compare_versions(one, other, "pip") == expected
