"""What was made of frozen values, kept for the next time that the same values are met.

A process that keeps one backup after another meets the packages of an environment again and again, and nearly all are the very
objects of the time before: a capture takes what did not move from the last record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from envkeep.model.shared import unshared_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Kept"]

T = TypeVar("T")
R = TypeVar("R")

# those of one environment: a process that reads hundreds shall not grow by them
_MOST = 8192


class Kept(Generic[T, R]):
    """A function of one value, remembered for the values that it was last asked for.

    A value is known by being the same object: to compare two packages takes longer than most of what is made of one.

    Args:
        make: of a value that never changes, what never changes either.
    """

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[T], R]) -> None:
        self._make = make
        self._known: tuple[tuple[T, ...], tuple[R, ...]] = ((), ())

    def each(self, values: Iterable[T]) -> list[R]:
        """Return what is made of each value, in their order; what was made of others before is forgotten."""
        values = tuple(values)
        others, made = self._known
        gone, come = unshared_places(others, values)
        found: list[Any] = list(made)
        if gone or come:
            # one that stands at another place now
            held = {id(others[at]): made[at] for at in gone}
            if len(values) != len(others):
                start = (come or gone)[0]
                found[start : start + len(gone)] = [None] * len(come)
            for at in come:
                value = values[at]
                found[at] = held[id(value)] if id(value) in held else self._make(value)
            self._known = (values, tuple(found)) if len(values) <= _MOST else ((), ())
        return found
