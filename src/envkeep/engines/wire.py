"""Conda packages as plain values of JSON, between the embedded engine's process and ours.

Both ends are of one version, so the shape is that of the dataclass; what is stored on disk has a format of its own.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from envkeep.model.conda_package import CondaPackage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["package_from_wire", "packages_from_wire", "packages_to_wire"]

_NAMES = tuple(each.name for each in fields(CondaPackage))
_TUPLES = frozenset(each.name for each in fields(CondaPackage) if str(each.type).startswith("tuple"))


def packages_to_wire(packages: Iterable[CondaPackage]) -> list[dict[str, Any]]:
    """Return packages as values that JSON can hold."""
    return [{name: getattr(package, name) for name in _NAMES} for package in packages]


def packages_from_wire(values: Iterable[Mapping[str, Any]]) -> tuple[CondaPackage, ...]:
    """Return the packages of ``packages_to_wire``."""
    return tuple(package_from_wire(value) for value in values)


def package_from_wire(value: Mapping[str, Any]) -> CondaPackage:
    """Return one package of ``packages_to_wire``."""
    parts: dict[str, Any] = {name: tuple(part) if name in _TUPLES else part for name, part in value.items()}
    return CondaPackage(**parts)
