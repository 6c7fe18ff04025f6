"""One writer at a time, also of one process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import filelock

from envkeep.errors import StoreError
from envkeep.store.locks import Locks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_two_threads_that_come_first_share_one_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2)
    made = filelock.FileLock

    def slowly(*args: object, **more: object) -> object:
        lock = made(*args, **more)  # type: ignore[arg-type]
        both.wait(10)
        return lock

    monkeypatch.setattr(filelock, "FileLock", slowly)
    locks = Locks(1)
    failed: list[StoreError] = []

    def work() -> None:
        try:
            # taken again inside itself, as a backup does that is published
            with locks.held(tmp_path), locks.held(tmp_path):
                pass
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    assert len(locks._locks) == 1
