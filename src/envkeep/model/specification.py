"""What a file from elsewhere asks for, parsed: a file that is no record (a pip freeze, an environment.yml, an explicit list).

Nothing of such a file reaches a command line but through these values, which were validated when they were read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage, Origin

__all__ = ["RefusedLine", "Requirement", "Specification"]


@frozen
class Requirement:
    """One requirement of a Python package.

    Attributes:
        name: as the file writes it.
        version: the exact version it is pinned to (``==``), else None.
        text: PEP 508 text of our own making, fit for a requirements file.
        origin: where it comes from if not an index.
        hashes: ``algorithm:hex``, sorted.
        line: in the file, from 1.
        guessed: whether ``name`` is only the end of a path, as for a bare ``-e /home/me/tool``.
    """

    name: str
    text: str
    line: int
    version: str | None = None
    origin: Origin | None = None
    hashes: tuple[str, ...] = ()
    guessed: bool = False


@frozen
class RefusedLine:
    """A line of a file that would be obeyed by pip, uv or conda and is not, unless allowed by name.

    Attributes:
        line: from 1.
        text: the line, credentials dropped.
        reason: one sentence.
        allow: the option of ``restore`` that admits it (``--allow-index URL``), or None where nothing does.
    """

    line: int
    text: str
    reason: str
    allow: str | None = None


@frozen
class Specification:
    """What a file asks for.

    Attributes:
        source: the file, for messages.
        name: of the environment, if the file says it and it is a name (no path).
        python: ``x.y.z`` (or ``x.y``) that it records or pins, else None.
        channels: as the file names them, in its order.
        conda_specs: MatchSpec strings, validated.
        artefacts: of an explicit list or lock file: packages with URL and, where given, hash.
        requirements: of its pip section, or of a requirements file.
        variables: name and value.
        subdir: the platform it is for, where it says so.
        index_urls: indexes that the file names and that were allowed, credentials dropped.
        refused: what was not taken over.
        problems: what was odd, in words.
    """

    source: str
    name: str | None = None
    python: str | None = None
    channels: tuple[str, ...] = ()
    conda_specs: tuple[str, ...] = ()
    artefacts: tuple[CondaPackage, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    subdir: str | None = None
    index_urls: tuple[str, ...] = ()
    refused: tuple[RefusedLine, ...] = ()
    problems: tuple[str, ...] = ()
