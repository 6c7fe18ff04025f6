from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.diffing.changes import Change, Changes, Counts
from envkeep.diffing.diff import diff
from envkeep.model.content import same_content
from envkeep.model.record import Origin, Record, Requested, Transaction
from support.records import conda, dist, python, record, records


def only(changes: Changes) -> Change:
    assert len(changes) == 1, changes.summary()
    return changes.changes[0]


@settings(max_examples=300, deadline=None)
@given(records(), records())
def test_empty_exactly_where_the_content_is_the_same(old: Record, new: Record) -> None:
    assert bool(diff(old, new)) is not same_content(old, new)


@settings(deadline=None)
@given(records(), st.data())
def test_one_altered_field_is_seen(old: Record, data: st.DataObject) -> None:
    other = data.draw(records())
    field = data.draw(st.sampled_from(["python", "conda", "distributions", "requested", "variables", "pinned"]))
    new = replace(old, **{field: getattr(other, field)})
    assert bool(diff(old, new)) is not same_content(old, new)


@settings(deadline=None)
@given(records())
def test_order_and_time_are_no_change(one: Record) -> None:
    other = replace(
        one,
        conda=one.conda[::-1],
        distributions=one.distributions[::-1],
        variables=one.variables[::-1],
        pinned=one.pinned[::-1],
        captured_at=one.captured_at.replace(year=2031),
    )
    assert not diff(one, other)


@settings(deadline=None)
@given(records(), records())
def test_back_is_the_mirror_of_there(old: Record, new: Record) -> None:
    there, back = diff(old, new).counts, diff(new, old).counts
    assert (there.install, there.upgrade, there.rebuild + there.crossgrade, there.moved, there.settings) == (
        back.remove,
        back.downgrade,
        back.rebuild + back.crossgrade,
        back.moved,
        back.settings,
    )


@pytest.mark.parametrize(
    ("old", "new", "kind", "detail"),
    [
        (conda("numpy", "1.26.4"), conda("numpy", "2.0.1"), "upgrade", ""),
        (conda("x264", "1!157"), conda("x264", "164"), "downgrade", ""),
        (conda("openssl", "1.1.1k"), conda("openssl", "1.1.1l"), "upgrade", ""),
        (conda("six", "1.0", "h1_0"), conda("six", "1.0", "h2_0"), "rebuild", "build h1_0 -> h2_0"),
        (conda("six", "1.0"), conda("six", "1.0", channel="defaults"), "crossgrade", "channel conda-forge -> defaults"),
        (conda("six", "1.0"), conda("six", "1.0", subdir="noarch"), "crossgrade", "platform linux-64 -> noarch"),
        (conda("six", sha256="a" * 64), conda("six", sha256="b" * 64), "crossgrade", "another artefact of the same name"),
        (conda("six", "1.0"), conda("six", "1.1", channel="defaults"), "upgrade", "channel conda-forge -> defaults"),
        (conda("six", "1.0"), conda("six", "1.0.0"), "rebuild", "the same version, spelled otherwise"),
    ],
)
def test_words_of_conda_packages(old: object, new: object, kind: str, detail: str) -> None:
    changes = diff(record(conda=(old,)), record(conda=(new,)))
    change = next(change for change in changes if change.of_package)
    assert (change.kind, change.manager, change.detail) == (kind, "conda", detail)
    assert [other.kind for other in changes if other is not change] in ([], ["channel", "channel"])


GIT = Origin(kind="vcs", url="https://example.org/lab.git", vcs="git", commit="1" * 40)
CHECKOUT = Origin(kind="directory", url="file:///home/me/lab", editable=True, vcs="git", commit="1" * 40)
WHEEL = Origin(kind="archive", url="file:///home/me/lab-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    ("old", "new", "kind", "detail"),
    [
        (dist("rich", "13.7.1"), dist("rich", "13.8.0"), "upgrade", ""),
        (dist("rich", "13.7.1"), dist("rich", "13.7.1rc1"), "downgrade", ""),
        (dist("lab"), dist("lab", origin=GIT), "crossgrade", "index -> git https://example.org/lab.git at 111111111111"),
        (
            dist("lab", origin=GIT),
            dist("lab", origin=replace(GIT, commit="2" * 40)),
            "crossgrade",
            "git https://example.org/lab.git at 111111111111 -> git https://example.org/lab.git at 222222222222",
        ),
        (dist("lab", content="a" * 64), dist("lab", content="b" * 64), "crossgrade", "other content"),
        (
            dist("lab", content="a" * 64, origin=replace(CHECKOUT, dirty=True)),
            dist("lab", content="b" * 64, origin=replace(CHECKOUT, dirty=False, unpushed=True)),
            "crossgrade",
            "other content",
        ),
        (
            dist("lab", origin=replace(WHEEL, hashes=(("sha256", "a" * 64),))),
            dist("lab", origin=replace(WHEEL, hashes=(("sha256", "b" * 64),))),
            "crossgrade",
            "another artefact of the same place",
        ),
    ],
)
def test_words_of_pip_packages(old: object, new: object, kind: str, detail: str) -> None:
    change = only(diff(record(distributions=(old,)), record(distributions=(new,))))
    assert (change.kind, change.manager, change.detail) == (kind, "pip", detail)


def test_a_conda_package_and_its_distribution_are_one_change() -> None:
    old = record(conda=(conda("pillow", "10.0"),), distributions=(dist("Pillow", "10.0", conda_package="pillow"),))
    new = record(conda=(conda("pillow", "10.1"),), distributions=(dist("Pillow", "10.1", conda_package="pillow"),))
    assert only(diff(old, new)).line() == "↑ pillow 10.0 -> 10.1 (conda)"
    assert [change.line() for change in diff(old, record()) if change.of_package] == ["- pillow 10.0 (conda)"]


def test_moved_from_conda_to_pip_and_back_is_one_change() -> None:
    by_conda = record(conda=(conda("six", "1.16"), conda("zlib")), distributions=(dist("six", "1.16", conda_package="six"),))
    by_pip = record(conda=(conda("zlib"),), distributions=(dist("six", "1.17"),))
    assert only(diff(by_conda, by_pip)).line() == "~ six 1.16 -> 1.17 (pip; conda -> pip)"
    assert only(diff(by_pip, by_conda)).line() == "~ six 1.17 -> 1.16 (conda; pip -> conda)"


def test_a_pip_package_over_a_conda_one_says_that_conda_lists_it_still() -> None:
    before = record(conda=(conda("six", "1.16"),), distributions=(dist("six", "1.16", conda_package="six"),))
    after = record(conda=(conda("six", "1.16"),), distributions=(dist("six", "1.17"),))
    change = only(diff(before, after))
    assert change.kind == "moved"
    assert "installed over conda's six" in change.detail


def test_a_conda_package_with_two_distributions_of_which_one_moved_is_still_removed() -> None:
    owned = (dist("a", conda_package="ab"), dist("b", conda_package="ab"))
    changes = diff(
        record(conda=(conda("ab"), conda("z")), distributions=owned), record(conda=(conda("z"),), distributions=(dist("a"),))
    )
    assert [(change.kind, change.name) for change in changes] == [("moved", "a"), ("remove", "ab")]


def test_files_of_a_conda_package_that_pip_took_away_are_a_change() -> None:
    before = record(conda=(conda("six"),), distributions=(dist("six", conda_package="six"),))
    change = only(diff(before, record(conda=(conda("six"),))))
    assert (change.kind, change.manager) == ("remove", "conda")
    assert "which conda does not know of" in change.detail


def test_settings() -> None:
    old = record(
        python=python("3.11.7"),
        conda=(conda("a"),),
        requested=Requested(specs=("numpy", "six>=1.16")),
        pinned=("numpy 1.26.*",),
        variables=(("KEEP", "x"), ("TOKEN", "hunter2"), ("OLD", "x")),
    )
    new = record(
        python=python("3.12.1"),
        conda=(conda("a"), conda("b", channel="defaults")),
        requested=Requested(specs=("numpy>=2", "six>=1.16", "b")),
        variables=(("TOKEN", "hunter3"), ("KEEP", "x"), ("NEW", "x")),
    )
    changes = diff(old, new)
    assert changes.summary().splitlines() == [
        "* Python 3.11.7 -> 3.12.1",
        "+ b 1.0 (conda; from defaults)",
        "* channel defaults now in use",
        "* requested b none -> b",
        "* requested numpy numpy -> numpy>=2",
        "* pin numpy numpy 1.26.* -> none",
        "* variable NEW (set)",
        "* variable OLD (unset)",
        "* variable TOKEN (another value)",
    ]
    assert "hunter" not in repr(changes)


def test_counts() -> None:
    old = record(conda=(conda("a"), conda("b", "2"), conda("c"), conda("d")), pinned=("x",))
    new = record(conda=(conda("a", "2"), conda("b", "1"), conda("c", build="1"), conda("e"), conda("f")))
    counts = diff(old, new).counts
    assert counts == Counts(install=2, remove=1, upgrade=1, downgrade=1, rebuild=1, settings=1)
    assert counts.total == 7
    assert counts.text() == "+2 -1 ↑1 ↓1 ~1 *1"
    assert counts.text(ascii_only=True) == "+2 -1 ^1 v1 ~1 *1"
    assert diff(old, old).counts.text() == ""


def test_no_python_at_all() -> None:
    assert only(diff(record(), record(python=None))).line() == "* Python 3.12.1 -> none"


_INFERRED = "inferred from what nothing else needs"


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (Requested(specs=("six",), inferred=True), Requested(), _INFERRED),
        (Requested(), Requested(specs=("six",), inferred=True), _INFERRED),
        (Requested(specs=("rich",), inferred=True), Requested(specs=("rich", "six>=1")), ""),
        (Requested(specs=("six",), inferred=True), Requested(specs=("six>=1",)), f"the old one {_INFERRED}"),
        (Requested(specs=("six>=1",)), Requested(specs=("six",), inferred=True), f"the new one {_INFERRED}"),
        (Requested(), Requested(specs=("six",)), ""),
    ],
)
def test_what_was_inferred_is_said_of_the_side_that_was(old: Requested, new: Requested, detail: str) -> None:
    change = only(diff(record(requested=old), record(requested=new)))
    assert (change.kind, change.name, change.detail) == ("requested", "six", detail)


def test_what_was_asked_for_in_a_clone_is_not_called_inferred() -> None:
    clone = record(requested=Requested(specs=("rich",), inferred=True))
    asked = Transaction(when="x", command="conda install six", update_specs=("six",))
    later = replace(clone, requested=Requested(specs=("rich", "six"), inferred=True), history=(asked,))
    assert only(diff(clone, later)).detail == ""
