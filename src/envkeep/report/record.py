"""A record as text: what ``envkeep show`` prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkeep.report.layout import columns, count, fields, local_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkeep.model.record import CondaPackage, Distribution, Origin, Problem, Record, Transaction
    from envkeep.model.specification import Specification

__all__ = ["origin_text", "problems_text", "record_text", "specification_text", "summary_line"]

# transactions that are told of unless all are asked for
_RECENT = 10


def summary_line(record: Record) -> str:
    """Return one line: Python and the counts."""
    python = f"Python {record.python.version}" if record.python else "no Python"
    parts = [python]
    if record.conda:
        parts.append(count(len(record.conda), "conda package"))
    parts.append(count(len(record.pip), "pip package"))
    return ", ".join(parts)


def record_text(record: Record, title: str, *, verbose: bool = False) -> str:
    """Return a record, readable: what it is, what was asked for, every package, its story, what was odd.

    Args:
        record: any.
        title: the first line.
        verbose: tell all of conda's transactions, and not the last ten alone.
    """
    environment = record.environment
    head = fields(
        [
            ("captured", local_time(record.captured_at)),
            ("prefix", environment.prefix),
            ("kind", f"{environment.kind}, {environment.subdir}"),
            ("Python", _python(record)),
            ("channels", ", ".join(_channels(record))),
            (
                "requested" if not record.requested.inferred else "requested (inferred)",
                ", ".join(map(_spelled, record.requested.specs)),
            ),
            ("pinned", ", ".join(record.pinned)),
            *_variables(record),
            ("indexes", ", ".join(record.index_urls)),
        ]
    )
    parts = [title, head]
    if record.conda:
        parts.append(f"conda: {count(len(record.conda), 'package')}")
        parts.append(columns((_conda_row(package) for package in record.conda), indent="  "))
    if record.pip:
        parts.append(f"pip: {count(len(record.pip), 'package')}")
        parts.append(columns((_pip_row(dist) for dist in record.pip), indent="  "))
    if record.history:
        parts.append(_history(record.history, None if verbose else _RECENT))
    if record.problems:
        parts.append(problems_text(record.problems))
    return "\n".join(part for part in parts if part)


def specification_text(specification: Specification, title: str) -> str:
    """Return what a file that is no record asks for, readable."""
    head = fields(
        [
            ("file", specification.source),
            ("name", specification.name or ""),
            ("Python", specification.python or "not said"),
            ("channels", ", ".join(specification.channels)),
            ("variables", ", ".join(name for name, _ in specification.variables)),
        ]
    )
    parts = [title, head]
    if specification.artefacts:
        parts.append(f"conda: {count(len(specification.artefacts), 'artefact')}")
        parts.append(columns((_conda_row(package) for package in specification.artefacts), indent="  "))
    if specification.conda_specs:
        parts.append(f"conda: {count(len(specification.conda_specs), 'spec')}")
        parts.append("\n".join(f"  {spec}" for spec in specification.conda_specs))
    if specification.requirements:
        parts.append(f"pip: {count(len(specification.requirements), 'requirement')}")
        parts.append("\n".join(f"  {requirement.text}" for requirement in specification.requirements))
    if specification.refused:
        parts.append("not taken over:")
        parts.append("\n".join(f"  line {line.line}: {line.text}: {line.reason}" for line in specification.refused))
    if specification.problems:
        parts.append("odd:")
        parts.append("\n".join(f"  {problem}" for problem in specification.problems))
    return "\n".join(part for part in parts if part)


def problems_text(problems: Sequence[Problem]) -> str:
    """Return the problems that a reader met, one a line."""
    lines = [f"  {problem.message}" + (f" ({problem.path})" if problem.path else "") for problem in problems]
    return "\n".join([count(len(problems), "problem") + " seen while reading:", *lines])


def origin_text(origin: Origin) -> str:
    """Return where a distribution came from, in a few words."""
    if origin.kind == "vcs":
        commit = f" at {origin.commit[:12]}" if origin.commit else ""
        return f"{'editable, ' if origin.editable else ''}{origin.vcs or 'vcs'} {origin.url}{commit}"
    if origin.kind == "archive":
        return origin.url
    checkout = f", git {origin.remote or 'checkout without remote'} at {origin.commit[:12]}" if origin.commit else ""
    states = (
        ("uncommitted changes", origin.dirty),
        ("commit not pushed", origin.unpushed),
        ("state not known", origin.editable and bool(origin.commit) and origin.dirty is None),
    )
    state = "".join(f", {words}" for words, so in states if so)
    return f"{'editable' if origin.editable else 'folder'} {origin.url}{checkout}{state}"


def _python(record: Record) -> str:
    if record.python is None:
        return "none"
    if record.python.source == "interpreter":
        return record.python.build_text
    return f"{record.python.version} (from {record.python.source})"


def _channels(record: Record) -> list[str]:
    return list(dict.fromkeys([*(package.channel for package in record.conda if package.channel), *record.channels]))


def _spelled(spec: str) -> str:
    # as exports have it; a specification that nobody can read stays as the history has it
    from envkeep.errors import BadFormatError
    from envkeep.model.matchspec import spell

    try:
        return spell(spec)
    except BadFormatError:
        return spec


def _history(history: Sequence[Transaction], most: int | None) -> str:
    shown = history if most is None else history[-most:]
    before = f", the last {len(shown)} of them (-v tells all)" if len(shown) < len(history) else ""
    rows = ((done.when, _moved(done), _command(done)) for done in shown)
    return f"history: {count(len(history), 'transaction')}{before}\n{columns(rows, indent='  ')}"


def _moved(done: Transaction) -> str:
    # a package that was updated is among both
    return " ".join(f"{sign}{len(packages)}" for sign, packages in (("+", done.added), ("-", done.removed)) if packages)


def _command(done: Transaction) -> str:
    # where conda lies on that machine is on every line, and says nothing
    program, space, rest = (done.command or "").strip().partition(" ")
    return re.split(r"[/\\]", program)[-1] + space + rest


def _variables(record: Record) -> Iterator[tuple[str, str]]:
    from envkeep.capturing.reading import line_text
    from envkeep.model.secrets import looks_secret

    for number, (name, value) in enumerate(record.variables):
        shown = "(kept, not shown)" if looks_secret(name, value) else line_text(value)
        yield "" if number else "variables", f"{name}={shown}"


def _conda_row(package: CondaPackage) -> tuple[str, str, str, str, str]:
    note = {"removed": "its Python files were removed by pip", "overwritten": "pip put another one over it", None: ""}[
        package.altered
    ]
    return package.name, package.version, package.build, package.channel, note


def _pip_row(dist: Distribution) -> tuple[str, str, str]:
    return dist.name, dist.version, origin_text(dist.origin) if dist.origin else ""
