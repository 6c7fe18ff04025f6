"""A requirements list by its shorter way, held against that of a whole capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.capturing.listed import requirements_list
from envkeep.formats.requirements_txt import write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.model.record import Record

__all__ = ["listed_as_captured"]


def listed_as_captured(prefix: Path, record: Record, environ: Mapping[str, str] | None = None) -> Record:
    """Return a record as it is given; the list that is made without it must be the same, or leave it to a capture."""
    listed = requirements_list(prefix, environ)
    assert listed is None or listed == write(record, name_indexes=True)
    return record
