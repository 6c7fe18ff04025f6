"""``--json``: every command prints one document, and it is what the schema says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from envkeep.cli.main import VERBS
from support.command import command
from support.prefixes import install

if TYPE_CHECKING:
    from cli.conftest import Lab
    from conftest import MakeEnv

_SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "json-schema.json").read_text(encoding="utf-8"))

# every verb at least once, and each kind of answer that it has
_RUNS: dict[str, list[tuple[str, int]]] = {
    "backup": [("backup", 0), ("backup --force --tag again", 0), ("backup --all", 0)],
    "list": [("list", 0), ("list --all", 0), ("list -n microscope", 0)],
    "show": [("show latest", 0), ("show loose.txt", 0)],
    "diff": [("diff latest~1 latest", 3), ("diff latest", 0), ("diff loose.txt latest", 3)],
    "status": [("status", 0)],
    "find": [("find libpng", 0), ("find nosuch", 0)],
    "check": [("check --files", 3), ("check latest", 3)],
    "export": [("export", 0), ("export latest --format explicit -o out.txt", 0)],
    "restore": [],
    "rollback": [],
    "verify": [("verify latest", 0), ("verify latest~1", 3)],
    "pack": [],
    "inspect": [("inspect loose.txt", 0)],
    "import": [("import loose.txt -n old", 0)],
    "tag": [("tag latest release", 0), ("tag latest paper --remove", 0)],
    "forget": [("forget --dry-run", 0), ("forget latest~1 --dry-run", 0), ("forget latest~1 --yes", 0), ("forget", 0)],
    "config": [("config", 0), ("config --init", 0)],
    "doctor": [("doctor", 0)],
    "completion": [("completion bash", 0)],
}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with no room for keys that it does not name."""
    strict = copy.deepcopy(schema)
    for definition in strict["$defs"].values():
        definition["additionalProperties"] = False
    strict["additionalProperties"] = False
    return strict


_VALIDATOR = Draft202012Validator(_strict(_SCHEMA))


def _assert_valid(document: Any) -> None:
    # the alternatives of `anyOf` are one for each verb: only its own says what is wrong
    errors = [error.message for error in _VALIDATOR.iter_errors(document)]
    if errors and "error" not in document:
        own = next(each for each in _SCHEMA["anyOf"] if each["properties"].get("command") == {"const": document["command"]})
        result = {**_strict(_SCHEMA), "anyOf": [own["properties"]["result"]], "type": ["object", "array"]}
        for key in ("properties", "required", "additionalProperties"):
            del result[key]
        errors += [
            error.message
            for each in Draft202012Validator(result).iter_errors(document["result"])
            for error in each.context or [each]
        ]
    assert not errors, "\n".join(errors)[:3000]


def test_every_verb_is_in_the_schema_and_tried_here() -> None:
    commands = set(_SCHEMA["properties"]["command"]["enum"])
    assert commands == {"envkeep", *VERBS}
    assert set(_RUNS) == set(VERBS)
    Draft202012Validator.check_schema(_SCHEMA)


@pytest.mark.parametrize(
    ("line", "status"), [run for runs in _RUNS.values() for run in runs], ids=lambda given: str(given).replace(" ", "_")
)
def test_one_document_as_the_schema_says(lab: Lab, line: str, status: int) -> None:
    import shlex

    Path("loose.txt").write_text("# version: 3.12.1\n\nsix==1.16.0\nnumpy @ file:///croot/numpy\n")
    ran = command(*shlex.split(line), "--json")
    assert ran.status == status, ran.err + ran.out
    document = ran.document
    assert document["command"] == line.split(maxsplit=1)[0]
    assert document["status"] == status
    _assert_valid(document)
    assert "hunter2" not in ran.out, "a variable that looks secret is in no output"


def test_what_builds_and_packs(make_env: MakeEnv, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = make_env(["libfoo<2"], prefix=tmp_path / "envs" / "microscope")
    monkeypatch.setenv("CONDA_PREFIX", str(prefix))
    monkeypatch.chdir(tmp_path)
    command("backup")
    for line in (
        "restore latest -p new --dry-run",
        "restore latest -p new --script new.sh",
        "restore latest -p new --yes",
        "verify latest -p new",
        "rollback latest --dry-run",
        "rollback latest --yes",
        "rollback --discard-old --dry-run",
        "rollback --discard-old --yes",
        "pack latest -o microscope.envkeep",
        "restore microscope.envkeep -p packed --yes",
        "inspect microscope.envkeep",
    ):
        ran = command(*line.split(), "--json")
        assert ran.status == 0, f"{line}: {ran.err}"
        assert ran.document["command"] == line.split()[0]
        _assert_valid(ran.document)


def test_the_bare_command(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = command("--json")
    assert ran.status == 0
    _assert_valid(ran.document)
    assert ran.document["result"]["next"] == "envkeep list"
    install(lab.prefix, "new=1=h0")
    assert command("--json").document["result"]["next"] == "envkeep backup"


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("show nosuch", 1, "unknown-backup"),
        ("list -n nosuch", 1, "environment-not-found"),
        ("backup -p .", 1, "not-an-environment"),
        ("backup --nosuch", 2, "usage"),
        ("nosuch", 2, "usage"),
        ("find", 2, "usage"),
        ("restore latest --fidelity nosuch", 2, "usage"),
        ("restore latest --engine", 2, "usage"),
        ("diff latest~1 latest -n", 2, "usage"),
        ("backup --all -n microscope", 2, "usage"),
        ("inspect nowhere.txt", 1, "bad-format"),
    ],
)
def test_an_error_is_in_the_envelope_too(lab: Lab, line: str, status: int, code: str) -> None:
    ran = command("--json", *line.split())
    assert ran.status == status
    _assert_valid(ran.document)
    assert ran.document["error"]["code"] == code
    assert ran.document["status"] == status
    assert ran.err.startswith("error: ")
    assert ran.err.splitlines()[0] == f"error: {ran.document['error']['fact'].splitlines()[0]}"


def test_quiet_prints_it_all_the_same(lab: Lab) -> None:
    assert command("status", "--json", "-q").document["result"]["word"] == "same"


def test_what_a_stream_cannot_spell_is_escaped_and_not_lost(lab: Lab) -> None:
    command("backup", "--force", "--note", "für Müller ✓")
    ran = command("list", "--json", encoding="ascii")
    assert ran.out.isascii()
    assert ran.document["result"][0]["backups"][0]["note"] == "für Müller ✓"
    assert "für Müller ✓" in command("list", "--json").out
