"""A first config.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import RefusedError
from envkeep.store.config import CONFIG_FILE
from envkeep.store.config_settings import init_text
from envkeep.store.files import make_folder, publish_file, storing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["init_config"]


def init_config(home: Path) -> Path:
    """Write a config.toml in which every setting is explained and commented out; return its path.

    Raises:
        RefusedError: one is there.
        StoreError: it cannot be written.
    """
    path = home / CONFIG_FILE
    with storing(f"write {path}", stands=""):
        make_folder(home)
        written = publish_file(path, init_text().encode("utf-8"))
    if not written:
        raise RefusedError(f"{path} is there already", "Edit it, or move it away first.")
    return path
