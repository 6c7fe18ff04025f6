from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envkeep.model.shared import unshared_places


class Value:
    """Equal to all of its kind, so that only who asks for the very object can tell them apart."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value)

    __hash__ = None  # type: ignore[assignment]


_ONES = [Value() for _ in range(6)]
_MANY = st.lists(st.sampled_from(_ONES), max_size=8)


@given(_MANY, _MANY)
def test_at_all_other_places_both_hold_the_same_objects_in_the_same_order(old: list[Value], new: list[Value]) -> None:
    gone, come = unshared_places(old, new)
    left = [id(value) for at, value in enumerate(old) if at not in gone]
    assert left == [id(value) for at, value in enumerate(new) if at not in come]
    if len(old) != len(new):
        start = (gone or come)[0]
        assert list(gone) == list(range(start, start + len(gone)))
        assert list(come) == list(range(start, start + len(come)))


@given(_MANY, _MANY)
def test_no_place_is_named_for_nothing(old: list[Value], new: list[Value]) -> None:
    gone, come = unshared_places(old, new)
    if len(old) == len(new):
        assert all(old[at] is not new[at] for at in gone)
    elif gone and come:
        assert old[gone[0]] is not new[come[0]]
        assert old[gone[-1]] is not new[come[-1]]


def test_one_that_came_between_the_others_is_all_that_is_named() -> None:
    assert unshared_places(_ONES[:5], [*_ONES[:2], Value(), *_ONES[2:5]]) == (range(2, 2), range(2, 3))
    assert unshared_places([*_ONES[:2], Value(), *_ONES[2:5]], _ONES[:5]) == (range(2, 3), range(2, 2))
    assert unshared_places(_ONES, [_ONES[0], Value(), *_ONES[2:5], Value()]) == ([1, 5], [1, 5])
    assert unshared_places(_ONES, tuple(_ONES)) == ([], [])
