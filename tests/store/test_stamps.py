"""Stamps and the instants they stand for."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.store.stamps import instant_of, is_stamp, next_stamp, readable, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTANTS = st.integers(315532800, 2145916800).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc))


@pytest.fixture
def paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if sys.platform == "win32":
        pytest.skip("the zone of a Windows process cannot be set")
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text", ["", "2025", "20251301000000", "20250230000000", "2025013111240", "٢٠٢٥٠١٣١١١٢٤٠٥", "20250131 12405"]
)
def test_what_is_no_stamp(text: str) -> None:
    assert not is_stamp(text)
    with pytest.raises(ValueError):
        instant_of(text)


def test_a_stamp_is_local_time(paris: None) -> None:
    noon = datetime(2025, 1, 31, 10, 24, 5, tzinfo=timezone.utc)
    assert stamp_of(noon) == "20250131112405"
    assert readable("20250131112405") == "2025-01-31 11:24:05"
    assert instant_of("20250131112405") == noon


def test_the_next_second_goes_over_every_border() -> None:
    assert next_stamp("20241231235959") == "20250101000000"
    assert next_stamp("20240228235959") == "20240229000000"


def test_the_hour_that_comes_twice_is_told_by_the_modification_time(paris: None) -> None:
    summer, winter = (datetime(2025, 10, 26, hour, 30, tzinfo=timezone.utc) for hour in (0, 1))
    assert instant_of("20251026023000") == summer
    assert instant_of("20251026023000", summer.timestamp() + 2) == summer
    assert instant_of("20251026023000", winter.timestamp() + 2) == winter


def test_the_hour_that_never_was_still_has_an_instant(paris: None) -> None:
    about = datetime(2025, 3, 30, 1, 0, tzinfo=timezone.utc)
    assert abs(instant_of("20250330023000") - about) <= timedelta(minutes=30)
    assert abs(instant_of("20250330023000", 0.0) - about) <= timedelta(minutes=30)


@given(INSTANTS)
def test_a_stamp_leads_back_to_its_instant(instant: datetime) -> None:
    assert instant_of(stamp_of(instant), instant.timestamp()) == instant


@pytest.mark.parametrize(("stamp", "year"), [("00010101000000", 1), ("99991231235959", 9999)])
def test_the_ends_of_time_are_survived(stamp: str, year: int) -> None:
    assert instant_of(stamp).year == year
