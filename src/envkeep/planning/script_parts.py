"""What a rebuild script holds, whatever the shell: its files, and what it checks at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError
from envkeep.model.fetched import quoted
from envkeep.model.record import Record
from envkeep.planning.plan import (
    CloneCheckout,
    InstallPip,
    MakeConda,
    MakeVenv,
    Plan,
    RecordRequested,
    SetVariables,
    WritePinned,
)

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage

__all__ = ["CHECK", "ScriptParts", "parts_of"]

# what micromamba writes too: a conda older than the one named here refuses to touch the environment
_CONDA_VERSION = "3.8.0"

# runs in the new environment, on any Python from 3.8: what was to be installed is there in its version, by the metadata alone
CHECK = """\
import json, re, sys
from importlib import metadata
wanted = json.load(open(sys.argv[1], encoding="utf-8"))
faults = []
found = "%d.%d.%d" % sys.version_info[:3]
if wanted["python"] and not (found + ".").startswith(wanted["python"] + "."):
    faults.append("Python is %s, and %s was recorded" % (found, wanted["python"]))
for name, version in wanted["distributions"]:
    try:
        there = metadata.version(name)
    except metadata.PackageNotFoundError:
        there = None
    if there is None or (version is not None and there != version):
        faults.append("%s is %s, and %s was recorded" % (name, there or "missing", version or "it"))
for fault in faults:
    print("differs: " + fault, file=sys.stderr)
sys.exit(3 if faults else 0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptParts:
    """Everything a script is written from; each text was validated when the plan was made.

    Attributes:
        plan: for its target, channels and name.
        explicit: lines of the explicit list; empty where nothing is made of artefacts.
        specs: MatchSpecs to solve for besides.
        local: ``(path, algorithm, hex)`` of artefacts on this machine's disk, whose hashes conda does not compare.
        records: file names that conda-meta has to hold afterwards.
        venv: the Python version of a venv to be made; None for a conda environment.
        requirements: lines for pip.
        deps: whether pip resolves dependencies.
        clones: repositories to clone first.
        files: ``(name below conda-meta, text)``: state and pinned.
        history: lines of a block of ``conda-meta/history``, without its first, that says what was asked for in the original;
            after an explicit list conda and mamba would take every package for wanted. Empty where that is not known.
        wanted: what CHECK reads, as JSON.
        has_python: whether the environment has a Python that CHECK can run in.
        lacking: what is not brought back, one sentence each.
    """

    plan: Plan
    explicit: tuple[str, ...]
    specs: tuple[str, ...]
    local: tuple[tuple[str, str, str], ...]
    records: tuple[str, ...]
    venv: str | None
    requirements: tuple[str, ...]
    deps: bool
    clones: tuple[CloneCheckout, ...]
    files: tuple[tuple[str, str], ...]
    history: tuple[str, ...]
    wanted: str
    has_python: bool
    lacking: tuple[str, ...]


def parts_of(plan: Plan) -> ScriptParts:
    """Return what a script of this plan is written from.

    Raises:
        BadFormatError: a text of the plan holds a line break or another control character, which no script can be trusted with.
    """
    conda = next((step for step in plan.steps if isinstance(step, MakeConda)), MakeConda(how=plan.start))
    venv = next((step.python for step in plan.steps if isinstance(step, MakeVenv)), None)
    pip = next((step for step in plan.steps if isinstance(step, InstallPip)), InstallPip(lines=(), deps=False))
    asked = next((step.specs for step in plan.steps if isinstance(step, RecordRequested)), ())
    files: list[tuple[str, str]] = []
    for step in plan.steps:
        if isinstance(step, SetVariables):
            # one line of ASCII, whatever the values hold
            files.append(("state", json.dumps({"env_vars": dict(step.variables)})))
        elif isinstance(step, WritePinned):
            files.append(("pinned", "\n".join(step.lines)))
    source = plan.source
    python = source.python if isinstance(source.python, str) or source.python is None else source.python.version
    wanted = {"python": python, "distributions": [[line.name, line.version] for line in pip.lines]}
    names = {package.name for package in conda.packages}
    parts = ScriptParts(
        plan=plan,
        explicit=tuple(_explicit(package) for package in conda.packages),
        specs=conda.specs,
        local=tuple(item for package in conda.packages for item in _local(package)),
        records=tuple(f"{package.name}-{package.version}-{package.build}.json" for package in conda.packages),
        venv=venv,
        requirements=tuple(line.text for line in pip.lines),
        deps=pip.deps,
        clones=tuple(step for step in plan.steps if isinstance(step, CloneCheckout)),
        files=tuple(files),
        history=_history(conda.packages, asked),
        wanted=json.dumps(wanted),
        has_python=venv is not None
        or "python" in names
        or bool(conda.specs and (not isinstance(source, Record) or source.python)),
        lacking=tuple(f"{item.name}: {item.reason}" for item in plan.cannot),
    )
    _refuse_control_characters(parts)
    return parts


def _history(packages: tuple[CondaPackage, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    if not packages or not asked:
        return ()
    from datetime import datetime, timezone

    from envkeep.formats.history import format_block

    block = format_block(
        # the script writes the line with the time at which it runs
        when=datetime(2000, 1, 1, tzinfo=timezone.utc),
        command="envkeep restore",
        conda_version=_CONDA_VERSION,
        added=[f"{item.channel}/{item.subdir}::{item.name}-{item.version}-{item.build}" for item in packages],
        update_specs=asked,
    )
    return tuple(block.splitlines()[1:])


def _explicit(package: CondaPackage) -> str:
    # md5 is what every conda and mamba reads; sha256 only recent ones
    digest = package.md5 or (f"sha256:{package.sha256}" if package.sha256 else "")
    return quoted(package.url or "") + (f"#{digest}" if digest else "")


def _local(package: CondaPackage) -> tuple[tuple[str, str, str], ...]:
    from envkeep.model.urls import path_of_file_url

    path = path_of_file_url(package.url or "")
    return ((path, "sha256", package.sha256),) if path is not None and package.sha256 else ()


def _refuse_control_characters(parts: ScriptParts) -> None:
    texts = [
        parts.plan.target,
        parts.plan.name,
        *parts.plan.channels,
        *parts.explicit,
        *parts.specs,
        *parts.records,
        *parts.requirements,
        *parts.lacking,
        *parts.history,
        *(path for path, _, _ in parts.local),
        *(text for clone in parts.clones for text in (clone.url, clone.commit, clone.path)),
        *(line for _, text in parts.files for line in text.split("\n")),
    ]
    for text in texts:
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise BadFormatError(
                f"{text!r} holds a control character, and cannot stand in a script", "Restore with envkeep itself."
            )
