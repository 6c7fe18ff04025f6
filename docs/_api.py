"""The Python API as a page: signatures and docstrings of the public names."""

from __future__ import annotations

import inspect
import re

import envkeep

_SECTION = re.compile(r"^(Args|Returns|Raises|Attributes):$", re.MULTILINE)


def text() -> str:
    """Return the page's text."""
    functions = [name for name in envkeep.__all__ if inspect.isfunction(getattr(envkeep, name))]
    order = ["backup", "capture", "load", "diff", "export", "plan", "restore", "verify"]
    assert sorted(functions) == sorted(order)
    return "\n".join([*(_function(name) for name in order), _types()])


def _function(name: str) -> str:
    function = getattr(envkeep, name)
    signature = inspect.signature(function)
    lines = [f"def {name}("]
    star = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            lines.append("    *,")
            star = True
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        lines.append(f"    {parameter.name}: {parameter.annotation}{default},")
    lines.append(f") -> {signature.return_annotation}")
    return f"## {name}\n\n```python\n" + "\n".join(lines) + f"\n```\n\n{_docstring(inspect.getdoc(function) or '')}"


def _docstring(docstring: str) -> str:
    about, *sections = _SECTION.split(docstring)
    parts = [_inline(about.strip()) + "\n"]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        entries = inspect.cleandoc("\n" + body.rstrip())
        if title == "Returns":
            parts.append(f"Returns: {_inline(' '.join(entries.split()))}\n")
            continue
        rows = re.findall(r"^(\S[^:\n]*): (.*(?:\n[ \t]+.*)*)", entries, re.MULTILINE)
        head = {"Args": "argument", "Raises": "raises", "Attributes": "attribute"}[title]
        parts.append(
            f"| {head} | |\n|---|---|\n" + "".join(f"| `{name}` | {_inline(' '.join(what.split()))} |\n" for name, what in rows)
        )
    return "\n".join(parts)


def _inline(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _types() -> str:
    record = inspect.getdoc(envkeep.Record) or ""
    error = inspect.getdoc(envkeep.EnvkeepError) or ""
    return f"## Record\n\n{_docstring(record)}\n## EnvkeepError\n\n{_docstring(error)}"
