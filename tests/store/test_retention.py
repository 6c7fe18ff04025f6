"""Rotation as a decision."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.errors import UsageError
from envkeep.store.layout import Backup, BackupState, StoredEnvironment
from envkeep.store.retention import decide
from support.stores import NOON

LAB = StoredEnvironment(folder="lab", path=Path("/store/lab"), prefix=None, name="lab", kind=None)


def backups(*kinds: tuple[BackupState, tuple[str, ...]]) -> tuple[Backup, ...]:
    return tuple(
        Backup(
            environment=LAB,
            stamp=f"202501311124{number:02d}",
            created=NOON + timedelta(seconds=number),
            order=number,
            txt=LAB.path / "x.txt",
            folder=None,
            state=state,
            tags=tags,
        )
        for number, (state, tags) in enumerate(kinds)
    )


def kept(*kinds: tuple[BackupState, tuple[str, ...]], limit: int) -> list[bool]:
    return [decision.keep for decision in decide(backups(*kinds), limit)]


def test_the_oldest_go_and_each_decision_says_why() -> None:
    decisions = decide(backups(("whole", ()), ("whole", ("paper",)), ("lone", ()), ("whole", ())), 2)
    assert [(decision.keep, decision.reason) for decision in decisions] == [
        (False, "older than the newest 2"),
        (True, "tagged paper"),
        (True, "number 2 of the newest 2"),
        (True, "number 1 of the newest 2"),
    ]


def test_a_damaged_one_pushes_no_sound_one_out() -> None:
    assert kept(("whole", ()), ("damaged", ()), limit=1) == [True, True]
    assert kept(("damaged", ()), ("whole", ()), limit=1) == [False, True]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(UsageError, match=f"limit of {limit} "):
        decide((), limit)


@given(
    st.lists(
        st.tuples(st.sampled_from(["whole", "lone", "edited", "damaged"]), st.sampled_from([(), (), ("a",), ("a", "b")])),
        max_size=12,
    ),
    st.integers(1, 6),
)
def test_what_always_holds(kinds: list[tuple[BackupState, tuple[str, ...]]], limit: int) -> None:
    given_backups = backups(*kinds)
    decisions = decide(given_backups, limit)
    assert tuple(decision.backup for decision in decisions) == given_backups
    assert all(decision.reason for decision in decisions)
    assert all(decision.keep for decision in decisions if decision.backup.tags)
    sound = [decision for decision in decisions if not decision.backup.tags and decision.backup.state != "damaged"]
    assert [decision.keep for decision in sound[-limit:]] == [True] * min(limit, len(sound))
    assert not any(decision.keep for decision in sound[:-limit])
    if decisions:
        assert decisions[-1].keep
    again = decide(tuple(decision.backup for decision in decisions if decision.keep), limit)
    assert all(decision.keep for decision in again)
