from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from envkeep.model.names import normalise
from envkeep.model.record import EnvironmentInfo, Origin, Record, Requested
from envkeep.model.specification import Requirement, Specification
from envkeep.verifying.verify import verify
from support.records import conda, dist, python, record, records

if TYPE_CHECKING:
    from envkeep.verifying.outcome import Outcome


def lab(**fields: object) -> Record:
    given: dict[str, object] = {
        "conda": (
            conda("numpy", "1.26.4", "py312_0", sha256="a" * 64),
            conda("openssl", "3.5.0", "h7b_0", sha256="b" * 64),
            conda("python", "3.12.1", "h1_0", sha256="c" * 64),
        ),
        "distributions": (
            dist("numpy", "1.26.4", conda_package="numpy"),
            dist("six", "1.16.0", content="d" * 64, tags=("py3-none-any",)),
        ),
        "requested": Requested(specs=("python=3.12",)),
        **fields,
    }
    return record(**given)


def outcome(expected: Record | Specification, actual: Record, name: str, kind: str | None = None, **more: object) -> Outcome:
    found = verify(expected, actual, **more)  # type: ignore[arg-type]
    (one,) = (item for item in found.outcomes if item.name == name and kind in {None, item.kind})
    return one


def with_conda(source: Record, name: str, **fields: object) -> Record:
    packages = (replace(item, **fields) if item.name == name else item for item in source.conda)  # type: ignore[arg-type]
    return replace(source, conda=tuple(packages))


def with_dist(source: Record, name: str, **fields: object) -> Record:
    dists = (replace(item, **fields) if item.name == name else item for item in source.distributions)  # type: ignore[arg-type]
    return replace(source, distributions=tuple(dists))


def test_the_same_environment_is_exact() -> None:
    found = verify(lab(), lab())
    assert found.exact
    assert found.reached == "exact"
    assert {item.outcome for item in found.outcomes} == {"exact"}
    assert [item.kind for item in found.outcomes] == ["python", "conda", "conda", "conda", "pip", "requested"]


@given(records())
def test_an_environment_held_against_itself_lacks_nothing(one: Record) -> None:
    names = [normalise(dist.name) for dist in one.distributions]
    assume(len(set(names)) == len(names) and len({item.name for item in one.conda}) == len(one.conda))
    assume(len(dict(one.variables)) == len(one.variables))
    found = verify(one, one)
    assert not {item.outcome for item in found.outcomes} & {"missing", "other-version", "extra", "mended"}
    assert found.reached in {"exact", "same-version"}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"build": "py312_1", "sha256": "e" * 64}, "same-version"),
        ({"sha256": "e" * 64}, "same-version"),
        ({"sha256": None}, "same-version"),
        ({"version": "2.0"}, "other-version"),
        ({"channel": "https://mirror.example.org/cf"}, "exact"),
        ({"altered": "removed"}, "same-version"),
    ],
)
def test_a_conda_package_is_exact_only_if_it_is_the_same_artefact(change: dict[str, object], word: str) -> None:
    one = outcome(lab(), with_conda(lab(), "openssl", **change), "openssl")
    assert one.outcome == word
    assert one.reason or word == "other-version"


def test_damage_that_is_gone_is_mended_and_counts_as_good() -> None:
    damaged = with_conda(lab(), "openssl", altered="removed")
    found = verify(damaged, lab())
    assert outcome(damaged, lab(), "openssl").outcome == "mended"
    assert found.exact
    assert found.reached == "exact"
    assert outcome(damaged, damaged, "openssl").outcome == "exact"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"content": "e" * 64}, "same-version"),
        ({"content": None}, "same-version"),
        ({"tags": ("cp312-cp312-linux_x86_64",)}, "same-version"),
        ({"origin": Origin(kind="archive", url="https://example.org/six.whl")}, "same-version"),
        ({"conda_package": "six"}, "same-version"),
        ({"version": "1.17.0"}, "other-version"),
        ({"version": "1.16"}, "exact"),
    ],
)
def test_a_pip_package_is_exact_if_version_origin_tags_and_content_are(change: dict[str, object], word: str) -> None:
    assert outcome(lab(), with_dist(lab(), "six", **change), "six").outcome == word


def test_an_editable_one_is_its_checkout_at_its_commit() -> None:
    link = Origin(kind="directory", url="file:///src/six", editable=True, commit="1" * 40)
    expected = with_dist(lab(), "six", origin=link)
    # each tool writes another link; the code is the checkout's
    assert outcome(expected, with_dist(expected, "six", content="e" * 64), "six").outcome == "exact"
    assert outcome(expected, expected, "six").reason == ""
    dirty = with_dist(expected, "six", origin=replace(link, dirty=True))
    assert outcome(dirty, expected, "six").reason == "its checkout had changes in no commit when it was recorded"
    moved = with_dist(expected, "six", origin=replace(link, commit="2" * 40))
    one = outcome(expected, moved, "six")
    assert (one.outcome, "at commit 2222" in one.reason) == ("same-version", True)


def test_hashes_say_that_a_moved_archive_is_the_same_or_another() -> None:
    origin = Origin(kind="archive", url="file:///a/six.whl", hashes=(("sha256", "1" * 64),))
    expected = with_dist(lab(), "six", origin=origin)
    assert outcome(expected, with_dist(lab(), "six", origin=replace(origin, url="file:///b/six.whl")), "six").outcome == "exact"
    other = replace(origin, hashes=(("sha256", "2" * 64),))
    assert outcome(expected, with_dist(lab(), "six", origin=other), "six").outcome == "same-version"


def test_missing_and_extra_are_named_with_the_reason() -> None:
    poor = replace(lab(), distributions=lab().distributions[:1], conda=lab().conda[:1] + lab().conda[2:])
    assert outcome(lab(), poor, "openssl").outcome == "missing"
    assert outcome(lab(), poor, "six", reasons={"six": "no index has it"}).reason == "no index has it"
    assert verify(lab(), poor).reached is None
    assert outcome(poor, lab(), "openssl").outcome == "extra"
    assert outcome(poor, lab(), "six").outcome == "extra"
    assert not verify(poor, lab()).exact


def test_another_python_is_below_every_rung() -> None:
    found = verify(lab(), replace(lab(), python=python("3.12.2")))
    assert found.outcomes[0].outcome == "other-version"
    assert found.reached is None


def test_same_version_is_reached_with_other_builds_and_requested_with_other_versions() -> None:
    assert verify(lab(), with_conda(lab(), "openssl", build="1", sha256="e" * 64)).reached == "same-version"
    assert verify(lab(), with_conda(lab(), "openssl", version="3.4")).reached == "requested"


def test_pip_in_place_of_conda_is_the_pip_rung() -> None:
    by_pip = replace(
        lab(),
        conda=(conda("python", "3.12.1", "h1_0", sha256="c" * 64),),
        distributions=(dist("numpy", "1.26.4"), dist("six", "1.16.0", content="d" * 64, tags=("py3-none-any",))),
        requested=Requested(),
    )
    found = verify(with_conda(lab(), "x"), by_pip)
    words = {item.name: item.outcome for item in found.outcomes}
    assert words["numpy"] == "same-version"
    assert words["openssl"] == "missing"
    assert "extra" not in words.values()
    expected = replace(lab(), requested=Requested(specs=("numpy", "openssl")))
    assert verify(expected, by_pip).reached == "pip"
    worse = replace(by_pip, distributions=by_pip.distributions[1:])
    assert verify(expected, worse).reached is None


def test_what_pip_had_put_over_conda_is_mended_when_condas_own_stands_there() -> None:
    expected = replace(
        with_conda(lab(), "numpy", altered="overwritten"),
        distributions=(dist("numpy", "1.26.4", content="e" * 64),),
    )
    actual = replace(lab(), distributions=(dist("numpy", "1.26.4", conda_package="numpy"),))
    assert outcome(expected, actual, "numpy", "conda").outcome == "mended"
    assert outcome(expected, actual, "numpy", "pip").outcome == "mended"
    newer = replace(expected, distributions=(dist("numpy", "2.0", content="e" * 64),))
    assert outcome(newer, actual, "numpy", "pip").outcome == "other-version"


def test_a_conda_environment_in_place_of_a_venv_is_judged_by_its_python_packages() -> None:
    info = EnvironmentInfo(name="lab", prefix="/venvs/lab", kind="venv", subdir="linux-64")
    expected = record(environment=info, distributions=lab().pip)
    found = verify(expected, replace(lab(), distributions=lab().pip))
    assert found.exact


def test_a_package_whose_script_was_skipped_is_not_exact() -> None:
    one = outcome(lab(), lab(), "openssl", scripts_skipped=("openssl",))
    assert (one.outcome, one.reason) == ("same-version", "its link script did not run")


def test_settings_count_for_exact_but_not_for_the_rung_and_values_are_not_told() -> None:
    expected = replace(lab(), variables=(("TOKEN", "hunter2"), ("DATA", "/data")), pinned=("numpy 1.26.*",))
    found = verify(expected, replace(lab(), variables=(("DATA", "/other"),)))
    assert {(item.kind, item.outcome) for item in found.outcomes if item.kind in {"variable", "pinned"}} == {
        ("variable", "missing"),
        ("variable", "other-version"),
        ("pinned", "missing"),
    }
    assert found.reached == "exact"
    assert not found.exact
    assert "hunter2" not in repr(found)


def test_a_request_in_another_spelling_is_the_same_request() -> None:
    expected = replace(lab(), requested=Requested(specs=("six>=1.17", "python=3.12.*")))
    actual = replace(lab(), requested=Requested(specs=("python=3.12", "six[version='>=1.17']")))
    assert verify(expected, actual).exact


def test_a_fault_is_below_every_rung() -> None:
    found = verify(lab(), lab(), faults=("its Python does not start",))
    assert not found.exact
    assert found.reached is None


def listed(*requirements: Requirement, **fields: object) -> Specification:
    return Specification(source="list.txt", requirements=requirements, **fields)  # type: ignore[arg-type]


def test_a_list_is_held_to_its_versions_and_never_called_exact() -> None:
    source = listed(Requirement(name="Six", text="Six==1.16.0", version="1.16.0", line=1), python="3.12.1")
    actual = replace(lab(), distributions=(*lab().distributions, dist("pip", "24.0"), dist("stray")))
    found = verify(source, actual)
    words = {item.name: item.outcome for item in found.outcomes}
    assert words == {"python": "exact", "Six": "same-version", "stray": "extra"}
    assert found.reached == "same-version"


@pytest.mark.parametrize(
    ("spec", "word"),
    [("openssl", "same-version"), ("openssl>=3,<4", "same-version"), ("openssl=3.4", "other-version"), ("tk", "missing")],
)
def test_a_spec_is_held_to_what_it_admits(spec: str, word: str) -> None:
    source = Specification(source="environment.yml", conda_specs=(spec,))
    (one,) = verify(source, lab()).outcomes
    assert one.outcome == word


@pytest.mark.parametrize(("text", "word"), [("six>=1.0", "same-version"), ("six<1.0", "other-version"), ("click", "missing")])
def test_an_unpinned_requirement_is_held_to_its_specifier(text: str, word: str) -> None:
    name = text[:3] if text.startswith("six") else text
    (one,) = verify(listed(Requirement(name=name, text=text, line=1)), lab()).outcomes
    assert one.outcome == word


@given(records(), st.data())
def test_any_two_records_can_be_compared(expected: Record, data: st.DataObject) -> None:
    actual = data.draw(records())
    found = verify(expected, actual)
    assert found.exact is (not found.faults and {item.outcome for item in found.outcomes} <= {"exact", "mended"})


def test_without_a_python_part_there_is_none_to_reach() -> None:
    plain = record(conda=(conda("libfoo", "2.0.0", "h1_0", sha256="a" * 64),), python=None)
    empty = record(conda=())
    found = verify(plain, empty)
    assert {item.outcome for item in found.outcomes} == {"missing"}
    assert found.reached is None
    assert verify(Specification(source="x.yml", conda_specs=("libfoo",)), empty).reached is None
    assert verify(Specification(source="x.yml", conda_specs=("libfoo", "python")), empty).reached == "pip"
