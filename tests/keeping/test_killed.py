"""``kill -9`` at every step of a whole backup: capture, compare, write, rotate."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from envkeep.keeping.backup import backup
from envkeep.keeping.status import status
from envkeep.store.contents import is_intact, load
from envkeep.store.integrity import examine
from envkeep.store.store import Store
from support.children import HAS_CHILDREN, killed_at, run_child
from support.prefixes import conda_prefix, install
from support.stores import tree
from support.works import back_up

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not HAS_CHILDREN, reason="the process that dies comes from the fork server")


def test_no_step_of_a_backup_loses_one_or_leaves_a_store_that_does_not_read(tmp_path: Path) -> None:
    prefix = conda_prefix(tmp_path / "lab", "zlib=1.3=h0")
    made = Store(tmp_path / "made", limit=3)
    for number in range(3):
        install(prefix, f"p{number}=1=0")
        backup(prefix, made)
    install(prefix, "new=1=0")
    untouched = tree(prefix)
    before = [each.stamp for each in made.backups(made.environments()[0])]
    store = Store(tmp_path / "home", limit=3)
    died = 0
    while True:
        shutil.rmtree(store.home, ignore_errors=True)
        shutil.copytree(made.home, store.home)
        ended = run_child(killed_at, died + 1, back_up, prefix, store.home, 3)
        (stored,) = store.environments()
        kept = store.backups(stored)
        assert all(is_intact(each) for each in kept)
        # the oldest may go once the new one is there, and not before
        assert set(before[1:]) <= {each.stamp for each in kept}
        assert before[0] in {each.stamp for each in kept} or len(kept) == 3
        assert {finding.code for finding in examine(store)} <= {"leftover"}

        backup(prefix, store)
        assert status(prefix, store).word == "same"
        assert len(store.backups(stored)) == 3, "the next run finishes the rotation too"
        assert examine(store) == ()
        assert load(store.backups(stored)[-1]) is not None
        if ended == 20:
            break
        assert ended == -9
        died += 1
    assert died > 40
    assert tree(prefix) == untouched
