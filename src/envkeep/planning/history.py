"""What a rebuilt environment's ``conda-meta/history`` says: one transaction, with what was asked for in the original; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.formats.history import format_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from envkeep.model.record import CondaPackage

__all__ = ["rebuilt_block"]

# what micromamba writes too: a conda older than the one named here refuses to touch the environment
_CONDA_VERSION = "3.8.0"


def rebuilt_block(when: datetime, packages: Iterable[CondaPackage], asked: Sequence[str]) -> str:
    """Return the text of the transaction.

    Args:
        when: it ran.
        packages: that are installed.
        asked: MatchSpecs that were asked for.
    """
    return format_block(
        when=when,
        command="envkeep restore",
        conda_version=_CONDA_VERSION,
        added=[f"{each.channel}/{each.subdir}::{each.name}-{each.version}-{each.build}" for each in packages],
        update_specs=asked,
    )
