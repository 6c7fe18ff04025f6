"""The commands as a page: what their functions say of themselves."""

from __future__ import annotations

import typing
from enum import Enum
from inspect import cleandoc
from typing import Any

from envkeep.cli.main import EPILOG, VERBS, root, verb_command, verb_function

_SHARED = ("home", "json", "quiet", "verbose")


def text() -> str:
    """Return the page's text."""
    parts = [_shared()]
    parts += [_verb(verb) for verb in VERBS]
    parts.append(f"{EPILOG}\n")
    return "\n".join(parts)


def _shared() -> str:
    rows = [_option(param, None) for param in root().params if param.name in (*_SHARED, "version")]
    return "## Options of every command\n\n" + _table(("option", "does"), rows)


def _verb(verb: str) -> str:
    command = verb_command(verb)
    *about, example = cleandoc(verb_function(verb).__doc__ or "").split("\n\n")
    assert example.startswith("Example: "), verb
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    own = [_option(param, verb) for param in options if param.name not in _SHARED and not param.hidden]
    parts = [f"## {verb}\n", "```text\n" + " ".join(["envkeep", verb, "[OPTIONS]", *map(_argument, arguments)]) + "\n```\n"]
    parts += [f"{_escaped(' '.join(paragraph.split()))}\n" for paragraph in about]
    parts.append(f"```sh\n{example.removeprefix('Example: ')}\n```\n")
    rows = [(f"`{_argument(param)}`", _escaped(param.help or "")) for param in arguments]
    if rows:
        parts.append(_table(("argument", "is"), rows))
    if own:
        parts.append(_table(("option", "does"), own))
    return "\n".join(parts)


def _argument(param: Any) -> str:
    name: str = param.metavar or param.name.upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def _option(param: Any, verb: str | None) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in param.opts)
    choices = _choices(verb, param.name) if verb else []
    value = "" if param.is_flag else f" {param.metavar}" if param.metavar else ""
    about = _escaped(param.help or "")
    if choices:
        about += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    default = param.default
    if isinstance(default, Enum):
        about += f" Default: `{default.value}`."
    if param.required:
        about += " Required."
    return names + value, about


def _choices(verb: str, name: str) -> list[str]:
    hint = typing.get_type_hints(verb_function(verb)).get(name)
    kinds = [kind for kind in (hint, *typing.get_args(hint)) if isinstance(kind, type) and issubclass(kind, Enum)]
    return [str(member.value) for kind in kinds for member in kind]


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "".join(f"| {left} | {right} |\n" for left, right in lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
