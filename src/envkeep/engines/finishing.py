"""What envkeep writes into a prefix once an engine has made it: what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envkeep.engines.base import InstallRequest

__all__ = ["write_history"]

# what micromamba writes too: a conda older than the one named here refuses to touch the environment
_CONDA_VERSION = "3.8.0"


def write_history(request: InstallRequest) -> None:
    """Replace ``conda-meta/history`` by one transaction that says what was asked for.

    py-rattler leaves it empty, and conda then takes nothing for wanted: removing one package removes python too. After an
    explicit file conda, mamba and micromamba write every package there, and ``--from-history`` lists them all.
    """
    from datetime import datetime

    from envkeep.formats.history import format_block

    block = format_block(
        when=datetime.now().astimezone(),
        command="envkeep restore",
        conda_version=_CONDA_VERSION,
        added=[
            f"{package.channel}/{package.subdir}::{package.name}-{package.version}-{package.build}"
            for package in request.packages
        ],
        update_specs=request.requested,
    )
    meta = request.prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    (meta / "history").write_text(block, encoding="utf-8")
