"""What envkeep writes into a prefix once an engine has made it: what was asked for."""

from __future__ import annotations

import json
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

    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"==> {when} <==", "# cmd: envkeep restore", "# conda version: 26.1.0"]
    lines += [
        f"+{package.channel}/{package.subdir}::{package.name}-{package.version}-{package.build}"
        for package in sorted(request.packages, key=lambda each: each.name)
    ]
    if request.requested:
        lines.append(f"# update specs: {json.dumps(list(request.requested))}")
    meta = request.prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    (meta / "history").write_text("\n".join(lines) + "\n", encoding="utf-8")
