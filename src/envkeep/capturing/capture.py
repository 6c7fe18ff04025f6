"""Capture: a prefix to its Record. It only reads, and needs neither conda, nor a network, nor a working Python."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.conda_meta import CondaMeta, read_conda_meta, read_pinned, read_variables
from envkeep.capturing.condarc import read_condarc
from envkeep.capturing.distribution import with_states
from envkeep.capturing.indexes import recorded_indexes
from envkeep.capturing.interpreter import ask_early, read_python, written_version
from envkeep.capturing.layout import environment_kind, read_venv_config, site_folders, subdir_of
from envkeep.capturing.naming import conda_name, environment_name, stated_roots
from envkeep.capturing.reading import is_folder, line_text, plain_text, read_text
from envkeep.capturing.requested import find_requested
from envkeep.capturing.site_packages import read_site_packages
from envkeep.errors import NotAnEnvironmentError, UnreadableEnvironmentError
from envkeep.formats.history import parse_history
from envkeep.model.credentials import scrub
from envkeep.model.record import CondaPackage, EnvironmentInfo, Problem, Record, Requested, Transaction
from envkeep.store.readings import stand_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.capturing.former import Former
    from envkeep.capturing.site_packages import Altered
    from envkeep.model.record import EnvironmentKind

__all__ = ["capture"]

_HISTORY_LIMIT = 256 << 20


def capture(
    prefix: Path,
    *,
    start_python: bool = True,
    ask_git: bool = True,
    now: datetime | None = None,
    environ: Mapping[str, str] | None = None,
    former: Former | None = None,
) -> Record:
    """Return the record of an environment. Nothing under the prefix is written, and whatever is odd becomes a problem in it.

    Args:
        prefix: of a conda environment, a venv or a bare interpreter, of this platform or another.
        start_python: whether the environment's Python may be started (2 s at most) to say what it is; else its version is what is
            written in the environment.
        ask_git: whether git may be asked (5 s at most) in what state the checkouts of editable installs are, which is for those
            who keep or show the record; never where ``start_python`` is false: then nothing at all is started.
        now: the record's time, aware; None: this moment.
        environ: variables that say where settings and root prefixes are; None: the process's.
        former: readings of a former capture, which are taken again for what did not move since; those of this one join them.

    Raises:
        NotAnEnvironmentError: nothing is there, or no environment is.
        UnreadableEnvironmentError: one is there, but what says what is in it cannot be listed, or its path is no text.
    """
    environ = os.environ if environ is None else environ
    prefix = Path(os.path.abspath(prefix))  # noqa: PTH100 - links in the path stay as the user spells them
    if plain_text(str(prefix)) != str(prefix):
        raise UnreadableEnvironmentError(
            f"the path {plain_text(str(prefix))} is no text (UTF-8), so that no file can name it", "Give it another name."
        )
    kind = environment_kind(prefix)
    problems: list[Problem] = []
    asked = ask_early(prefix, kind, former) if start_python else None
    meta = read_conda_meta(prefix, former) if kind == "conda" else CondaMeta((), {}, {}, ())
    problems += meta.problems
    subdir = subdir_of(meta.packages, prefix)
    written = written_version(prefix, kind, meta.packages)
    python, python_problems = read_python(prefix, kind, written, subdir, start=start_python, asked=asked)
    problems += python_problems
    version = python.version if python is not None else None
    folders, leftovers = site_folders(prefix, kind, version, meta.packages)
    site = read_site_packages(prefix, folders, leftovers, meta, former)
    problems += site.problems
    problems += _inherited(prefix, kind)
    history, history_problems = _history(prefix, former) if kind == "conda" else ((), ())
    problems += history_problems
    requested, requested_problems = find_requested(meta.packages, history) if kind == "conda" else (Requested(), ())
    problems += requested_problems
    variables, variable_problems = read_variables(prefix) if kind == "conda" else ((), ())
    problems += variable_problems
    pinned, pinned_problems = read_pinned(prefix) if kind == "conda" else ((), ())
    problems += pinned_problems
    indexes = recorded_indexes(prefix, environ)
    settings = read_condarc(prefix, environ, stated_roots(environ))
    if not is_folder(prefix / "conda-meta" if kind == "conda" else prefix):
        raise NotAnEnvironmentError(f"{prefix} went away while it was read", "Look whether something removes it, and try again.")
    return Record(
        captured_at=now if now is not None else datetime.now(timezone.utc),
        environment=EnvironmentInfo(
            name=environment_name(prefix, kind, environ),
            prefix=str(prefix),
            kind=kind,
            subdir=subdir,
            conda_name=conda_name(prefix, environ, settings.envs_dirs) if kind == "conda" else None,
        ),
        python=python,
        conda=_with_altered(meta.packages, site.altered),
        distributions=with_states(site.distributions) if start_python and ask_git else site.distributions,
        requested=requested,
        channels=settings.channels if kind == "conda" else (),
        variables=variables,
        pinned=pinned,
        index_urls=tuple(indexes),
        index_auth=tuple((url, kind) for url, kind in indexes.items() if kind is not None),
        history=history,
        problems=tuple(sorted({_plain(problem) for problem in problems})),
    )


def _history(prefix: Path, former: Former | None) -> tuple[tuple[Transaction, ...], tuple[Problem, ...]]:
    path = "conda-meta/history"
    whole = str(prefix / path)
    stand = stand_at(whole)
    before = former.history(whole, stand) if former is not None else None
    if before is not None:
        return before, ()
    try:
        text = read_text(prefix / path, _HISTORY_LIMIT)
        # nearly always nothing but lines is in it
        plain = text.replace("\n", "").isprintable()
        history = parse_history(text if plain else "\n".join(line_text(line) for line in text.splitlines()))
    except FileNotFoundError:
        message = "there is no history: what was asked for is inferred, and how the environment came about is not known"
        return (), (Problem(code="no-history", message=message, path=path),)
    except OSError as error:
        message = f"the history cannot be read: {error.strerror or error}"
        return (), (Problem(code="unreadable-history", message=message, path=path),)
    if former is not None and not history.faults:
        former.note_file(whole, stand)
    return history.transactions, tuple(
        Problem(code="unreadable-history", message=f"the history's {fault}; it is left out", path=path)
        for fault in history.faults
    )


def _inherited(prefix: Path, kind: EnvironmentKind) -> tuple[Problem, ...]:
    if kind != "venv" or not read_venv_config(prefix).inherits:
        return ()
    message = "this venv also imports the packages of the Python it was made from; they are not in the record"
    return (Problem(code="inherits-packages", message=message, path="pyvenv.cfg"),)


def _plain(problem: Problem) -> Problem:
    # a message may quote a file's name or another program
    message = line_text(" ".join(scrub(problem.message).splitlines()))
    return replace(problem, message=message, path=line_text(problem.path), package=line_text(problem.package))


def _with_altered(packages: tuple[CondaPackage, ...], altered: Mapping[str, Altered]) -> tuple[CondaPackage, ...]:
    if not altered:
        return packages
    return tuple(replace(package, altered=altered[package.name]) if package.name in altered else package for package in packages)
