"""What typer need not convert through pydantic, whose import takes longer than most commands.

Newer releases of typer give every value to pydantic, those too that are not given at all. What is no value, a text, a choice or
has a parser of ours is converted here; anything else, and every value that is refused, is typer's. Older releases convert by
themselves and are left alone.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["converting_quickly"]


def converting_quickly(params: list[Any]) -> list[Any]:
    """Return a command's parameters, as click has them, that convert plain values without pydantic."""
    for param in params:
        described = getattr(param, "type_descriptor", None)
        # another release may know its values by other names; then it converts them by itself
        if all(hasattr(described, name) for name in ("annotation", "parameter_info")) and "process_value" not in vars(param):
            param.process_value = _process_value(param, described)
    return params


def _process_value(param: Any, described: Any) -> Any:
    thorough = param.process_value

    def process_value(ctx: Any, value: Any) -> Any:
        several = param.nargs == -1 or getattr(param, "multiple", False)
        if value is None and not param.required:
            plain: Any = () if several else None
        else:
            plain = None if several else _plain(described, value)
            if plain is None:
                return thorough(ctx, value)
        return plain if param.callback is None else param.callback(ctx, param, plain)

    return process_value


def _plain(described: Any, value: Any) -> Any:
    """Return a value as its parameter has it; None where that takes more than a look."""
    kind, parse = described.annotation, getattr(described.parameter_info, "parser", None)
    if parse is not None:
        return None if value is None else parse(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next((member for member in kind if value in {member, member.value}), None)
    return value if kind is str and isinstance(value, str) else None
