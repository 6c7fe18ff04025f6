"""``status`` beside ``backup``: what one says, the other must not deny."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from envkeep.keeping.backup import backup
from envkeep.keeping.status import status
from envkeep.keeping.unchanged import look
from support.prefixes import conda_prefix

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.store.store import Store

# the clock that file systems stamp with
_TICK = 0.02


@pytest.mark.usefixtures("at_once")
def test_what_status_found_the_next_backup_finds_too(tmp_path: Path, store: Store) -> None:
    prefix = conda_prefix(tmp_path / "lab", "zlib=1.2=h0")
    for _ in range(2):
        time.sleep(_TICK)
        backup(prefix, store)
    time.sleep(_TICK)
    # in place: no folder moves
    record = prefix / "conda-meta" / "zlib-1.2-h0.json"
    record.write_text(record.read_text().replace("conda-forge", "conda-fudge"))
    assert look(prefix, store) is not None
    assert backup(prefix, store).kept is None
    assert status(prefix, store).word == "changed"
    kept = backup(prefix, store).kept
    assert kept is not None
    assert status(prefix, store).word == "same"
