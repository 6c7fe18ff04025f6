"""What a rebuild script holds, whatever the shell: its files, and what it checks at the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError, RefusedError
from envkeep.model.fetched import quoted
from envkeep.model.frozen import frozen
from envkeep.model.names import normalise
from envkeep.model.record import Record
from envkeep.model.urls import path_of_file_url
from envkeep.planning.link_scripts import may_have_link_scripts
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
    from collections.abc import Iterable, Iterator, Sequence

    from envkeep.model.record import CondaPackage

__all__ = ["CHECK", "ScriptParts", "history_lines", "parts_of", "tools_besides"]

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


@frozen
class ScriptParts:
    """Everything a script is written from; each text was validated when the plan was made.

    Attributes:
        plan: for its target, channels and name.
        explicit: lines of the explicit list; empty where nothing is made of artefacts.
        specs: MatchSpecs to solve for besides.
        local: ``(path, algorithm, hex)`` of artefacts on this machine's disk, whose hashes conda does not compare.
        records: file names that conda-meta has to hold afterwards.
        venv: the Python version of a venv to be made; None for a conda environment.
        requirements: lines for pip or uv; those with hashes apart, since one hash makes both ask for one on every line.
        pip_options: those that both know.
        unwanted: what a new venv holds to install with, and the record does not: removed at the end.
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
    requirements: tuple[tuple[str, ...], ...]
    pip_options: tuple[str, ...]
    unwanted: tuple[str, ...]
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
        RefusedError: link scripts are not allowed, and a package has some or may have: conda and the mambas run them always.
    """
    conda = plan.conda_step or MakeConda(how=plan.start)
    venv = next((step.python for step in plan.steps if isinstance(step, MakeVenv)), None)
    pip = plan.pip_step or InstallPip(lines=(), deps=False)
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
        requirements=tuple(_batches(pip)),
        pip_options=tuple(_pip_options(plan, pip)),
        unwanted=() if venv is None or pip.deps else tools_besides(line.name for line in pip.lines),
        clones=tuple(step for step in plan.steps if isinstance(step, CloneCheckout)),
        files=tuple(files),
        history=history_lines(conda.packages, asked),
        wanted=json.dumps(wanted),
        has_python=venv is not None
        or "python" in names
        or bool(conda.specs and (not isinstance(source, Record) or source.python)),
        lacking=tuple(f"{item.name}: {item.reason}" for item in plan.cannot),
    )
    _refuse_control_characters(parts)
    _refuse_link_scripts(plan)
    return parts


def history_lines(packages: Sequence[CondaPackage], asked: Sequence[str]) -> tuple[str, ...]:
    """Return a block of ``conda-meta/history`` without its first line, which a script writes with the time at which it runs.

    Args:
        packages: what is installed.
        asked: MatchSpecs that were asked for; where nothing was, there is no block.
    """
    if not packages or not asked:
        return ()
    from datetime import datetime, timezone

    from envkeep.planning.history import rebuilt_block

    # of the line that is left out
    when = datetime(2000, 1, 1, tzinfo=timezone.utc)
    block = rebuilt_block(when, packages, asked)
    return tuple(block.splitlines()[1:])


def tools_besides(names: Iterable[str]) -> tuple[str, ...]:
    """Return what a new venv holds to install with, and a list of its packages does not name; to be removed in this order.

    ``venv`` puts pip into it, and before Python 3.12 setuptools.
    """
    named = {normalise(name) for name in names}
    return tuple(tool for tool in ("setuptools", "pip") if tool not in named)


def _explicit(package: CondaPackage) -> str:
    # md5 is what every conda and mamba reads; sha256 only recent ones
    digest = package.md5 or (f"sha256:{package.sha256}" if package.sha256 else "")
    return quoted(package.url or "") + (f"#{digest}" if digest else "")


def _local(package: CondaPackage) -> tuple[tuple[str, str, str], ...]:
    path = path_of_file_url(package.url or "")
    return ((path, "sha256", package.sha256),) if path is not None and package.sha256 else ()


def _batches(pip: InstallPip) -> Iterator[tuple[str, ...]]:
    lines = tuple(dict.fromkeys(line.text for line in pip.lines))
    hashed = tuple(line for line in lines if " --hash=" in line)
    plain = tuple(line for line in lines if " --hash=" not in line)
    yield from (batch for batch in (plain, hashed) if batch)


def _pip_options(plan: Plan, pip: InstallPip) -> Iterator[str]:
    if not pip.deps:
        # what conda installed under the same name gives way, as it did where the record was taken
        yield from ("--no-deps", "--force-reinstall")
    indexes = [url for url in plan.index_urls if not plan.offline or url.startswith("file:")]
    if plan.offline:
        yield from ("--index-url", indexes.pop(0)) if indexes else ("--no-index",)
    for url in indexes:
        yield from ("--extra-index-url", url)


def _refuse_link_scripts(plan: Plan) -> None:
    named = () if plan.run_link_scripts else may_have_link_scripts(plan)
    if named:
        raise RefusedError(
            f"conda, mamba and micromamba always run link scripts, and these packages have some or may have: {', '.join(named)}",
            "Allow them with --link-scripts, or restore with the embedded engine, which can leave them.",
        )


def _refuse_control_characters(parts: ScriptParts) -> None:
    texts = [
        parts.plan.target,
        parts.plan.name,
        *parts.plan.channels,
        *parts.explicit,
        *parts.specs,
        *parts.records,
        *(line for batch in parts.requirements for line in batch),
        *parts.pip_options,
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
