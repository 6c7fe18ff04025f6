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

from envkeep.formats.requirement_lines import freeze_lines, plain
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkeep.model.record import Record

__all__ = ["write"]


def write(record: Record, hashes: Mapping[str, str] | None = None) -> str:
    """Return the ``.txt`` of a record: the same environment, the same text; ``none`` in the header without a Python.

    Args:
        record: what to write.
        hashes: sha256 of artefacts by normalised name, which lines of pip's packages from an index then carry. pip asks for a
            hash on every line once one has it; a comment says how many have none.
    """
    python = record.python
    executable, version = ("none", "none") if python is None else (plain(python.executable), plain(python.build_text))
    lines = list(_hashed(record, hashes)) if hashes else [line.in_file for line in freeze_lines(record)]
    return "\n".join([f"# executable: {executable}", f"# version: {version}", "", *lines]) + "\n"


def _hashed(record: Record, hashes: Mapping[str, str]) -> Iterator[str]:
    from_pip = {normalise(dist.name) for dist in record.pip}
    without = 0
    for line in freeze_lines(record):
        pinned = line.reason is None and " @ " not in line.text
        if pinned and line.key in hashes and line.key in from_pip:
            yield f"{line.text} --hash=sha256:{hashes[line.key]}"
        else:
            without += line.reason is None
            yield line.in_file
    if without:
        told = "1 line has" if without == 1 else f"{without} lines have"
        yield f"# {told} no hash, and pip asks for one on every line of a file once one has it"
