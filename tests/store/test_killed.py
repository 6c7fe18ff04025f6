"""``kill -9`` at every step of what a store writes and removes: no earlier backup is lost, and the store reads."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envkeep.store.contents import is_intact
from envkeep.store.reading import leftovers
from envkeep.store.store import Store
from support.children import HAS_CHILDREN, killed_at, run_child
from support.stores import NOON, environment, fill, publish, tree
from support.works import forget_tagged, publish_at_noon, publish_new, rotate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkeep.store.layout import Backup

pytestmark = pytest.mark.skipif(not HAS_CHILDREN, reason="the process that dies comes from the fork server")


def _kills(made: Path, home: Path, check: Callable[[Store], None], work: Callable[..., object], *given: object) -> int:
    """Do the work on a fresh copy of ``made`` again and again, each time killed one step later, until it comes through."""
    step = 0
    while True:
        step += 1
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(made, home)
        status = run_child(killed_at, step, work, home, *given)
        check(Store(home, limit=3))
        if status == 0:
            return step
        assert status == -9


def _intact(store: Store) -> dict[str, Backup]:
    """Return all backups by stamp; every one must be whole to the last byte, and every ``.txt`` belong to one."""
    stored = store.find_environment("/envs/lab")
    if stored is None:
        return {}
    backups = {backup.stamp: backup for backup in store.backups(stored)}
    for backup in backups.values():
        assert is_intact(backup), backup
    assert sorted(path.name[:14] for path in stored.path.glob("*.txt")) == sorted(backups)
    return backups


def _usable(store: Store) -> None:
    """Write one more: the dead writer's lock is gone, and so is what it left."""
    stored = environment(store)
    kept = publish(store, stored, "later==1.0", now=NOON + timedelta(days=1))
    assert kept.state == "whole"
    assert leftovers(stored.path) == ()


def test_the_very_first_backup(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()

    def check(store: Store) -> None:
        assert len(_intact(store)) <= 1
        _usable(store)
        assert 1 <= len(_intact(store)) <= 2
        assert [path.name for path in store.path.iterdir() if path.is_dir()] == ["lab"]

    steps = _kills(made, tmp_path / "home", check, publish_at_noon)
    assert steps > 30


@pytest.mark.parametrize("tag", [None, "paper"])
def test_a_further_backup(tmp_path: Path, tag: str | None) -> None:
    made = Store(tmp_path / "made")
    fill(made, environment(made), 3)
    before = tree(made.path / "lab")

    def check(store: Store) -> None:
        assert 3 <= len(_intact(store)) <= 4
        after = tree(store.path / "lab")
        assert {name: after[name] for name in before} == before
        _usable(store)
        assert 4 <= len(_intact(store)) <= 5

    steps = _kills(made.home, tmp_path / "home", check, publish_new, tag)
    assert steps > 20


def test_a_rotation(tmp_path: Path) -> None:
    made = Store(tmp_path / "made")
    stored = environment(made)
    backups = fill(made, stored, 7)
    made.tag(backups[0], "paper")
    stays = {backups[0].stamp, *(backup.stamp for backup in backups[-3:])}

    def check(store: Store) -> None:
        assert stays <= set(_intact(store))
        _usable(store)
        assert stays <= set(_intact(store))

    def finish(store: Store) -> None:
        check(store)
        store.rotate(environment(store))
        # the one more that was written pushed the oldest of the three out
        assert len(_intact(store)) == 4

    steps = _kills(made.home, tmp_path / "home", finish, rotate)
    assert steps > 30


def test_forgetting_a_tagged_one(tmp_path: Path) -> None:
    made = Store(tmp_path / "made")
    backups = fill(made, environment(made), 3)
    made.tag(backups[1], "paper")

    def check(store: Store) -> None:
        assert {backups[0].stamp, backups[2].stamp} <= set(_intact(store))
        _usable(store)

    assert _kills(made.home, tmp_path / "home", check, forget_tagged) > 10
