from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envkeep.restoring.candidates import nearest_versions, ranked
from support.records import conda


def test_the_same_version_then_the_same_series_newer_first() -> None:
    there = {"3.11.5", "3.11.9", "3.12.0", "3.10.14", "3.11.7"}
    assert nearest_versions("3.11.7", there) == ("3.11.7", "3.11.9", "3.11.5", "3.12.0", "3.10.14")


@given(st.sampled_from(["1.2", "1.2.3", "2"]), st.sets(st.sampled_from(["1", "1.2", "1.2.3", "1.3", "2.0", "2.0.1", "1!1"])))
def test_no_version_is_lost(wanted: str, versions: set[str]) -> None:
    found = nearest_versions(wanted, versions)
    assert sorted(found) == sorted(versions)
    assert wanted not in versions or found[0] == wanted


def test_a_build_for_the_same_python_comes_before_a_newer_one_and_gone_ones_never() -> None:
    depends = ("python >=3.11,<3.12.0a0", "python_abi 3.11.* *_cp311")
    wanted = conda("numpy", "1.26.4", "py311_0", depends=depends)
    offers = (
        conda("numpy", "1.26.4", "py312_7", build_number=7, url="u1", depends=("python >=3.12,<3.13.0a0",)),
        conda("numpy", "1.26.4", "py311_1", build_number=1, url="u2", depends=depends),
        conda("numpy", "1.26.4", "py311_0", url="gone", depends=depends),
        conda("numpy", "1.26.5", "py311_0", url="u3", depends=depends),
        conda("scipy", "1.26.4", "py311_1", url="u4"),
    )
    assert [offer.url for offer in ranked(wanted, offers, {"gone"})] == ["u2", "u1", "u3"]
