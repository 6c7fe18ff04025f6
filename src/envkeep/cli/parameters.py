"""The options and arguments of a verb, as the annotations of its function declare them.

    def command(all_: Annotated[bool, option("--all", help="Every environment.")] = False, *, shared: Shared) -> None: ...

The annotated type says what a value is: ``bool`` (a flag), ``str``, ``Path``, a ``Literal`` of choices, or a ``list`` of one of
these, which may be given several times. A parameter without a default has to be given. A dataclass stands for the options that
its fields declare in the same way: those that several verbs share.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from envkeep.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Declared", "Parameter", "argument", "call", "option", "parameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What an annotation says of a parameter: of an option its names, of both the name of the value and what it is."""

    names: tuple[str, ...] = ()
    metavar: str = ""
    help: str


def option(*names: str, help: str, metavar: str = "") -> Declared:  # noqa: A002 - what -h says
    """Declare an option: ``option("-n", "--name", metavar="NAME", help="The environment, by name.")``."""
    return Declared(names=names, metavar=metavar, help=help)


def argument(metavar: str, *, help: str) -> Declared:  # noqa: A002 - what -h says
    """Declare an argument, which is known by its place."""
    return Declared(metavar=metavar, help=help)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An option or an argument of a verb.

    Attributes:
        key: the name of the function's parameter.
        names: of an option, short ones first; none for an argument.
        metavar: what its value is called; empty for flags and choices.
        kind: of its value; ``bool`` is a flag.
        choices: that its value is one of; none where it is anything.
        many: it may be given several times.
        required: it has to be given.
        default: what it is where it is not given.
        help: what it is for, one sentence.
    """

    key: str
    names: tuple[str, ...]
    metavar: str
    kind: type[Any]
    choices: tuple[str, ...]
    many: bool
    required: bool
    default: object
    help: str

    @property
    def flag(self) -> bool:
        """Whether it takes no value."""
        return self.kind is bool

    @property
    def usage(self) -> str:
        """An argument as usage lines show it: ``BACKUP``, ``[BACKUP]``, ``FILE...``."""
        shown = self.metavar if self.required else f"[{self.metavar}]"
        return f"{shown}..." if self.many else shown

    def value(self, text: str) -> str | Path:
        """Return what a text on the command line means.

        Raises:
            UsageError: it is none of the choices, or an empty path: that is mostly an unset variable of a shell, and does not
                mean the current folder.
        """
        if self.choices and text not in self.choices:
            raise UsageError(f"{self._called} cannot be {text!r}", f"Say one of {', '.join(self.choices)}.")
        if self.kind is not Path:
            return text
        if not text.strip():
            raise UsageError(f"{self._called} is empty", "Say . for the folder where you are.")
        return Path(text)

    @property
    def _called(self) -> str:
        return "/".join(self.names) or self.metavar


def parameters(function: Callable[..., object]) -> tuple[Parameter, ...]:
    """Return the parameters that a verb's function declares, in its order, those of its groups in their place."""
    found: list[Parameter] = []
    for key, hint, default in _annotated(function):
        found += parameters(hint) if _is_group(hint) else [_parameter(key, hint, default)]
    return tuple(found)


def call(function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Call a verb's function with what was given of its parameters, by key, and of those of its groups."""
    arguments: dict[str, Any] = {}
    for key, hint, _ in _annotated(function):
        if _is_group(hint):
            arguments[key] = call(hint, given)
        elif key in given:
            arguments[key] = given[key]
    return function(**arguments)


def _is_group(hint: Any) -> bool:
    return is_dataclass(hint)


def _annotated(function: Callable[..., object]) -> tuple[tuple[str, Any, object], ...]:
    hints = get_type_hints(function, include_extras=True)
    return tuple((key, hints[key], each.default) for key, each in inspect.signature(function).parameters.items())


def _parameter(key: str, hint: Any, default: object) -> Parameter:
    # Python 3.10 takes a default of None for a type of its own: Optional[Annotated[...]]
    annotated = next(each for each in (hint, *get_args(hint)) if get_origin(each) is Annotated)
    meant, declared = get_args(annotated)
    kind = next((each for each in get_args(meant) if each is not NoneType), meant) if NoneType in get_args(meant) else meant
    many = get_origin(kind) is list
    if many:
        (kind,) = get_args(kind)
    choices: tuple[str, ...] = get_args(kind) if get_origin(kind) is Literal else ()
    required = default is inspect.Parameter.empty
    return Parameter(
        key=key,
        names=declared.names,
        metavar=declared.metavar,
        kind=str if choices else kind,
        choices=choices,
        many=many,
        required=required,
        default=None if required else default,
        help=declared.help,
    )
