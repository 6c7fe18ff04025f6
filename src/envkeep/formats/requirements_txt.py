"""The ``.txt`` of a backup: what ``pip freeze`` would list of a healthy environment, below a header that names its Python.

::

    # executable: /home/lab/envs/scope/bin/python
    # version: 3.12.3 (main, Jan 17 2025, 18:03:48) [GCC 13.3.0]

    PySide6==6.8.1

``requirements_txt_reader`` takes this, PyMoDAQ's, any ``pip freeze`` and hand-made lists. ``docs/reference/backup-txt.md``
describes all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.formats.requirement_indexes import needed_indexes
from envkeep.formats.requirement_lines import freeze_lines, plain
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envkeep.formats.requirement_lines import RequirementLine
    from envkeep.model.record import Record

__all__ = ["write"]


def write(record: Record, hashes: Mapping[str, str] | None = None, *, name_indexes: bool = False) -> str:
    """Return the ``.txt`` of a record: the same environment, the same text; ``none`` in the header without a Python.

    Args:
        record: what to write.
        hashes: sha256 of artefacts by normalised name, which lines of pip's packages from an index then carry. pip asks for a
            hash on every line once one has it; a comment says how many have none.
        name_indexes: whether the indexes that local versions such as ``2.1.0+cu121`` need are named for pip, or, as in a backup's
            ``.txt``, which lists packages and nothing else, in a comment.
    """
    python = record.python
    executable, version = ("none", "none") if python is None else (plain(python.executable), plain(python.build_text))
    found = tuple(freeze_lines(record))
    lines = list(_indexes(record, found, options=name_indexes))
    lines += _hashed(record, found, hashes) if hashes else (line.in_file for line in found)
    return "\n".join([f"# executable: {executable}", f"# version: {version}", "", *lines]) + "\n"


def _indexes(record: Record, lines: Iterable[RequirementLine], *, options: bool) -> Iterator[str]:
    needed = needed_indexes(record, lines)
    if options:
        yield from needed.options
    elif needed.options:
        yield f"# of an index besides PyPI, which pip finds with {' '.join(needed.options)}: {', '.join(needed.pins)}"
    if needed.login_comment is not None:
        yield f"# {needed.login_comment}"


def _hashed(record: Record, found: Iterable[RequirementLine], hashes: Mapping[str, str]) -> Iterator[str]:
    from_pip = {normalise(dist.name) for dist in record.pip}
    without = 0
    for line in found:
        pinned = line.reason is None and " @ " not in line.text
        if pinned and line.key in hashes and line.key in from_pip:
            yield f"{line.text} --hash=sha256:{hashes[line.key]}"
        else:
            without += line.reason is None
            yield line.in_file
    if without:
        told = "1 line has" if without == 1 else f"{without} lines have"
        yield f"# {told} no hash, and pip asks for one on every line of a file once one has it"
