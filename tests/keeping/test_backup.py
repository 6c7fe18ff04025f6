"""Backups of real prefixes: when one is kept, and when not."""

from __future__ import annotations

import os
import shutil
import sys
import venv
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envkeep.errors import NotAnEnvironmentError, RefusedError, StoreError
from envkeep.keeping.backup import backup
from envkeep.keeping.status import status
from envkeep.store.contents import is_intact
from envkeep.store.layout import RECORD
from envkeep.store.store import Store
from support.children import HAS_CHILDREN, end_of, start_child
from support.prefixes import conda_prefix, install, remove
from support.stores import NOON, tree
from support.works import back_up

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.diffing.changes import Changes


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home", limit=3)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return conda_prefix(tmp_path / "envs" / "lab", "zlib=1.3=h0", "xz=5.4=h1")


def packages(changes: Changes | None) -> dict[str, str]:
    return {change.name: change.kind for change in changes or () if change.of_package}


def test_the_first_is_kept_and_the_same_again_is_not(store: Store, prefix: Path) -> None:
    before = tree(prefix)
    first = backup(prefix, store, note="as delivered")
    assert first.kept is not None
    assert (first.previous, first.changes, first.kept.note) == (None, None, "as delivered")
    assert first.environment.folder == "lab"
    assert store.load(first.kept) == first.record
    again = backup(prefix, store)
    assert (again.kept, again.previous) == (None, first.kept)
    assert again.changes is not None
    assert not again.changes
    assert store.backups(first.environment) == (first.kept,)
    assert tree(prefix) == before


def test_a_change_is_kept_and_said(store: Store, prefix: Path) -> None:
    first = backup(prefix, store)
    install(prefix, "bzip2=1.0=h2")
    remove(prefix, "xz=5.4=h1")
    second = backup(prefix, store)
    assert second.kept is not None
    assert second.previous == first.kept
    assert packages(second.changes) == {"bzip2": "install", "xz": "remove"}
    assert second.kept.summary is not None
    summary = dict(second.kept.summary.changes or ())
    assert (summary["install"], summary["remove"], summary["upgrade"]) == (1, 1, 0)


def test_force_keeps_the_same_again(store: Store, prefix: Path) -> None:
    first, second = backup(prefix, store), backup(prefix, store, force=True)
    assert first.kept is not None
    assert second.kept is not None
    assert second.kept.digest == first.kept.digest
    assert len(store.backups(first.environment)) == 2


def test_a_tag_lands_on_the_last_one_where_nothing_changed(store: Store, prefix: Path) -> None:
    backup(prefix, store)
    again = backup(prefix, store, tag="paper")
    assert again.kept is None
    assert again.previous is not None
    assert again.previous.tags == ("paper",)
    install(prefix, "bzip2=1.0=h2")
    with pytest.raises(RefusedError, match="'paper' is on the backup"):
        backup(prefix, store, tag="paper")
    assert len(store.backups(again.environment)) == 1


def test_the_oldest_rotate_away(store: Store, prefix: Path) -> None:
    kept = []
    for number in range(5):
        install(prefix, f"p{number}=1=0")
        kept.append(backup(prefix, store, now=NOON + timedelta(hours=number)))
    assert [len(result.rotated) for result in kept] == [0, 0, 0, 1, 1]
    assert kept[4].rotated == (kept[1].kept,)
    assert len(store.backups(kept[0].environment)) == 3


def test_where_nothing_may_rotate_the_backup_is_kept_all_the_same(store: Store, prefix: Path) -> None:
    for number in range(3):
        install(prefix, f"p{number}=1=0")
        backup(prefix, store)
    (store.path / "lab" / "tags.json").write_text("{")
    install(prefix, "q=1=0")
    result = backup(prefix, store)
    assert result.kept is not None
    assert result.unrotated is not None
    assert "tags.json" in result.unrotated
    assert len(store.backups(result.environment)) == 4


def test_back_to_an_older_state_is_a_new_backup(store: Store, prefix: Path) -> None:
    first = backup(prefix, store)
    install(prefix, "bzip2=1.0=h2")
    backup(prefix, store)
    remove(prefix, "bzip2=1.0=h2")
    third = backup(prefix, store)
    assert third.kept is not None
    assert first.kept is not None
    assert third.kept.digest == first.kept.digest


def test_a_damaged_last_one_is_joined_by_a_sound_one(store: Store, prefix: Path) -> None:
    first = backup(prefix, store)
    assert first.kept is not None
    assert first.kept.folder is not None
    (first.kept.folder / RECORD).write_bytes(b"")
    again = backup(prefix, store)
    assert again.kept is not None
    assert again.kept.state == "whole"


def test_nothing_is_kept_of_what_is_no_environment_or_empty(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotAnEnvironmentError):
        backup(tmp_path / "nowhere", store)
    with pytest.raises(RefusedError, match="holds no package and no Python"):
        backup(conda_prefix(tmp_path / "empty"), store)
    assert not store.home.exists()


def test_an_empty_capture_eats_no_slot(store: Store, prefix: Path) -> None:
    first = backup(prefix, store)
    for name in ("zlib-1.3-h0.json", "xz-5.4-h1.json"):
        (prefix / "conda-meta" / name).unlink()
    with pytest.raises(RefusedError):
        backup(prefix, store)
    assert store.backups(first.environment) == (first.kept,)


def test_the_same_content_at_a_new_prefix_while_the_old_is_gone_is_said(store: Store, prefix: Path, tmp_path: Path) -> None:
    first = backup(prefix, store)
    copy = tmp_path / "envs" / "moved"
    shutil.copytree(prefix, copy)
    assert backup(copy, store).moved_from is None, "the old one is still there"
    shutil.rmtree(prefix)
    final = tmp_path / "other" / "lab"
    shutil.copytree(copy, final)
    result = backup(final, store)
    assert result.moved_from == first.environment
    assert result.environment.folder == "lab-other"
    assert store.backups(first.environment) == (first.kept,)


def test_a_file_where_the_store_should_be_is_one_error(tmp_path: Path, prefix: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError):
        backup(prefix, Store(tmp_path / "home"))


@pytest.mark.skipif(not HAS_CHILDREN, reason="the eight come from the fork server")
@pytest.mark.parametrize("known", [False, True])
def test_eight_processes_at_once_end_with_one_new_backup(store: Store, prefix: Path, known: bool) -> None:
    if known:
        backup(prefix, store)
        install(prefix, "bzip2=1.0=h2")
    children = [start_child(back_up, prefix, store.home) for _ in range(8)]
    assert sorted(end_of(child) for child in children) == [10] * 7 + [20]
    (stored,) = store.environments()
    assert len(store.backups(stored)) == (2 if known else 1)
    assert all(is_intact(each) for each in store.backups(stored))


def test_status_says_what_backup_would_do(store: Store, prefix: Path) -> None:
    assert status(prefix, store).word == "never"
    assert not store.home.exists()
    first = backup(prefix, store)
    same = status(prefix, store)
    assert (same.word, same.changed, same.previous) == ("same", False, first.kept)
    install(prefix, "bzip2=1.0=h2")
    changed = status(prefix, store)
    assert (changed.word, changed.changed, changed.previous) == ("changed", True, first.kept)
    assert packages(changed.changes) == {"bzip2": "install"}
    assert store.backups(first.environment) == (first.kept,)


def pymodaqs(folder: Path, stamp: str, prefix: Path, lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stamp}_environment.txt"
    path.write_text(f"# executable: {prefix}/bin/python\n# version: {sys.version}\n\n{lines}")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a venv with two packages in it, as a fake index would have put them there."""
    prefix = tmp_path / "project" / ".venv"
    venv.create(prefix, symlinks=os.name != "nt")
    (site,) = {*prefix.glob("lib/python*/site-packages"), *prefix.glob("Lib/site-packages")}
    for name, version in (("six", "1.17.0"), ("pip", "24.0")):
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "INSTALLER").write_text("pip\n")
        (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/INSTALLER,,\n{info.name}/RECORD,,\n")
    return prefix


@pytest.mark.parametrize("lines", ["six==1.17.0\n", "six==1.17.0\n-e /home/me/src/tool-main\n", "six @ file:///croot/six/work\n"])
def test_a_list_of_pymodaqs_is_joined_by_one_complete_backup_and_no_more(store: Store, project: Path, lines: str) -> None:
    folder = store.path / ".venv"
    pymodaqs(folder, "20240101120000", project, "six==1.17.0\n")
    listed = status(project, store)
    assert listed.word == "changed", "a backup would keep a complete one"
    assert not listed.changes
    assert not (folder / "environment.json").exists(), "reading takes nothing over"
    first = backup(project, store)
    assert first.kept is not None
    assert first.kept.environment.path == folder
    assert first.previous is not None
    assert first.previous.state == "lone"
    # PyMoDAQ writes the same again, later, in the ways of pip freeze: nothing changed
    pymodaqs(folder, "20990101120000", project, lines)
    again = backup(project, store)
    assert (again.kept, again.previous) == (None, first.kept)
    assert status(project, store).word == "same"
    assert [each.state for each in store.backups(first.environment)] == ["lone", "whole", "lone"]


def test_a_list_that_tells_of_another_state_in_between_is_followed_by_a_new_backup(store: Store, project: Path) -> None:
    folder = store.path / ".venv"
    pymodaqs(folder, "20240101120000", project, "six==1.17.0\n")
    backup(project, store)
    pymodaqs(folder, "20990101120000", project, "six==1.16.0\n")
    again = backup(project, store)
    assert again.kept is not None
    assert again.previous is not None
    assert again.previous.stamp == "20990101120000"
    assert packages(again.changes)["six"] == "upgrade"
    assert store.backups(again.environment)[-1] == again.kept
    assert backup(project, store).kept is None


def test_lists_that_pymodaq_wrote_from_another_venv_of_the_name_do_not_count(store: Store, project: Path, tmp_path: Path) -> None:
    folder = store.path / ".venv"
    pymodaqs(folder, "20240101120000", project, "six==1.17.0\n")
    first = backup(project, store)
    pymodaqs(folder, "20990101120000", tmp_path / "elsewhere" / ".venv", "numpy==2.0\n")
    again = backup(project, store)
    assert (again.kept, again.previous) == (None, first.kept)
