"""A frozen class beside the same one of the standard library."""

from __future__ import annotations

import copy
import inspect
import pickle
import pprint
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.pretty import pretty_repr

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Body:
    """What both are made of."""

    name: str
    size: int = 3
    secret: str = field(default="s3cret", repr=False)
    remark: str = field(default="", compare=False)
    words: Mapping[str, str] = field(default_factory=dict)
    kind: str = field(default="thing", init=False)
    double: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "double", 2 * self.size)


def _body() -> dict[str, Any]:
    return {name: value for name, value in vars(_Body).items() if name not in {"__dict__", "__weakref__"}}


@frozen
class One:
    """Of a single field."""

    name: str


@frozen
class Empty:
    """Of none."""


# pickle looks for them here, by their names
Ours: Any = frozen(type("Ours", (), _body()))
Theirs: Any = dataclass(frozen=True, slots=True, kw_only=True)(type("Theirs", (), _body()))


def _told(text: str) -> str:
    return text.replace("Theirs", "Ours")


@pytest.mark.parametrize(
    "values",
    [
        {"name": "a"},
        {"name": "a", "size": 4, "remark": "x"},
        {"name": "a", "size": 4, "secret": "b", "remark": "x", "words": {"k": "v"}},
    ],
)
def test_it_holds_what_a_dataclass_holds(values: dict[str, Any]) -> None:
    ours, theirs = Ours(**values), Theirs(**values)
    assert [getattr(ours, each.name) for each in fields(ours)] == [getattr(theirs, each.name) for each in fields(theirs)]
    assert repr(ours) == _told(repr(theirs))
    assert "s3cret" not in repr(ours)
    assert asdict(ours) == asdict(theirs)
    assert is_dataclass(Ours)
    assert replace(ours, size=9).double == 18
    assert pickle.loads(pickle.dumps(ours)) == copy.copy(ours) == copy.deepcopy(ours) == ours


@pytest.mark.parametrize(
    "values",
    [{}, {"size": 2}, {"name": "a", "sizes": 2}, {"name": "a", "kind": "b"}, {"name": "a", "double": 1}, {"names": "a"}],
)
def test_what_does_not_fit_is_refused_as_a_dataclass_refuses_it(values: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Theirs(**values)
    with pytest.raises(
        TypeError, match=r"^Ours\(\) (is missing what is required: 'name'|got an unexpected keyword argument '\w+')$"
    ):
        Ours(**values)
    with pytest.raises(TypeError):
        Ours("a")


def test_one_missing_among_as_many_as_there_are_is_named() -> None:
    with pytest.raises(TypeError, match=r"One\(\) got an unexpected keyword argument 'nam'"):
        One(nam="a")  # type: ignore[call-arg]


def test_equal_ones_are_of_one_class_and_alike_in_what_is_compared() -> None:
    assert Ours(name="a") == Ours(name="a", remark="another")
    assert Ours(name="a") != Ours(name="b")
    assert Ours(name="a") != Theirs(name="a")
    assert One(name="a") == One(name="a") != One(name="b")
    assert Empty() == Empty()
    assert {One(name="a"), One(name="a"), One(name="b")} == {One(name="b"), One(name="a")}
    assert len({Empty(), Empty(), One(name="a")}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(name="a"))


def test_it_is_laid_out_where_it_is_too_long_for_a_line() -> None:
    many = {"name": "a" * 60, "remark": "b" * 60}
    assert pprint.pformat(Ours(**many)) == _told(pprint.pformat(Theirs(**many))).replace("\n  ", "\n")
    assert pretty_repr(Ours(**many)) == _told(pretty_repr(Theirs(**many)))
    assert "\n" in pretty_repr(Ours(**many))


def test_another_dataclass_can_be_made_from_it() -> None:
    made: Any = dataclass(frozen=True, kw_only=True)(type("More", (One,), {"__annotations__": {"more": int}}))
    assert repr(made(name="a", more=2)) == "More(name='a', more=2)"
    assert made(name="a", more=2) != made(name="a", more=3)
    with pytest.raises(FrozenInstanceError):
        made(name="a", more=2).more = 3


def test_none_can_be_changed() -> None:
    one = One(name="a")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        one.name = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'more'"):
        one.more = "b"  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del one.name
    assert not hasattr(one, "__dict__")


def test_a_mutable_default_is_no_other_s() -> None:
    assert Ours(name="a").words is not Ours(name="b").words


def test_help_shows_what_it_is_made_with() -> None:
    ours, theirs = inspect.signature(Ours), inspect.signature(Theirs)
    assert repr(ours.parameters["words"].default) == repr(theirs.parameters["words"].default) == "<factory>"
    assert [(each.name, each.kind) for each in ours.parameters.values()] == [
        (each.name, each.kind) for each in theirs.parameters.values()
    ]
    assert ours.parameters["size"].default == 3
    assert ours.parameters["name"].default is inspect.Parameter.empty

    class Made(Ours):  # type: ignore[misc]
        def __init__(self, other: str) -> None:
            super().__init__(name=other)

    assert list(inspect.signature(Made).parameters) == ["other"]
    assert Made("b").name == "b"
