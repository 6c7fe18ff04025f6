"""Results as JSON: one envelope for every command (docs/reference/json.md)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from envkeep.model.record import Record
from envkeep.model.secrets import looks_secret
from envkeep.model.specification import Specification

if TYPE_CHECKING:
    from envkeep.errors import EnvkeepError

__all__ = ["SCHEMA", "envelope", "error_envelope", "plain"]

SCHEMA = 1


def plain(value: Any) -> Any:
    """Return a result as values of JSON: dataclasses by field, paths and times as text (ISO 8601), sets sorted.

    Variables that look secret are left out.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (Record, Specification)):
        value = replace(value, variables=tuple(pair for pair in value.variables if not looks_secret(*pair)))
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


def envelope(command: str, result: Any, *, status: int, problems: Any = ()) -> dict[str, Any]:
    """Return the document of a command's result."""
    return {"schema": SCHEMA, "command": command, "status": status, "result": plain(result), "problems": plain(problems)}


def error_envelope(command: str, error: EnvkeepError) -> dict[str, Any]:
    """Return the document of a command that failed."""
    fault = {"code": error.code, "fact": error.fact, "remedy": error.remedy}
    return {**envelope(command, None, status=error.exit_status), "error": fault}
