"""The record: what was in an environment at one moment, as frozen values.

Nothing here reads or writes. ``capturing`` makes a Record from a prefix, ``formats.record_json`` from a file; everything else
takes it as it is. Sequences are tuples in canonical order (each field says which), so that the same environment gives equal
records. No string in a Record holds a credential of a URL (see ``model.credentials``); only ``variables`` can hold secrets, and
only ``formats.record_json`` writes those.
"""

from __future__ import annotations

from dataclasses import field
from functools import total_ordering
from typing import TYPE_CHECKING, Literal

from envkeep.model.conda_package import CondaPackage
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "CondaPackage",
    "Distribution",
    "EnvironmentInfo",
    "EnvironmentKind",
    "Origin",
    "Problem",
    "PythonInfo",
    "Record",
    "Requested",
    "Transaction",
]

EnvironmentKind = Literal["conda", "venv", "interpreter"]


@frozen
class EnvironmentInfo:
    """Which environment, where. None of it is part of a record's identity.

    Attributes:
        name: what a person calls it: ``base`` for a root prefix, a conda environment's folder name, a venv's prompt or, where
            that says nothing (``.venv``, ``venv``, ``env``), its project's folder name. Never a path.
        prefix: absolute path on the machine it was captured on, as that machine spells it.
        kind: ``conda`` where ``conda-meta`` is there (with or without Python), ``venv`` where ``pyvenv.cfg`` is and conda-meta is
            not, else ``interpreter``.
        subdir: conda's platform name (``linux-64``, ``osx-arm64``, ``win-64``).
        conda_name: what ``conda env export`` writes as ``name`` (a full path where it is in no envs directory); None for others.
    """

    name: str
    prefix: str
    kind: EnvironmentKind
    subdir: str
    conda_name: str | None = None


@frozen
class PythonInfo:
    """The environment's Python.

    Attributes:
        version: ``x.y.z`` with a pre-release suffix if it has one (``3.14.0rc2``).
        build_text: ``sys.version`` on one line (``3.12.3 (main, Jan 17 2025, 18:03:48) [GCC 13.3.0]``) where ``source`` is
            ``interpreter``, else equal to ``version``.
        executable: absolute path of the environment's own Python.
        source: what the version was read from; ``interpreter`` means it was started and said so.
        implementation: ``cpython``, ``pypy``, ``graalpy``.
        free_threaded: whether its standard library is ``lib/python3.13t``.
    """

    version: str
    build_text: str
    executable: str
    source: Literal["interpreter", "conda-meta", "pyvenv.cfg", "header"]
    implementation: str = "cpython"
    free_threaded: bool = False


@frozen
class Origin:
    """Where a Python distribution came from, if not from an index: PEP 610, and what older editable installs leave.

    Attributes:
        kind: ``vcs`` (a repository at a commit), ``archive`` (a wheel or sdist by URL or path), ``directory`` (a folder).
        url: without credentials; ``file://`` for local ones.
        editable: the environment runs the folder's code itself.
        vcs: ``git``, ``hg``, ``svn``, ``bzr``.
        commit: the revision installed (vcs), or checked out now (a directory in a git checkout).
        requested_revision: what was asked for (a branch or tag).
        subdirectory: of the repository or archive.
        hashes: ``(algorithm, hex)`` pairs, sorted.
        remote: of the git checkout a directory lies in, without credentials.
        dirty, unpushed: of that checkout, where it was looked at; outside identity.
        auth: kind of credentials dropped from ``url`` or ``remote``, else None.
    """

    kind: Literal["vcs", "archive", "directory"]
    url: str
    editable: bool = False
    vcs: str | None = None
    commit: str | None = None
    requested_revision: str | None = None
    subdirectory: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    remote: str | None = None
    dirty: bool | None = None
    unpushed: bool | None = None
    auth: str | None = None


@frozen
class Distribution:
    """One Python distribution that the environment's Python can import.

    Attributes:
        name: as METADATA writes it (``Flask-Cors``).
        version: as METADATA writes it, PEP 440 or not.
        conda_package: name of the conda package that owns its files; None for what pip, uv or others installed.
        origin: None for one from an index, and for conda's (whose direct_url.json names the build machine).
        installer: INSTALLER's word, lower case; None where there is none and for conda's. No proof of ownership.
        requested: whether REQUESTED is there (asked for by name, not pulled in); not looked at for conda's.
        requires: Requires-Dist lines as METADATA has them, in its order.
        tags: WHEEL's ``Tag`` lines, sorted; not read for conda's.
        content: sha256 hex over RECORD's lines (path, hash, size) without launchers, ``.pyc``, INSTALLER, REQUESTED,
            direct_url.json and uv's notes; None for conda's and where there is no RECORD.
        location: the folder it was found in, relative to the prefix with ``/``; absolute where it lies outside.
    """

    name: str
    version: str
    conda_package: str | None = None
    origin: Origin | None = None
    installer: str | None = None
    requested: bool = False
    requires: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    content: str | None = None
    location: str = ""

    @property
    def from_pip(self) -> bool:
        """Whether pip, uv or the like put it there, and not conda."""
        return self.conda_package is None


@frozen
class Requested:
    """What was asked for, as far as anybody knows.

    Attributes:
        specs: MatchSpec strings as the history has them, in conda's order; names of what is no longer installed are dropped.
        inferred: True where the history does not say all of it (clones, explicit creates, a lost history): ``specs`` begin with
            the names of the packages that no other installed one needs (python and pip kept); what was asked for since follows.
    """

    specs: tuple[str, ...] = ()
    inferred: bool = False


@frozen
class Transaction:
    """One block of ``conda-meta/history``: part of the environment's story, outside identity.

    Attributes:
        when: as written there (``2024-01-31 11:24:05``, local time of that machine).
        command: the text after ``# cmd:``; credentials dropped.
        conda_version: the text after ``# conda version:``.
        added, removed: dists as written (``conda-forge/linux-64::numpy-1.26.4-py312h1_0``), without ``+`` or ``-``.
    """

    when: str
    command: str | None = None
    conda_version: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    update_specs: tuple[str, ...] = ()
    remove_specs: tuple[str, ...] = ()
    neutered_specs: tuple[str, ...] = ()


@total_ordering
@frozen
class Problem:
    """Something odd that a reader met and survived; outside identity.

    Attributes:
        code: a stable word (``unreadable-record``, ``duplicate-distribution``, ...), listed in docs/reference/problems.md.
        message: one sentence for a person, without a final full stop.
        path: the file it is about, relative to the prefix with ``/``, where there is one.
        package: the package it is about, where there is one.
    """

    code: str
    message: str
    path: str = ""
    package: str = ""

    def __lt__(self, other: object) -> bool:
        """Whether it comes first in a list: by code, then by message."""
        if not isinstance(other, Problem):
            return NotImplemented
        mine = (self.code, self.message, self.path, self.package)
        return mine < (other.code, other.message, other.path, other.package)


@frozen
class Record:
    """What was in an environment at one moment.

    Attributes:
        captured_at: UTC, aware.
        environment: which one, where.
        python: None for an environment without Python.
        conda: sorted by name (code-point order), as conda sorts.
        distributions: conda's and pip's Python distributions, sorted by normalised name.
        requested: what was asked for.
        channels: configured or known for this environment beyond those of its packages, canonical, in order of priority.
        variables: ``env_vars`` of ``conda-meta/state`` in file order, ``***unset***`` dropped.
        pinned: lines of ``conda-meta/pinned`` without comments.
        index_urls: indexes that pip or uv are configured with, credentials dropped, first the main one.
        index_auth: kind of credentials dropped, by the URLs of ``index_urls`` that had some.
        history: transactions, oldest first.
        problems: sorted.
    """

    captured_at: datetime
    environment: EnvironmentInfo
    python: PythonInfo | None = None
    conda: tuple[CondaPackage, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    requested: Requested = field(default_factory=Requested)
    channels: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    pinned: tuple[str, ...] = ()
    index_urls: tuple[str, ...] = ()
    index_auth: tuple[tuple[str, str], ...] = ()
    history: tuple[Transaction, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def pip(self) -> tuple[Distribution, ...]:
        """The distributions that are not conda's."""
        return tuple(dist for dist in self.distributions if dist.conda_package is None)
