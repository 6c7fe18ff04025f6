"""What was made of frozen values, kept for the next time that the same values are met.

A process that keeps one backup after another meets the packages of an environment again and again, and nearly all are the very
objects of the time before: a capture takes what did not move from the last record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

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
        make: of a value that never changes, what never changes either, and is not None.
    """

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[T], R]) -> None:
        self._make = make
        # what was made by the number of the object; and those objects: as long as they are held nothing else has their number
        self._known: tuple[dict[int, R], tuple[T, ...]] = ({}, ())

    def each(self, values: Iterable[T]) -> list[R]:
        """Return what is made of each value, in their order; what was made of others before is forgotten."""
        values = tuple(values)
        numbers = list(map(id, values))
        held, others = self._known
        found: list[Any] = list(map(held.get, numbers))
        new = [at for at, made in enumerate(found) if made is None] if None in found else ()
        for at in new:
            found[at] = self._make(values[at])
        if new or len(values) != len(others):
            self._known = (dict(zip(numbers, found, strict=True)), values) if len(values) <= _MOST else ({}, ())
        return found
