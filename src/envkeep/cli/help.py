"""What ``-h`` prints, made from the functions of the verbs: what each does, its arguments, its options, an example."""

from __future__ import annotations

import shutil
import textwrap
from inspect import cleandoc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from envkeep.cli.parameters import Parameter

__all__ = ["EPILOG", "first_sentence", "root_help", "verb_help"]

EPILOG = (
    "Exit status: 0 as asked; 1 error; 2 usage; 3 differs (status, diff, check, verify, and a restore or rollback that came out "
    "below what was asked) or is not sound (doctor); 130 interrupted."
)
_WIDEST = 100
# a longer option has what it is for on the line below
_LEFT = 30


def verb_help(verb: str, function: Callable[..., None], known: Sequence[Parameter]) -> str:
    """Return the help of a verb."""
    arguments = [each for each in known if not each.names]
    usage = " ".join(["Usage: envkeep", verb, "[OPTIONS]", *(each.usage for each in arguments)])
    parts = [usage, _about(function)]
    if arguments:
        parts.append("Arguments:\n" + _table((each.metavar, each.help) for each in arguments))
    return _whole([*parts, _options(known)])


def root_help(function: Callable[..., None], known: Sequence[Parameter], verbs: Mapping[str, Callable[..., None]]) -> str:
    """Return the help of the command itself, with a line for each verb."""
    listed = _table((verb, first_sentence(each.__doc__)) for verb, each in verbs.items())
    return _whole(["Usage: envkeep [OPTIONS] COMMAND [ARGS]...", _about(function), _options(known), f"Commands:\n{listed}"])


def first_sentence(text: str | None) -> str:
    """Return a docstring's first sentence on one line, without its stop."""
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")


def _whole(parts: Sequence[str]) -> str:
    return "\n\n".join([*parts, _filled(EPILOG)])


def _about(function: Callable[..., None]) -> str:
    return "\n\n".join(_filled(paragraph) for paragraph in cleandoc(function.__doc__ or "").split("\n\n"))


def _options(known: Sequence[Parameter]) -> str:
    rows = [(_spelled(each), each.help) for each in known if each.names]
    return "Options:\n" + _table([*rows, ("-h, --help", "Show this and exit.")])


def _spelled(parameter: Parameter) -> str:
    value = "" if parameter.flag else f" <{'|'.join(parameter.choices)}>" if parameter.choices else f" {parameter.metavar}"
    return ", ".join(parameter.names) + value


def _table(rows: Iterable[tuple[str, str]]) -> str:
    table = list(rows)
    left = min(_LEFT, _width() // 3, max(len(name) for name, _ in table))
    lines = []
    for name, about in table:
        wrapped = textwrap.wrap(about, max(20, _width() - left - 4), break_on_hyphens=False)
        if len(name) > left:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name.ljust(left)}  {wrapped.pop(0)}")
        lines += [" " * (left + 4) + line for line in wrapped]
    return "\n".join(lines)


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _width(), initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _width() -> int:
    return min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)
