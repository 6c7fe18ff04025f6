"""Settings and where each comes from: what ``envkeep config`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.layout import columns
from envkeep.store.config_settings import shown

if TYPE_CHECKING:
    from envkeep.store.config import Config

__all__ = ["config_text"]


def config_text(config: Config) -> str:
    """Return a line for each setting: name, value as TOML writes it, origin."""
    rows = [(setting.name, shown(setting.value), setting.origin) for setting in config.settings]
    return f"home: {config.home}\n" + columns(rows, indent="  ")
