"""BACKUP selectors."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from envkeep.errors import EnvironmentNotFoundError, EnvkeepError, UnknownBackupError
from envkeep.store.layout import MANIFEST, RECORD, Backup, StoredEnvironment
from envkeep.store.select import resolve
from envkeep.store.stamps import stamp_of
from envkeep.store.store import Store
from support.stores import environment, publish

if TYPE_CHECKING:
    from pathlib import Path

DAYS = [datetime(2025, 1, day, 12, 0, 0).astimezone(timezone.utc) for day in (5, 10, 20)]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    return Store(tmp_path / "home")


@pytest.fixture
def stored(store: Store) -> StoredEnvironment:
    return environment(store, "/envs/microscope")


@pytest.fixture
def backups(store: Store, stored: StoredEnvironment) -> list[Backup]:
    kept = [publish(store, stored, f"six=={day}", now=day) for day in DAYS]
    store.tag(kept[0], "paper")
    return list(store.backups(stored))


@pytest.mark.parametrize(
    ("selector", "number"),
    [
        ("latest", 2),
        ("latest~0", 2),
        ("latest~2", 0),
        ("20250110120000", 1),
        ("2025011", 1),
        ("2025012", 2),
        ("paper", 0),
        ("2025-01-10", 1),
        ("2025-01-19", 1),
        ("2025-01-10T11:59", 0),
        ("2025-01-10 12:00", 1),
        ("2025-01-10T12:00:00", 1),
        ("2025-01", 2),
        ("2031-01-01", 2),
    ],
)
def test_a_selector_means_a_backup(
    store: Store, stored: StoredEnvironment, backups: list[Backup], selector: str, number: int
) -> None:
    wanted = backups[number]
    assert resolve(store, selector, stored) == wanted
    assert resolve(store, f"microscope@{selector}", None) == wanted
    assert resolve(store, selector, None) == wanted


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ("latest~3", r"has 3 backups, so there is no latest~3"),
        ("202501", r"3 backups of microscope begin with 202501\n.*There are:\n  20250120120000"),
        ("2024-12-31", r"no backup as old as 2024-12-31\n.*oldest is 20250105120000"),
        ("2025-02-30", r"no backup '2025-02-30'"),
        ("papre", r"Did you mean paper\? There are:\n  20250120120000 \(2025-01-20 12:00:00, Python 3\.12\.1\)"),
        ("19990101", r"no backup '19990101'"),
        ("latest~x", r"no backup 'latest~x'"),
        ("", r"no backup ''"),
    ],
)
def test_an_unknown_or_ambiguous_one_lists_the_candidates(
    store: Store, stored: StoredEnvironment, backups: list[Backup], selector: str, words: str
) -> None:
    with pytest.raises(UnknownBackupError) as caught:
        resolve(store, selector, stored)
    import re

    assert re.search(words, str(caught.value), re.DOTALL), str(caught.value)


def test_the_folder_where_one_is_is_no_backup(store: Store, backups: list[Backup], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(backups[0].environment.path)
    for text in (".", "..", "./", "~nobody-of-that-name/x"):
        with pytest.raises(EnvkeepError):
            resolve(store, text, None)
    folder = backups[0].folder
    assert folder is not None
    monkeypatch.chdir(folder)
    assert resolve(store, ".", None) == backups[0]


def test_candidates_are_no_flood(store: Store, stored: StoredEnvironment) -> None:
    for number in range(13):
        publish(store, stored, now=DAYS[0] + timedelta(minutes=number))
    with pytest.raises(UnknownBackupError) as caught:
        resolve(store, "nothing", stored)
    assert str(caught.value).endswith("and 3 older ones")


def test_a_tag_of_another_environment_is_pointed_at(store: Store, stored: StoredEnvironment, backups: list[Backup]) -> None:
    other = environment(store, "/envs/other")
    publish(store, other)
    with pytest.raises(UnknownBackupError, match="Did you mean microscope@paper"):
        resolve(store, "paper", other)


def test_what_is_no_backup_here_is_pointed_at_elsewhere(
    store: Store, stored: StoredEnvironment, backups: list[Backup], tmp_path: Path
) -> None:
    other = environment(store, "/envs/other")
    publish(store, other)
    (tmp_path / "microscope").mkdir()
    for word, told in {
        "microscope": "Did you mean microscope@latest?",
        backups[0].stamp: f"Did you mean microscope@{backups[0].stamp}?",
        "LATEST": "Did you mean latest?",
        "live": "envkeep diff compares with it",
    }.items():
        with pytest.raises(UnknownBackupError) as caught:
            resolve(store, word, other)
        assert told in str(caught.value)
    with pytest.raises(UnknownBackupError, match="Did you mean microscope@latest"):
        resolve(store, "microscope", None)


def test_a_name_goes_before_another_folders_name_in_other_letters(store: Store) -> None:
    publish(store, environment(store, "/lab/Scope"))
    mine = publish(store, environment(store, "/envs/scope"))
    assert mine.environment.folder == "scope-envs"
    assert resolve(store, "scope@latest", None) == mine


def test_which_environment_is_meant(store: Store, stored: StoredEnvironment, backups: list[Backup]) -> None:
    environment(store, "/envs/empty")
    assert resolve(store, "latest", None) == backups[-1]
    assert resolve(store, "Microscope@latest", None) == backups[-1]
    publish(store, environment(store, "/envs/other"))
    with pytest.raises(EnvironmentNotFoundError, match="2 are stored") as several:
        resolve(store, "latest", None)
    assert "microscope@latest; there are microscope, other" in str(several.value)
    with pytest.raises(EnvironmentNotFoundError, match="Did you mean microscope"):
        resolve(store, "microscop@latest", None)
    with pytest.raises(UnknownBackupError, match="empty has no backup"):
        resolve(store, "empty@latest", None)


def test_an_empty_store_says_so(store: Store) -> None:
    with pytest.raises(EnvironmentNotFoundError, match="there is no backup in"):
        resolve(store, "latest", None)


def test_a_path_into_an_intact_set_means_the_set(store: Store, backups: list[Backup], tmp_path: Path) -> None:
    chosen = backups[1]
    assert chosen.folder is not None
    for path in (chosen.txt, chosen.folder, chosen.folder / "explicit.txt"):
        assert resolve(store, str(path), None) == chosen
    relative = os.path.relpath(chosen.txt)
    assert resolve(store, relative, None) == chosen
    shutil.copytree(chosen.folder, tmp_path / "usb" / chosen.stamp)
    shutil.copy(chosen.txt, tmp_path / "usb")
    copied = resolve(store, f"usb/{chosen.txt.name}", None)
    assert isinstance(copied, Backup)
    assert (copied.stamp, copied.digest) == (chosen.stamp, chosen.digest)


def test_a_folder_that_came_without_its_txt_or_under_another_name_means_its_record(backups: list[Backup], tmp_path: Path) -> None:
    store = Store(tmp_path / "elsewhere")
    assert backups[1].folder is not None
    for name in (backups[1].stamp, "from-anna"):
        shutil.copytree(backups[1].folder, tmp_path / "mail" / name)
        assert resolve(store, f"mail/{name}", None) == tmp_path / "mail" / name / RECORD
    (tmp_path / "mail" / "from-anna" / MANIFEST).unlink()
    assert resolve(store, str(tmp_path / "mail" / "from-anna"), None) == tmp_path / "mail" / "from-anna" / RECORD
    (tmp_path / "mail" / "from-anna" / RECORD).unlink()
    with pytest.raises(UnknownBackupError, match="is a folder, and not one of a backup"):
        resolve(store, "mail/from-anna", None)


def test_an_edited_or_lone_txt_means_itself(store: Store, backups: list[Backup], tmp_path: Path) -> None:
    edited, lone = backups[0].txt, tmp_path / backups[1].txt.name
    shutil.copy(backups[1].txt, lone)
    # of the same size, so that only the digest tells
    edited.write_bytes(edited.read_bytes().replace(b"six", b"sex"))
    assert backups[0].state == "whole"
    assert resolve(store, str(edited), None) == edited
    assert resolve(store, lone.name, None) == lone
    assert resolve(store, str(edited.parent / edited.name), None) == edited


def test_files_and_words(store: Store, stored: StoredEnvironment, backups: list[Backup], tmp_path: Path) -> None:
    for name in ("environment.yml", "latest", "my list"):
        (tmp_path / name).write_text("six\n")
    assert resolve(store, "environment.yml", stored) == tmp_path / "environment.yml"
    assert resolve(store, "my list", stored) == tmp_path / "my list"
    assert resolve(store, "latest", stored) == backups[-1]
    assert resolve(store, "./latest", stored) == tmp_path / "latest"
    (tmp_path / "a@b").mkdir()
    (tmp_path / "a@b" / "x.yml").write_text("")
    assert resolve(store, "a@b/x.yml", stored) == tmp_path / "a@b" / "x.yml"
    with pytest.raises(UnknownBackupError, match=r"there is no file .*gone\.yml"):
        resolve(store, "./gone.yml", stored)
    with pytest.raises(UnknownBackupError, match="is a folder, and not one of a backup"):
        resolve(store, "./a@b", stored)


def test_pymodaqs_hidden_folder_can_be_named(store: Store) -> None:
    folder = store.path / ".venv"
    folder.mkdir(parents=True)
    (folder / f"{stamp_of(DAYS[0])}_environment.txt").write_text("# executable: /x/.venv/bin/python\n\nsix==1\n")
    found = resolve(store, ".venv@latest", None)
    assert isinstance(found, Backup)
    assert found.state == "lone"
