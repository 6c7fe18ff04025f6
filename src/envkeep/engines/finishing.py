"""What envkeep writes into a prefix once an engine has made it: what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envkeep.engines.base import InstallRequest

__all__ = ["write_history"]


def write_history(request: InstallRequest) -> None:
    """Replace ``conda-meta/history`` by one transaction that says what was asked for.

    py-rattler leaves it empty, and conda then takes nothing for wanted: removing one package removes python too. After an
    explicit file conda, mamba and micromamba write every package there, and ``--from-history`` lists them all.
    """
    from datetime import datetime

    from envkeep.planning.history import rebuilt_block

    block = rebuilt_block(datetime.now().astimezone(), request.packages, request.requested)
    meta = request.prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    (meta / "history").write_text(block, encoding="utf-8")
