"""Results as JSON: one envelope for every command (docs/reference/json.md)."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envkeep.errors import EnvkeepError

__all__ = ["SCHEMA", "envelope", "error_envelope", "plain"]

SCHEMA = 1


def plain(value: Any) -> Any:
    """Return a result as values of JSON: dataclasses by field, paths and times as text (ISO 8601), sets sorted."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        # what a value keeps out of its repr can be a secret
        shown = (field.name for field in fields(value) if field.repr and not field.name.startswith("_"))
        return {name: plain(getattr(value, name)) for name in shown}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def envelope(command: str, result: Any, *, status: int, problems: Any = ()) -> str:
    """Return the JSON text of a command's result."""
    return _dumps({"schema": SCHEMA, "command": command, "status": status, "result": plain(result), "problems": plain(problems)})


def error_envelope(command: str, error: EnvkeepError) -> str:
    """Return the JSON text of a command that failed."""
    fault = {"code": error.code, "fact": error.fact, "remedy": error.remedy}
    return _dumps(
        {"schema": SCHEMA, "command": command, "status": error.exit_status, "result": None, "problems": [], "error": fault}
    )


def _dumps(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
