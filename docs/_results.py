"""What ``--json`` prints as ``result``: the types that the commands answer with, as a page and as JSON Schema."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Literal, TypedDict, Union

from envkeep.archive.pack import PackResult
from envkeep.cli.main import VERBS
from envkeep.errors import EnvkeepError
from envkeep.keeping.backup import BackupResult
from envkeep.keeping.every import Results
from envkeep.keeping.status import StatusResult
from envkeep.model.record import Problem, Record
from envkeep.model.specification import Specification
from envkeep.planning.plan import Plan
from envkeep.report.doctor import Health
from envkeep.report.plain import SCHEMA
from envkeep.report.status import Standing
from envkeep.restoring.aside import Found
from envkeep.restoring.result import RestoreResult, RollbackResult
from envkeep.store.find import Hit
from envkeep.store.layout import Backup, StoredEnvironment
from envkeep.verifying.outcome import Verification

if typing.TYPE_CHECKING:
    from envkeep.checking.files import FileFinding
    from envkeep.checking.finding import Finding
    from envkeep.diffing.changes import Change
    from envkeep.restoring.unowned import Contents
    from envkeep.store.config import Config
    from envkeep.store.retention import Decision


class Listed(TypedDict):
    """An environment and its backups, newest first; null where its folder cannot be read."""

    environment: StoredEnvironment
    backups: tuple[Backup, ...] | None


class Compared(TypedDict):
    """The two sides as they were found, what changed, and what one side does not say."""

    old: str
    new: str
    changes: tuple[Change, ...]
    uncompared: tuple[str, ...]


class Checked(TypedDict):
    """What could not be rebuilt, worst first; with ``--files`` also what is not as it was installed."""

    findings: tuple[Finding, ...]
    files: tuple[FileFinding, ...]


class Exported(TypedDict):
    """The text, or with ``-o`` the file that it was written to."""

    format: str
    text: str | None
    file: Path | None


class Inspected(TypedDict):
    """What a file holds, and the plan of restoring it."""

    source: Record | Specification
    plan: Plan


class Tagged(TypedDict):
    """The backup as it is now, and the tag that was put on it or taken away."""

    backup: Backup
    tag: str


class Forgotten(TypedDict):
    """What was removed; with ``--dry-run`` what would be, and why."""

    forgotten: tuple[Backup, ...]
    decisions: tuple[Decision, ...]


class Scripted(TypedDict):
    """With ``--script``: the file that was written, and the plan that it carries out."""

    script: Path
    plan: Plan


class RollbackPlanned(TypedDict):
    """With ``--dry-run``: the plan, and what is in the environment that it would replace."""

    plan: Plan
    old: Contents


class Configured(TypedDict):
    """The settings in force, and with ``--init`` the file that was written."""

    written: Path | None
    config: Config


class Completed(TypedDict):
    """A shell's script."""

    shell: str
    script: str


# the bare command first; two types where an option changes what is answered
RESULTS: dict[str, Any] = {
    "envkeep": Standing,
    "backup": BackupResult | Results,
    "list": tuple[Listed, ...],
    "show": Record | Specification,
    "diff": Compared,
    "status": StatusResult,
    "find": tuple[Hit, ...],
    "check": Checked,
    "export": Exported,
    "restore": RestoreResult | Plan | Scripted,
    # with --discard-old: what would go, and the paths that went
    "rollback": RollbackResult | RollbackPlanned | tuple[Found, ...] | tuple[str, ...],
    "verify": Verification,
    "pack": PackResult,
    "inspect": Inspected,
    "import": tuple[Backup, ...],
    "tag": Tagged,
    "forget": Forgotten,
    "config": Configured,
    "doctor": Health,
    "completion": Completed,
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of every document that ``--json`` prints."""
    defs = _Definitions()
    results = {verb: defs.of(kind) for verb, kind in RESULTS.items()}
    error = {
        "type": "object",
        "properties": {"code": {"enum": _codes()}, "fact": {"type": "string"}, "remedy": {"type": ["string", "null"]}},
        "required": ["code", "fact", "remedy"],
    }
    envelope = {
        "schema": {"const": SCHEMA},
        "command": {"enum": list(RESULTS)},
        "status": {"enum": [0, 1, 2, 3, 130]},
        "result": True,
        "problems": {"type": "array", "items": defs.of(Problem)},
    }
    succeeded = [
        {"properties": {"command": {"const": verb}, "result": result}, "not": {"required": ["error"]}}
        for verb, result in results.items()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What envkeep prints with --json",
        "type": "object",
        "properties": {**envelope, "error": error},
        "required": list(envelope),
        "anyOf": [{"properties": {"result": {"type": "null"}}, "required": ["error"]}, *succeeded],
        "$defs": dict(sorted(defs.made.items())),
    }


def text() -> str:
    """Return the page's text: what each command answers, and each type once."""
    defs = _Definitions()
    lines = ["## Results\n", "| command | `result` |\n|---|---|"]
    lines += [f"| `{verb}` | {_shown(defs.of(RESULTS[verb]))} |" for verb in ("envkeep", *VERBS)]
    lines.append("\n## Types\n")
    for name, made in sorted(defs.made.items()):
        lines.append(f"### {name}\n")
        if made.get("description"):
            lines.append(f"{_inline(made['description'])}\n")
        lines.append("| key | value | |\n|---|---|---|")
        for key, value in made["properties"].items():
            lines.append(f"| `{key}` | {_shown(value)} | {_inline(value.get('description', ''))} |")
        lines.append("")
    return "\n".join(lines)


def _shown(node: Any) -> str:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return f"[{name}](#{re.sub(r'[^a-z0-9]+', '', name.lower())})"
    if "anyOf" in node:
        return " or ".join(_shown(each) for each in node["anyOf"])
    if "enum" in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if "prefixItems" in node:
        return f"pair of {' and '.join(_shown(each) for each in node['prefixItems'])}"
    if node.get("type") == "array":
        return f"list of {_shown(node['items'])}"
    if node.get("format") == "date-time":
        return "time"
    return {"object": "map", "null": "null"}.get(node.get("type", ""), node.get("type", "anything"))


def _inline(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


def _codes() -> list[str]:
    def below(kind: type[EnvkeepError]) -> list[type[EnvkeepError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in below(sub))]

    return sorted({kind.code for kind in below(EnvkeepError)})


class _Definitions:
    """Types on their way to JSON Schema; dataclasses and typed dicts become definitions of their own."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self._names: dict[type, str] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if kind is None or kind is type(None):
            return {"type": "null"}
        if origin in {Union, types.UnionType}:
            return {"anyOf": [self.of(each) for each in args]}
        if origin is Literal:
            return {"enum": list(args)}
        if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
            return {"type": "array", "prefixItems": [self.of(each) for each in args], "items": False}
        if origin in {tuple, list, Sequence, frozenset, set}:
            return {"type": "array", "items": self.of(args[0])}
        if origin in {dict, Mapping}:
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if dataclasses.is_dataclass(kind) or typing.is_typeddict(kind):
            return {"$ref": f"#/$defs/{self._define(kind)}"}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"enum": [member.value for member in kind]}
        plain: dict[Any, dict[str, Any]] = {
            str: {"type": "string"},
            bool: {"type": "boolean"},
            int: {"type": "integer"},
            float: {"type": "number"},
            datetime: {"type": "string", "format": "date-time"},
        }
        if isinstance(kind, type) and issubclass(kind, PurePath):
            return {"type": "string"}
        if kind in plain:
            return plain[kind]
        raise TypeError(f"no schema for {kind!r}")

    def _define(self, kind: Any) -> str:
        if kind in self._names:
            return self._names[kind]
        name = str(kind.__name__).lstrip("_")
        if name in self.made:
            # two layers have a word for their findings: the second is told by its layer
            name = f"{kind.__module__.split('.')[1].capitalize()}{name}"
        self._names[kind] = name
        self.made[name] = {}
        hints = _hints(kind)
        shown = (
            [field.name for field in dataclasses.fields(kind) if field.repr] if dataclasses.is_dataclass(kind) else list(hints)
        )
        about, meanings = _meanings(kind)
        properties = {}
        for key in shown:
            properties[key] = self.of(hints[key])
            if key in meanings:
                properties[key] = {**properties[key], "description": meanings[key]}
        self.made[name] = {"description": about, "type": "object", "properties": properties, "required": list(properties)}
        return name


def _hints(kind: type) -> dict[str, Any]:
    """Return a class's types, those too that its module imports for type checkers alone."""
    module = sys.modules[kind.__module__]
    names = dict(vars(module))
    assert module.__file__ is not None
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            exec(compile(ast.Module(body=node.body, type_ignores=[]), module.__file__, "exec"), names)
    return typing.get_type_hints(kind, globalns=names, localns=names)


def _meanings(kind: type) -> tuple[str, dict[str, str]]:
    docstring = inspect.getdoc(kind) or ""
    about, _, attributes = docstring.partition("\nAttributes:\n")
    entries = re.findall(r"^([\w, ]+): (.*(?:\n[ \t]+.*)*)", inspect.cleandoc("\n" + attributes), re.MULTILINE)
    meanings = {name.strip(): " ".join(what.split()) for names, what in entries for name in names.split(",")}
    return " ".join(about.split()), meanings
