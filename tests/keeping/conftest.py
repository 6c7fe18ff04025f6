"""A store, and a clock that tests need not wait two seconds for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkeep.store import seen
from envkeep.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a file for one at rest without two seconds of rest before; the tests wait out the file system's clock themselves."""
    monkeypatch.setattr(seen, "_GRAIN", 0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")
