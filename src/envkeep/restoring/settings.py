"""What of an environment is neither conda's nor pip's package: its variables and its pins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envkeep.model.secrets import looks_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["write_pinned", "write_variables"]


def write_variables(prefix: Path, variables: Sequence[tuple[str, str]]) -> None:
    """Write variables to ``conda-meta/state``, where ``conda env config vars`` keeps them; only the owner reads secrets.

    What an engine wrote there stays.
    """
    path = prefix / "conda-meta" / "state"
    state = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    state["env_vars"] = {**state.get("env_vars", {}), **dict(variables)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600 if any(looks_secret(*item) for item in variables) else 0o644)
    path.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")


def write_pinned(prefix: Path, lines: Sequence[str]) -> None:
    """Write ``conda-meta/pinned``: the specs that conda and mamba hold on to in every later change."""
    path = prefix / "conda-meta" / "pinned"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
