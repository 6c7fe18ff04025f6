from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.formats import record_json
from envkeep.model.content import content, content_digest, same_content
from envkeep.model.record import (
    CondaPackage,
    Distribution,
    EnvironmentInfo,
    Origin,
    Problem,
    PythonInfo,
    Record,
    Requested,
    Transaction,
)
from support.wild_records import CAPTURED_AT, records

LAB = Record(
    captured_at=CAPTURED_AT,
    environment=EnvironmentInfo(name="lab", prefix="/opt/envs/lab", kind="conda", subdir="linux-64"),
    python=PythonInfo(version="3.12.3", build_text="3.12.3 (main)", executable="/opt/envs/lab/bin/python", source="interpreter"),
    conda=(
        CondaPackage(name="python", version="3.12.3", build="h1_0", channel="conda-forge", subdir="linux-64", sha256="a" * 64),
        CondaPackage(name="six", version="1.17.0", build="py_0", channel="conda-forge", subdir="noarch", md5="b" * 32),
    ),
    distributions=(
        Distribution(name="six", version="1.17.0", conda_package="six"),
        Distribution(
            name="Mine",
            version="0.1",
            content="c" * 64,
            origin=Origin(kind="directory", url="file:///home/lab/mine", editable=True, commit="d" * 40, dirty=False),
        ),
    ),
    requested=Requested(specs=("python=3.12", "six[version='>=1.17']")),
    channels=("conda-forge",),
    variables=(("A", "1"), ("B", "2")),
    pinned=("six <2",),
)
EDIT = LAB.distributions[1]
assert EDIT.origin is not None


def with_conda(**changes: Any) -> Record:
    return replace(LAB, conda=(replace(LAB.conda[0], **changes), *LAB.conda[1:]))


def with_dist(**changes: Any) -> Record:
    return replace(LAB, distributions=(LAB.distributions[0], replace(EDIT, **changes)))


def with_origin(**changes: Any) -> Record:
    assert EDIT.origin is not None
    return with_dist(origin=replace(EDIT.origin, **changes))


def with_python(**changes: Any) -> Record:
    assert LAB.python is not None
    return replace(LAB, python=replace(LAB.python, **changes))


IDENTITY = [
    with_python(version="3.12.4"),
    replace(LAB, python=None),
    with_conda(version="3.12.4"),
    with_conda(build="h2_0"),
    with_conda(channel="defaults"),
    with_conda(subdir="osx-arm64"),
    with_conda(sha256="e" * 64),
    replace(LAB, conda=LAB.conda[:1]),
    with_dist(version="0.2"),
    with_dist(content="e" * 64),
    with_dist(origin=None),
    with_dist(conda_package="mine"),
    with_origin(commit="e" * 40),
    with_origin(url="file:///elsewhere"),
    with_origin(editable=False),
    with_origin(subdirectory="py"),
    with_origin(hashes=(("sha256", "aa"),)),
    replace(LAB, distributions=LAB.distributions[:1]),
    replace(LAB, requested=Requested(specs=("python=3.12",))),
    replace(LAB, requested=Requested(specs=("python=3.12", "six[version='>=1.16']"))),
    replace(LAB, variables=(("A", "1"), ("B", "3"))),
    replace(LAB, variables=(("A", "1"),)),
    replace(LAB, pinned=()),
]
VOLATILE = [
    replace(LAB, captured_at=CAPTURED_AT + timedelta(days=1)),
    replace(LAB, environment=replace(LAB.environment, name="other", prefix="/elsewhere")),
    with_python(build_text="3.12.3", executable="/elsewhere/bin/python", source="conda-meta"),
    with_conda(fn="x.conda", url="https://host.example/x.conda", size=1, timestamp=2, license="MIT"),
    with_conda(depends=("six",), constrains=("x",), auth="token", md5="f" * 32),
    with_dist(name="mine"),
    with_dist(installer="uv", requested=True, location="elsewhere"),
    with_origin(dirty=True, unpushed=True, remote="https://host.example/m.git", requested_revision="main", auth="user"),
    replace(LAB, conda=LAB.conda[::-1], distributions=LAB.distributions[::-1], variables=LAB.variables[::-1]),
    replace(LAB, requested=Requested(specs=("six>=1.17", "python=3.12"), inferred=True)),
    replace(LAB, channels=(), index_urls=("https://host.example/simple",), index_auth=(("https://host.example/simple", "user"),)),
    replace(LAB, history=(Transaction(when="x"),), problems=(Problem(code="x", message="y"),)),
]


@pytest.mark.parametrize("other", IDENTITY, ids=range(len(IDENTITY)))
def test_what_makes_another_content(other: Record) -> None:
    assert not same_content(LAB, other)
    assert content_digest(LAB) != content_digest(other)


@pytest.mark.parametrize("other", VOLATILE, ids=range(len(VOLATILE)))
def test_what_does_not(other: Record) -> None:
    assert other != LAB
    assert same_content(LAB, other)
    assert content_digest(LAB) == content_digest(other)


def test_the_commit_of_a_folder_that_was_copied_is_volatile() -> None:
    copied = with_origin(editable=False)
    assert same_content(copied, with_origin(editable=False, commit="e" * 40))


def test_every_field_of_the_record_is_decided_on() -> None:
    # a new field is either identity or not: put it into one of the lists above, and into this one
    decided = {
        Record: 13,
        PythonInfo: 6,
        CondaPackage: 22,
        Distribution: 10,
        Origin: 12,
    }
    assert {kind: len(fields(kind)) for kind in decided} == decided


def test_the_digest_is_the_same_for_ever() -> None:
    # it lies in the stores of users: another digest makes each of them keep one more backup of an unchanged environment
    assert content_digest(LAB) == "94a62683556ecae3a304d420150f47c872b5855bd3ebcd27c6255935c591ae87"


@settings(max_examples=100, deadline=None)
@given(records, st.integers())
def test_order_never_matters_and_the_file_keeps_the_content(record: Record, seed: int) -> None:
    shuffle = random.Random(seed).sample
    other = replace(
        record,
        conda=tuple(shuffle(record.conda, len(record.conda))),
        distributions=tuple(shuffle(record.distributions, len(record.distributions))),
        variables=tuple(shuffle(record.variables, len(record.variables))),
        pinned=tuple(shuffle(record.pinned, len(record.pinned))),
    )
    assert content_digest(record) == content_digest(other)
    assert content_digest(record_json.loads(record_json.dumps(record), "x")) == content_digest(record)


@settings(max_examples=100, deadline=None)
@given(records, records)
def test_equal_digests_mean_equal_content(one: Record, other: Record) -> None:
    assert (content_digest(one) == content_digest(other)) == (content(one) == content(other)) == same_content(one, other)
