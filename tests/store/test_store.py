"""Writing, finding again, order, tags, rotation."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from envkeep.errors import RefusedError, StoreError, UnknownBackupError, UsageError
from envkeep.store import manifest, reading
from envkeep.store.contents import is_intact
from envkeep.store.layout import LOCK, Backup, StoredEnvironment
from envkeep.store.reading import backup_at
from envkeep.store.store import Store
from support.children import end_of, run_child, start_child
from support.rights import not_root
from support.stores import NOON, environment, fill, info, publish, tree
from support.works import publish_again_and_again, publish_at_noon, publish_where_no_file_may_grow

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and the fork server are POSIX's")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home", limit=3, lock_timeout=0.2)


@pytest.fixture
def stored(store: Store) -> StoredEnvironment:
    return environment(store)


def stamps(store: Store, stored: StoredEnvironment) -> list[str]:
    return [backup.stamp for backup in store.backups(stored)]


def pymodaqs(folder: Path, stamp: str, executable: str = "/envs/lab/bin/python", lines: str = "six==1.0\n") -> Path:
    """Write what PyMoDAQ writes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stamp}_environment.txt"
    path.write_text(f"# executable: {executable}\n# version: 3.9.2 (default) \n[GCC 9.4.0]\n\n{lines}")
    return path


def test_an_empty_home_reads_as_no_environments_and_stays_unmade(store: Store) -> None:
    assert store.environments() == ()
    assert store.find_environment("/envs/lab") is None
    assert not store.home.exists()


def test_a_backup_reads_back_as_it_was_written(store: Store, stored: StoredEnvironment) -> None:
    kept = publish(store, stored, "six==1.0", note="before the move", tag="paper", now=NOON)
    (read,) = store.backups(stored)
    assert read == kept
    assert read.created == NOON
    assert (read.state, read.note, read.tags, read.digest) == ("whole", "before the move", ("paper",), "six==1.0")
    assert read.summary is not None
    assert read.summary.python == "3.12.1"
    assert is_intact(read)
    assert read.size == sum(
        len(data) for name, data in tree(stored.path).items() if name[:14] == read.stamp and "manifest" not in name
    )


@posix
def test_files_are_for_their_owner_alone(store: Store, stored: StoredEnvironment) -> None:
    mask = os.umask(0)
    try:
        publish(store, stored, tag="paper")
        store.environment_of("/elsewhere/other", info("other"))
    finally:
        os.umask(mask)
    for path in [store.home, *store.home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_only_backups_end_in_txt_beside_them(store: Store, stored: StoredEnvironment) -> None:
    kept = publish(store, stored, tag="paper")
    assert [path.name for path in stored.path.glob("*.txt")] == [kept.txt.name]


def test_an_environment_is_found_again_by_its_prefix(store: Store, stored: StoredEnvironment) -> None:
    assert store.environment_of("/envs/lab", info("renamed")) == stored
    assert store.find_environment("/envs/lab/") == stored
    assert store.find_environment("/envs/lab2") is None


def test_prefixes_of_one_name_get_folders_that_a_person_recognises(store: Store) -> None:
    folders = [
        store.environment_of(prefix, info("analysis", prefix)).folder
        for prefix in ("/opt/miniforge3/envs/analysis", "/opt/mambaforge/envs/analysis", "/srv/mambaforge/envs/analysis")
    ]
    assert folders == ["analysis", "analysis-mambaforge", "analysis-2"]


def test_two_backups_in_one_second_take_the_next_free_stamps(store: Store, stored: StoredEnvironment) -> None:
    kept = [publish(store, stored, f"six=={n}", now=NOON + timedelta(milliseconds=n)) for n in range(3)]
    assert [backup.stamp for backup in kept] == stamps(store, stored)
    assert len(set(stamps(store, stored))) == 3
    assert all(is_intact(backup) for backup in kept)


def test_a_file_that_is_already_there_is_never_overwritten(store: Store, stored: StoredEnvironment) -> None:
    first = publish(store, stored, now=NOON)
    lone = pymodaqs(stored.path, str(int(first.stamp) + 1))
    before = lone.read_bytes()
    second = publish(store, stored, now=NOON)
    assert lone.read_bytes() == before
    assert second.stamp == str(int(first.stamp) + 2)


def test_one_that_pymodaq_writes_in_the_very_moment_is_not_overwritten(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename
    raced: list[Path] = []

    def racing(self: Path, target: Path) -> Path:
        # the folder is about to stand at its stamp; PyMoDAQ's file comes between it and our `.txt`
        if not raced:
            raced.append(pymodaqs(stored.path, target.name))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", racing)
    kept = publish(store, stored, now=NOON)
    assert raced[0].read_text().startswith("# executable: /envs/lab/bin/python\n# version: 3.9.2")
    assert [backup.state for backup in store.backups(stored)] == ["lone", "whole"]
    assert is_intact(kept)


def test_without_hard_links_nothing_is_overwritten_either(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    first, second = publish(store, stored, now=NOON), publish(store, stored, now=NOON)
    assert first.stamp != second.stamp
    assert is_intact(first)
    assert is_intact(second)


def test_order_is_that_of_making_where_the_clock_goes_back(store: Store, stored: StoredEnvironment) -> None:
    made = [publish(store, stored, f"six=={n}", now=NOON - timedelta(days=n)).stamp for n in range(4)]
    assert made == sorted(made, reverse=True)
    assert stamps(store, stored) == made


def test_what_could_not_be_read_once_is_not_damaged_for_that(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = publish(store, stored, "six==1")

    def fail(path: str) -> object:
        raise OSError(errno.EMFILE, "Too many open files", path)

    manifest._manifest.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "_load", fail)
        assert [backup.state for backup in store.backups(stored)] == ["damaged"]
    assert [(backup.stamp, backup.state) for backup in store.backups(stored)] == [(kept.stamp, "whole")]


def test_the_last_one_is_found_though_it_comes_while_another_goes(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged = publish(store, stored, "six==1", tag="paper")
    gone = publish(store, stored, "six==2", now=NOON + timedelta(days=1))
    come: list[str] = []
    tags_of = reading._tags_by_stamp

    def meanwhile(folder: Path) -> dict[str, tuple[str, ...]]:
        # the folder has just been listed
        if not come:
            come.append("")
            store.forget([gone])
            come[0] = publish(store, stored, "six==3", now=NOON + timedelta(days=2)).stamp
        return tags_of(folder)

    monkeypatch.setattr(reading, "_tags_by_stamp", meanwhile)
    assert [backup.stamp for backup in store.newest_first(stored)] == [*come, tagged.stamp]


def test_one_that_took_another_s_stamp_meanwhile_comes_in_its_own_place(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(store, stored, "six==1")
    last = publish(store, stored, "six==2", now=NOON + timedelta(days=1))
    was = {first.stamp: last.order + 1}
    order = reading._order
    monkeypatch.setattr(reading, "_order", lambda folder, stamp: was.pop(stamp, None) or order(folder, stamp))
    assert [backup.stamp for backup in store.newest_first(stored)] == [last.stamp, first.stamp]


@not_root
def test_a_folder_that_can_be_listed_and_not_looked_into_is_not_an_empty_one(store: Store, stored: StoredEnvironment) -> None:
    publish(store, stored, "six==1")
    stored.path.chmod(0o444)
    try:
        for read in (store.backups, lambda each: list(store.newest_first(each))):
            with pytest.raises(StoreError, match="Permission denied"):
                read(stored)
    finally:
        stored.path.chmod(0o755)


@pytest.mark.parametrize("damage", ["damaged", "gone", "a file in the folder's place"])
def test_a_new_one_comes_after_one_of_the_future_that_is_damaged(store: Store, stored: StoredEnvironment, damage: str) -> None:
    future = publish(store, stored, now=NOON + timedelta(days=30))
    assert future.folder is not None
    manifest = future.folder / "manifest.json"
    if damage == "damaged":
        manifest.write_text("{")
    elif damage == "gone":
        manifest.unlink()
    else:
        shutil.rmtree(future.folder)
        future.folder.write_text("")
    made = [publish(store, stored, f"six=={n}", now=NOON + timedelta(days=n)).stamp for n in range(2)]
    assert stamps(store, stored) == [future.stamp, *made]


@posix
def test_one_that_was_stopped_after_its_last_step_is_whole(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Path.hardlink_to

    def interrupted(self: Path, target: Path) -> None:
        link(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "hardlink_to", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(store, stored, now=NOON)
    (kept,) = store.backups(stored)
    assert kept.state == "whole"
    assert is_intact(kept)
    assert not [path for path in stored.path.iterdir() if path.name.startswith(".tmp")]


@posix
def test_order_survives_the_end_of_daylight_saving(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    try:
        # 02:50 summer time, then 02:10 winter time, twenty minutes later
        summer = datetime(2025, 10, 26, 0, 50, tzinfo=timezone.utc)
        first, second = publish(store, stored, now=summer), publish(store, stored, now=summer + timedelta(minutes=20))
        assert (first.stamp, second.stamp) == ("20251026025000", "20251026021000")
        # PyMoDAQ's, 02:30 the second time: its modification time says so
        lone = pymodaqs(stored.path, "20251026023000")
        moment = (summer + timedelta(minutes=40)).timestamp()
        os.utime(lone, (moment, moment))
        assert stamps(store, stored) == ["20251026025000", "20251026021000", "20251026023000"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_rotation_takes_the_oldest_with_all_their_files(store: Store, stored: StoredEnvironment) -> None:
    backups = fill(store, stored, 6)
    store.tag(backups[0], "paper")
    gone = store.rotate(stored)
    assert [backup.stamp for backup in gone] == [backup.stamp for backup in backups[1:3]]
    assert stamps(store, stored) == [backups[0].stamp, *(backup.stamp for backup in backups[3:])]
    left = {path.name[:14] for path in stored.path.iterdir() if path.name[0].isdigit()}
    assert left == set(stamps(store, stored))
    assert store.rotate(stored) == ()


def test_a_limit_that_keeps_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="limit of 0"):
        Store(tmp_path, limit=0)


def test_nothing_rotates_while_the_tags_cannot_be_read(store: Store, stored: StoredEnvironment) -> None:
    fill(store, stored, 6)
    (stored.path / "tags.json").write_text('{"schema": 1, "ta')
    with pytest.raises(StoreError, match="nobody knows which backups are tagged"):
        store.rotate(stored)
    assert len(publish_and_read(store, stored)) == 7


def publish_and_read(store: Store, stored: StoredEnvironment) -> tuple[Backup, ...]:
    publish(store, stored)
    return store.backups(stored)


def test_a_tag_is_on_one_backup_until_it_is_taken_away(store: Store, stored: StoredEnvironment) -> None:
    first, second = fill(store, stored, 2)
    assert store.tag(first, "paper").tags == ("paper",)
    assert store.tag(first, "paper").tags == ("paper",)
    with pytest.raises(RefusedError, match="'paper' is on the backup"):
        store.tag(second, "paper")
    with pytest.raises(RefusedError, match="'paper' is on the backup"):
        publish(store, stored, tag="paper")
    assert len(store.backups(stored)) == 2
    store.untag(stored, "paper")
    assert store.tag(second, "paper").tags == ("paper",)
    with pytest.raises(UnknownBackupError, match="tagged 'poster'"):
        store.untag(stored, "poster")


@pytest.mark.parametrize(
    "word", ["latest", "latest~1", "live", "live:x", "20250131", "2025-01-31", "", "a b", "-x", "a/b", "a@b"]
)
def test_a_tag_cannot_read_as_another_selector(store: Store, stored: StoredEnvironment, word: str) -> None:
    backup = publish(store, stored)
    with pytest.raises(UsageError, match="cannot be a tag"):
        store.tag(backup, word)


def test_forgetting_removes_files_and_tags(store: Store, stored: StoredEnvironment) -> None:
    first, second = fill(store, stored, 2)
    store.tag(first, "paper")
    assert store.forget([first]) == (first,)
    assert store.forget([first]) == ()
    assert stamps(store, stored) == [second.stamp]
    assert store.tag(second, "paper").tags == ("paper",)
    with pytest.raises(UnknownBackupError, match="no backup"):
        store.tag(first, "gone")


def test_a_tagged_backup_outlives_a_rotation_that_knows_no_tags(store: Store, stored: StoredEnvironment) -> None:
    tagged, plain = fill(store, stored, 2)
    store.tag(tagged, "paper")
    # what PyMoDAQ does with the oldest
    tagged.txt.unlink()
    plain.txt.unlink()
    (kept,) = store.backups(stored)
    assert (kept.stamp, kept.state) == (tagged.stamp, "damaged")
    publish(store, stored, "later==1")
    assert [backup.tags for backup in store.backups(stored)] == [("paper",), ()]
    assert not (stored.path / plain.stamp).exists()


def test_pymodaqs_folder_is_read_adopted_and_continued_in_place(store: Store) -> None:
    folder = store.path / ".venv"
    lone = pymodaqs(folder, "20240101120000", executable="/home/me/lab/.venv/bin/python")
    (foreign,) = store.environments()
    assert (foreign.folder, foreign.prefix) == (".venv", None)
    assert store.find_environment("/home/me/lab/.venv") == foreign
    assert store.find_environment("/home/me/other/.venv") is None
    (backup,) = store.backups(foreign)
    assert (backup.state, backup.folder, backup.digest) == ("lone", None, None)
    assert backup.summary is not None
    assert (backup.summary.python, backup.summary.conda) == ("3.9.2", None)
    other = store.environment_of("/home/me/other/.venv", info("other", "/home/me/other/.venv"))
    assert other.folder == "other"
    mine = store.environment_of("/home/me/lab/.venv", info("lab", "/home/me/lab/.venv"))
    assert mine.path == folder
    publish(store, mine)
    assert [each.state for each in store.backups(mine)] == ["lone", "whole"]
    assert lone.exists()
    # of an environment that nobody activated; taken over, it is the one environment's alone
    pymodaqs(store.path / "unknown", "20240101120000")
    pymodaqs(store.path / "unknown", "20240101120001", executable="/envs/late/bin/python")
    assert environment(store).folder == "unknown"
    assert store.find_environment("/envs/late") is None


@not_root
def test_an_environment_whose_folder_cannot_be_read_stands_in_nobodys_way(store: Store, stored: StoredEnvironment) -> None:
    publish(store, stored)
    stored.path.chmod(0)
    try:
        other = environment(store, "/envs/other")
        assert publish(store, other).state == "whole"
        with pytest.raises(StoreError, match="Make it readable"):
            store.backups(stored)
    finally:
        stored.path.chmod(0o700)


@not_root
def test_unreadable_tags_keep_nobody_from_a_backup_and_everything_from_rotating(store: Store, stored: StoredEnvironment) -> None:
    store.tag(fill(store, stored, 5)[0], "paper")
    (stored.path / "tags.json").chmod(0)
    assert publish(store, stored).state == "whole"
    for rotating in (store.rotate, store.rotation):
        with pytest.raises(StoreError, match="nobody knows which backups are tagged"):
            rotating(stored)


def test_a_folder_of_the_same_name_from_another_prefix_is_not_adopted(store: Store) -> None:
    pymodaqs(store.path / "lab", "20240101120000", executable="/other/envs/lab/bin/python")
    assert environment(store).folder == "lab-2"


def test_foreign_files_are_left_alone(store: Store, stored: StoredEnvironment) -> None:
    strange = {
        "notes.txt": "mine",
        "20250131_environment.txt": "no stamp",
        "99999999999999_environment.txt": "no date",
        "20250131112405": "a file where a backup's folder could be",
    }
    for name, text in strange.items():
        (stored.path / name).write_text(text)
    (stored.path / "mine").mkdir()
    fill(store, stored, 5)
    store.rotate(stored)
    assert {name: (stored.path / name).read_text() for name in strange} == strange
    assert (stored.path / "mine").is_dir()
    assert len(store.backups(stored)) == 3


def test_who_waits_too_long_for_the_lock_is_told_which_file(store: Store, stored: StoredEnvironment) -> None:
    other = Store(store.home, lock_timeout=5)
    with other.locked(stored), pytest.raises(StoreError, match=r"more than 0\.2 seconds .*\.lock") as caught:
        publish(store, stored)
    assert str(stored.path / LOCK) in caught.value.fact
    assert publish(store, stored).state == "whole"


@posix
def test_eight_processes_at_once_lose_nothing(store: Store, tmp_path: Path) -> None:
    children = [start_child(publish_at_noon, store.home, f"six=={number}") for number in range(8)]
    assert [end_of(child) for child in children] == [0] * 8
    (stored,) = store.environments()
    backups = store.backups(stored)
    assert sorted(backup.digest or "" for backup in backups) == [f"six=={n}" for n in range(8)]
    assert all(is_intact(backup) for backup in backups)


@posix
def test_a_reader_never_sees_a_part_while_others_write_and_rotate(store: Store, stored: StoredEnvironment) -> None:
    fill(store, stored, 3)
    writer = start_child(publish_again_and_again, store.home, 40)
    seen: set[str | None] = set()
    while writer.is_alive():
        backups = store.backups(stored)
        assert {backup.state for backup in backups} == {"whole"}
        assert len(backups) >= 3
        seen |= {backup.digest for backup in backups}
    assert end_of(writer) == 0
    assert len(seen) > 3, "more than what lay there before"


def test_a_file_where_a_folder_should_be_is_one_clear_error(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("")
    store = Store(home)
    with pytest.raises(StoreError, match="Not a directory") as caught:
        environment(store)
    assert "ENVKEEP_HOME" in str(caught.value)
    with pytest.raises(StoreError, match=f"cannot read {store.path}"):
        store.environments()
    assert home.read_text() == ""


@posix
def test_a_full_disk_is_one_clear_error_and_the_old_backups_stand(
    store: Store, stored: StoredEnvironment, tmp_path: Path
) -> None:
    fill(store, stored, 2)
    before = tree(stored.path)

    told = tmp_path / "told.txt"
    assert run_child(publish_where_no_file_may_grow, store.home, "x" * 3000, told) == 0
    assert re.match(r"cannot write a backup in .*File too large", told.read_text())
    assert "The backups made before are as they were." in told.read_text()
    assert tree(stored.path) == before
    assert publish(store, stored).state == "whole"


@pytest.mark.parametrize(
    ("number", "words"), [(28, "Free some space"), (30, "read-only"), (122, "quota"), (5, "The backups made")]
)
def test_what_the_disk_says_comes_with_a_remedy(
    store: Store, stored: StoredEnvironment, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    fill(store, stored, 1)
    before = tree(stored.path)

    def refuse(handle: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(StoreError, match="cannot write a backup") as caught:
        publish(store, stored)
    assert words in str(caught.value)
    monkeypatch.undo()
    assert tree(stored.path) == before


def test_leftovers_of_a_killed_writer_are_swept_by_the_next(store: Store, stored: StoredEnvironment) -> None:
    (stored.path / ".tmp-20250131112405-123-abc").mkdir()
    (stored.path / ".tmp-20250131112405-123-abc" / "environment.yml").write_text("half")
    (stored.path / "20250131112405").mkdir()
    assert store.backups(stored) == ()
    kept = publish(store, stored)
    assert {path.name for path in stored.path.iterdir()} == {"environment.json", LOCK, kept.txt.name, kept.stamp}


def test_a_set_that_was_copied_out_of_the_store_is_still_one(store: Store, stored: StoredEnvironment, tmp_path: Path) -> None:
    import shutil

    kept = publish(store, stored)
    assert kept.folder is not None
    shutil.copytree(kept.folder, tmp_path / "mail" / kept.stamp)
    shutil.copy(kept.txt, tmp_path / "mail")
    for path in (
        tmp_path / "mail" / kept.txt.name,
        tmp_path / "mail" / kept.stamp,
        tmp_path / "mail" / kept.stamp / "explicit.txt",
    ):
        found = backup_at(path)
        assert found is not None
        assert (found.stamp, found.digest, found.state) == (kept.stamp, kept.digest, "whole")
        assert is_intact(found)
    assert backup_at(tmp_path / "mail") is None
