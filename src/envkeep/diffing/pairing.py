"""Which things of the old side and of the new one belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from envkeep.model.shared import unshared_places

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

__all__ = ["pairs"]

T = TypeVar("T")


def pairs(
    old: Iterable[T],
    new: Iterable[T],
    *,
    group: Callable[[T], Hashable],
    same: Callable[[T], object],
    kin: Callable[[T], object] = lambda _: None,
) -> Iterator[tuple[T | None, T | None]]:
    """Yield what differs: ``(old, new)`` where a thing changed, ``(old, None)`` where it is gone, ``(None, new)`` where new.

    A prefix can hold two things of one name, so a name's things are compared as multisets: equal ones cancel out first, those of
    the same ``kin`` are paired next, then the rest.

    Args:
        old: one side.
        new: the other.
        group: what two things must have in common to be compared (the name).
        same: what has to be equal for two things to be equal.
        kin: what two things should have in common to be a pair if there is a choice.
    """
    old, new = _without_shared(tuple(old), tuple(new))
    befores, afters = _grouped(old, group), _grouped(new, group)
    for key in befores.keys() | afters.keys():
        before, after = befores.get(key, []), afters.get(key, [])
        before, after = _without_equals(before, after, same)
        yield from _take_pairs(before, after, kin)
        yield from _rest(before, after)


def _without_shared(old: tuple[T, ...], new: tuple[T, ...]) -> tuple[list[T], list[T]]:
    # two captures of one process share what did not change between them; one cancels out one, as equal ones do
    gone, come = unshared_places(old, new)
    places = {id(new[at]): at for at in come}
    cancelled: set[int] = set()
    left: list[T] = []
    for at in gone:
        place = places.pop(id(old[at]), None)
        if place is None:
            left.append(old[at])
        else:
            cancelled.add(place)
    return left, [new[at] for at in come if at not in cancelled]


def _grouped(things: Iterable[T], group: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for thing in things:
        groups.setdefault(group(thing), []).append(thing)
    return groups


def _without_equals(before: list[T], after: list[T], same: Callable[[T], object]) -> tuple[list[T], list[T]]:
    left = list(after)
    identities = [same(thing) for thing in left]
    kept: list[T] = []
    for thing in before:
        identity = same(thing)
        if identity in identities:
            at = identities.index(identity)
            del identities[at], left[at]
        else:
            kept.append(thing)
    return kept, left


def _take_pairs(before: list[T], after: list[T], kin: Callable[[T], object]) -> Iterator[tuple[T, T]]:
    for thing in tuple(before):
        for other in after:
            if kin(thing) == kin(other):
                before.remove(thing)
                after.remove(other)
                yield thing, other
                break


def _rest(before: list[T], after: list[T]) -> Iterator[tuple[T | None, T | None]]:
    count = max(len(before), len(after))
    yield from zip(
        [*before, *[None] * (count - len(before))],
        [*after, *[None] * (count - len(after))],
        strict=True,
    )
