"""Frozen dataclasses with slots and keywords alone, made in a tenth of the time.

For a dataclass of the standard library six methods are compiled as its module is loaded, which takes 0.3 ms. A restore has sixty
of them, which was a tenth of it. Here the fields alone are the standard library's; the methods are the same for all.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from inspect import Signature

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_said: Any) -> Callable[[Any], Any]:
        """Say nothing: it is for type checkers, and in ``typing`` from Python 3.11 on only."""
        return lambda decorator: decorator


__all__ = ["frozen"]

_Kind = TypeVar("_Kind")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[_Kind]) -> type[_Kind]:
    """Make a class what ``@dataclass(frozen=True, slots=True, kw_only=True)`` makes it.

    ``fields``, ``replace``, ``asdict``, ``is_dataclass``, ``copy``, ``pickle``, ``pprint`` and ``inspect.signature`` work as with
    any other, and one can be made from it.
    A field with ``init=False`` has a default, or is filled by ``__post_init__``.
    """
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(kind)
    said = [each for each in fields(made) if each.init]
    # by name, what fills a field past the class's own refusal
    slots = {each.name: getattr(made, each.name).__set__ for each in said}
    defaults = {each.name: each.default for each in said if each.default is not MISSING}
    factories = {each.name: each.default_factory for each in said if each.default_factory is not MISSING}
    constants = [
        (getattr(made, each.name).__set__, each.default) for each in fields(made) if not each.init and each.default is not MISSING
    ]
    compared = [each.name for each in fields(made) if each.compare]
    identity = attrgetter(*compared) if compared else _nothing
    after = getattr(made, "__post_init__", None)

    def __init__(self: Any, /, **values: Any) -> None:  # noqa: N807
        if len(values) != len(slots):
            values = {**defaults, **{name: make() for name, make in factories.items() if name not in values}, **values}
            if len(values) != len(slots):
                raise TypeError(_misfit(made, slots, values))
        try:
            for name, fill in slots.items():
                fill(self, values[name])
        except KeyError:
            raise TypeError(_misfit(made, slots, values)) from None
        for fill, constant in constants:
            fill(self, constant)
        if after is not None:
            after(self)

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return identity(self) == identity(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(identity(self))

    for name, method in {"__init__": __init__, "__eq__": __eq__, "__hash__": __hash__, **_SHARED}.items():
        setattr(made, name, method)
    made.__signature__ = _Signed()
    # for who asks what it is: pprint, and a dataclass that is made from it
    params = made.__dataclass_params__
    params.init = params.repr = params.eq = params.frozen = True
    return made  # type: ignore[no-any-return]


def _nothing(_value: Any) -> tuple[()]:
    return ()


def _misfit(kind: type, known: Collection[str], given: Collection[str]) -> str:
    """Return what is wrong with the names that somebody gave."""
    unknown = [name for name in given if name not in known]
    if unknown:
        return f"{kind.__name__}() got an unexpected keyword argument {unknown[0]!r}"
    missing = ", ".join(repr(name) for name in known if name not in given)
    return f"{kind.__name__}() is missing what is required: {missing}"


def _text(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"


# pprint and rich lay out what has a dataclass's own repr, which they know by these
_text.__qualname__ = "__create_fn__.<locals>.__repr__"
_repr = recursive_repr()(_text)
_repr.__wrapped__ = _text  # type: ignore[attr-defined]


def _setattr(self: Any, name: str, value: Any) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_SHARED: dict[str, Any] = {
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
}


class _Factory:
    """A default that is made anew each time, in a signature."""

    def __repr__(self) -> str:
        return "<factory>"


def _default(each: Any) -> Any:
    from inspect import Parameter

    if each.default_factory is not MISSING:
        return _Factory()
    return Parameter.empty if each.default is MISSING else each.default


class _Signed:
    """What ``inspect.signature`` and an interpreter's help ask a class for; made up when they do."""

    def __get__(self, instance: object, owner: type) -> Signature | None:
        # one that is made from it has an __init__ of its own, or none
        if "__dataclass_fields__" not in vars(owner):
            return None
        from inspect import Parameter, Signature

        return Signature(
            [
                Parameter(
                    each.name,
                    Parameter.KEYWORD_ONLY,
                    default=_default(each),
                    annotation=each.type,
                )
                for each in fields(owner)
                if each.init
            ],
            return_annotation=None,
        )
