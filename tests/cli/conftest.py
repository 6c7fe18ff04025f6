"""A small laboratory for the command line: two states of a conda environment in the store, and the environment itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envkeep.keeping.backup import backup
from envkeep.store.store import Store
from support.prefixes import conda_prefix, install
from support.stores import NOON

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lab:
    """The environment, its store, and what changed between its two backups: libpng 1.6 came."""

    prefix: Path
    store: Store
    home: Path


@pytest.fixture
def lab(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    prefix = conda_prefix(tmp_path / "envs" / "microscope", "zlib=1.3=h0", "bzip2=1.0.8=h4")
    (prefix / "conda-meta" / "state").write_text('{"env_vars": {"LAB_TOKEN": "hunter2hunter2", "LAB_ROOM": "12"}}')
    store = Store(home / ".envkeep")
    backup(prefix, store, now=NOON, note="as delivered")
    install(prefix, "libpng=1.6=h1")
    backup(prefix, store, now=NOON + timedelta(days=1), tag="paper")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONDA_PREFIX", str(prefix))
    return Lab(prefix, store, home / ".envkeep")
