"""Tables that say how a frozen value of the model is written as a JSON object, and the one reader and writer that follow them.

The wire's keys are not the memory's attributes: each table names both, so that either can change without the other. What equals
its default is left out, unknown keys are passed over (a newer envkeep may have written them), and a reader meets every fault of
a document, each with its path inside (``conda[3].version``), before it gives up.
"""

from __future__ import annotations

from dataclasses import MISSING
from dataclasses import fields as dataclass_fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Faults",
    "Field",
    "Shape",
    "choice",
    "hashes",
    "instant",
    "object_of",
    "objects_of",
    "pairs",
    "switch",
    "text",
    "texts",
    "whole_number",
]

# a list of "path: what is wrong", filled while a document is read
Faults = list[str]

_TEXT = {str}
_NAMES = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


class Field:
    """One key of an object.

    Args:
        attribute: the model's name for it.
        read: from JSON: the value, its path and the list of faults in, the model's value out (not looked at after a fault).
        write: to JSON; None where the value goes as it is.
        key: the wire's name for it, if it is another one.
        required: whether an object without it is at fault; one that is not required is left out where it has its default.
    """

    __slots__ = ("attribute", "key", "plain", "read", "required", "write")

    def __init__(
        self,
        attribute: str,
        read: Callable[[Any, str, Faults], Any],
        *,
        write: Callable[[Any], Any] | None = None,
        key: str | None = None,
        required: bool = False,
    ) -> None:
        self.attribute = attribute
        self.key = attribute if key is None else key
        self.read = read
        # what of this very type is taken as it is: nearly all values of a record
        plain: dict[Any, type[Any]] = {text: str, switch: bool, whole_number: int}
        self.plain = plain.get(read)
        self.write = write
        self.required = required


class Shape:
    """How one frozen class is written: its fields in the order of the wire."""

    __slots__ = ("_by_key", "_defaults", "_fields", "_required", "_type")

    def __init__(self, kind: type[Any], *fields: Field) -> None:
        self._type = kind
        self._fields = fields
        self._by_key = {field.key: field for field in fields}
        self._required = tuple(field for field in fields if field.required)
        self._defaults: dict[str, Any] = {}
        for field in dataclass_fields(kind):
            if field.default is not MISSING:
                self._defaults[field.name] = field.default
            elif field.default_factory is not MISSING:
                self._defaults[field.name] = field.default_factory()

    def write(self, value: Any) -> dict[str, Any]:
        """Return a value as a JSON object, in the table's order, defaults left out."""
        found: dict[str, Any] = {}
        for field in self._fields:
            item = getattr(value, field.attribute)
            if not field.required and item == self._defaults[field.attribute]:
                continue
            found[field.key] = item if field.write is None else field.write(item)
        return found

    def read(self, raw: Any, path: str, faults: Faults) -> Any:
        """Return the value that a JSON object stands for, or None after adding to ``faults``."""
        if type(raw) is not dict:
            faults.append(fault(path, "an object", raw))
            return None
        before = len(faults)
        start = f"{path}." if path else ""
        found: dict[str, Any] = {}
        for key, item in raw.items():
            field = self._by_key.get(key)
            if field is None or (item is None and not field.required):
                continue
            found[field.attribute] = item if type(item) is field.plain else field.read(item, start + key, faults)
        for field in self._required:
            if field.attribute not in found:
                faults.append(f"{start}{field.key}: missing")
        return self._type(**found) if len(faults) == before else None


def fault(path: str, wanted: str, raw: Any) -> str:
    """Return the words for a value of the wrong type."""
    return f"{path or 'the document'}: expected {wanted}, found {_NAMES.get(type(raw), 'nothing')}"


def text(raw: Any, path: str, faults: Faults) -> str:
    """Read a string."""
    if type(raw) is not str:
        faults.append(fault(path, "text", raw))
        return ""
    return raw


def switch(raw: Any, path: str, faults: Faults) -> bool:
    """Read true or false."""
    if type(raw) is not bool:
        faults.append(fault(path, "true or false", raw))
        return False
    return raw


def whole_number(raw: Any, path: str, faults: Faults) -> int:
    """Read a whole number."""
    if type(raw) is not int:
        faults.append(fault(path, "a whole number", raw))
        return 0
    return raw


def texts(raw: Any, path: str, faults: Faults) -> tuple[str, ...]:
    """Read a list of strings."""
    if type(raw) is not list:
        faults.append(fault(path, "a list", raw))
        return ()
    if set(map(type, raw)) <= _TEXT:
        return tuple(raw)
    for index, item in enumerate(raw):
        text(item, f"{path}[{index}]", faults)
    return ()


def pairs(raw: Any, path: str, faults: Faults) -> tuple[tuple[str, str], ...]:
    """Read an object of strings as pairs, in its order."""
    if type(raw) is not dict:
        faults.append(fault(path, "an object", raw))
        return ()
    return tuple((name, text(item, f"{path}.{name}", faults)) for name, item in raw.items())


def hashes(raw: Any, path: str, faults: Faults) -> tuple[tuple[str, str], ...]:
    """Read ``algorithm:hex`` strings as pairs, in their order."""
    found = []
    for index, item in enumerate(texts(raw, path, faults)):
        algorithm, colon, digest = item.partition(":")
        if not colon:
            faults.append(f"{path}[{index}]: expected algorithm:hex, found {item[:80]!r}")
        found.append((algorithm, digest))
    return tuple(found)


def choice(*words: str) -> Callable[[Any, str, Faults], Any]:
    """Return the reader of one of these words."""

    def read(raw: Any, path: str, faults: Faults) -> str:
        if raw not in words or type(raw) is not str:
            shown = repr(raw[:80]) if type(raw) is str else _NAMES.get(type(raw), "nothing")
            faults.append(f"{path}: expected {' or '.join(words)}, found {shown}")
            return words[0]
        return raw

    return read


def instant(raw: Any, path: str, faults: Faults) -> datetime:
    """Read an instant of UTC (RFC 3339: ``2025-01-31T10:24:05Z``)."""
    if type(raw) is str and raw.endswith("Z"):
        try:
            return datetime.fromisoformat(raw[:-1] + "+00:00")
        except ValueError:
            pass
    shown = repr(raw[:80]) if type(raw) is str else _NAMES.get(type(raw), "nothing")
    faults.append(f"{path}: expected an instant of UTC such as 2025-01-31T10:24:05Z, found {shown}")
    return datetime(1970, 1, 1, tzinfo=timezone.utc)


def object_of(shape: Shape) -> Callable[[Any, str, Faults], Any]:
    """Return the reader of one object of a shape."""
    return shape.read


def objects_of(shape: Shape) -> Callable[[Any, str, Faults], Any]:
    """Return the reader of a list of objects of a shape."""

    def read(raw: Any, path: str, faults: Faults) -> tuple[Any, ...]:
        if type(raw) is not list:
            faults.append(fault(path, "a list", raw))
            return ()
        return tuple([shape.read(item, f"{path}[{index}]", faults) for index, item in enumerate(raw)])

    return read
