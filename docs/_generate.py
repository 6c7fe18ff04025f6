"""Writes those parts of the reference that say what the code says: ``python docs/_generate.py``.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end of generated -->``; the rest of a page is written by hand.
A test holds the pages against what this writes.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

REFERENCE = Path(__file__).parent / "reference"
_PART = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end of generated -->\n)", re.DOTALL)


def pages() -> dict[Path, str]:
    """Return every page and file with generated parts, as it should be."""
    made = {}
    for path in sorted(REFERENCE.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if "<!-- generated: " in text:
            made[path] = _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n{part[3]}", text)
    made[REFERENCE / "json-schema.json"] = json.dumps(_load("_results").schema(), indent=2) + "\n"
    return made


def _load(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _commands() -> str:
    return str(_load("_commands").text())


def _api() -> str:
    return str(_load("_api").text())


def _results() -> str:
    return str(_load("_results").text())


def _errors() -> str:
    from envkeep import errors

    found = [getattr(errors, name) for name in errors.__all__]
    # in the order of the file, which goes from what is asked to what is done
    rows = sorted((each for each in found if "code" in vars(each) and each is not errors.EnvkeepError), key=_line)
    lines = ["| code | status | means |", "|---|---|---|"]
    for each in rows:
        meaning = " ".join((each.__doc__ or "").split()).rstrip(".")
        lines.append(f"| `{each.code}` | {each.exit_status} | {meaning} |")
    return "\n".join(lines) + "\n"


def _line(kind: type) -> int:
    import inspect

    return inspect.getsourcelines(kind)[1]


PARTS: Mapping[str, Callable[[], str]] = {"commands": _commands, "python-api": _api, "json-results": _results, "errors": _errors}


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8", newline="\n")
