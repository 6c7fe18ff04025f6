from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.model import kept
from envkeep.model.kept import Kept


class Value:
    def __init__(self, number: int) -> None:
        self.number = number

    def of(self) -> int:
        return self.number


def test_what_was_made_of_an_object_is_not_made_again() -> None:
    made: list[int] = []

    def make(value: Value) -> str:
        made.append(value.number)
        return f"<{value.number}>"

    values = [Value(number) for number in range(5)]
    each = Kept(make).each
    assert each(values) == ["<0>", "<1>", "<2>", "<3>", "<4>"]
    assert each(iter(values)) == ["<0>", "<1>", "<2>", "<3>", "<4>"]
    assert made == [0, 1, 2, 3, 4]
    assert each([values[3], Value(7), values[0], values[3]]) == ["<3>", "<7>", "<0>", "<3>"]
    assert made == [0, 1, 2, 3, 4, 7]


@given(st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=12))
def test_it_is_as_if_all_were_made_anew(rounds: list[list[int]]) -> None:
    each = Kept(Value.of).each
    known: dict[int, Value] = {}
    for numbers in rounds:
        # objects come and go, so that new ones get the numbers of those that went
        known = {number: known.get(number) or Value(number) for number in numbers}
        assert each([known[number] for number in numbers]) == numbers
        assert each([Value(number) for number in numbers]) == numbers


def test_what_is_not_met_any_more_is_held_no_longer() -> None:
    each = Kept(Value.of).each
    each([Value(number) for number in range(9)])
    each([Value(0)])
    gc.collect()
    assert sum(isinstance(thing, Value) for thing in gc.get_objects()) <= 1


def test_more_than_an_environment_has_are_not_held(monkeypatch: Any) -> None:
    monkeypatch.setattr(kept, "_MOST", 3)
    each = Kept(Value.of).each
    assert each([Value(number) for number in range(4)]) == [0, 1, 2, 3]
    gc.collect()
    assert not any(isinstance(thing, Value) for thing in gc.get_objects())


def test_what_a_maker_raises_is_raised_and_nothing_is_held() -> None:
    def make(value: Value) -> int:
        if value.number == 2:
            raise ValueError("no")
        return value.number

    each = Kept(make).each
    with pytest.raises(ValueError, match="no"):
        each([Value(1), Value(2)])
    assert each([Value(1)]) == [1]
