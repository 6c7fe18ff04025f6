"""What doctor finds in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkeep.store.integrity import examine
from envkeep.store.layout import MANIFEST, RECORD
from envkeep.store.store import Store
from support.records import conda, dist, record
from support.rights import not_root
from support.stores import environment, tree

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.store.layout import Backup


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def kept(store: Store) -> Backup:
    value = record(conda=(conda("numpy"),), distributions=(dist("six"),))
    store.write(environment(store, "/envs/sound"), value, tag="paper")
    return store.write(environment(store), value, tag="paper")


def found(store: Store) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(finding.code, finding.path.name, finding.readable) for finding in examine(store)]


def test_a_sound_store_has_nothing_to_say_and_is_not_touched(store: Store, kept: Backup) -> None:
    before = tree(store.home)
    assert examine(store) == ()
    assert examine(Store(store.home / "none")) == ()
    assert tree(store.home) == before


def test_one_flipped_bit_in_any_file_is_found(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    for path in [*kept.folder.iterdir(), kept.txt]:
        data = path.read_bytes()
        # a digit or letter of the middle becomes another one
        path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
        findings = examine(store)
        assert findings, path
        assert {finding.environment for finding in findings} == {"lab"}
        assert all(finding.readable for finding in findings)
        path.write_bytes(data)
    assert examine(store) == ()


def test_what_can_still_be_read_is_said(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    (kept.folder / RECORD).write_bytes(b"")
    assert found(store) == [("damaged", kept.stamp, (".txt",))]
    (kept.folder / RECORD).unlink()
    (finding,) = examine(store)
    assert (finding.code, finding.readable) == ("missing", (".txt",))
    assert finding.fact == f"{kept.folder / RECORD}: is gone"
    assert kept.label in finding.remedy
    kept.txt.write_bytes(b"\x00\xff")
    assert {readable for _, _, readable in found(store)} == {()}


def test_a_record_that_any_text_took_the_place_of_is_not_called_readable(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    (kept.folder / "record.json.gz").write_text("garbage\n")
    (finding,) = examine(store)
    assert finding.readable == (".txt",)


def test_a_missing_manifest_leaves_both(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    (kept.folder / MANIFEST).unlink()
    assert found(store) == [("missing", kept.stamp, ("record", ".txt"))]


def test_strangers_and_leftovers(store: Store, kept: Backup) -> None:
    folder = kept.environment.path
    (folder / "notes.txt").write_text("mine")
    (folder / ".tmp-1-2").mkdir()
    (folder / "20200101000000").mkdir()
    (store.path / "stray").write_text("")
    findings = {finding.path.name: finding for finding in examine(store)}
    assert {name: finding.code for name, finding in findings.items()} == {
        "stray": "foreign",
        "notes.txt": "foreign",
        ".tmp-1-2": "leftover",
        "20200101000000": "leftover",
    }
    assert "PyMoDAQ takes it for a backup" in findings["notes.txt"].fact


def test_small_files_that_cannot_be_read(store: Store, kept: Backup) -> None:
    folder = kept.environment.path
    (folder / "tags.json").write_text("{")
    (folder / "environment.json").write_text("[]")
    assert [(code, name) for code, name, _ in found(store)] == [("unreadable", "environment.json"), ("unreadable", "tags.json")]


@not_root
def test_a_folder_that_cannot_be_read_hides_no_other(store: Store, kept: Backup) -> None:
    kept.txt.unlink()
    shut = environment(store, "/envs/shut").path
    shut.chmod(0)
    try:
        findings = {finding.path.name: finding for finding in examine(store)}
    finally:
        shut.chmod(0o700)
    assert {name: finding.code for name, finding in findings.items()} == {"shut": "unreadable", kept.stamp: "missing"}
    assert findings["shut"].remedy == "Make it readable for your user."


def test_a_tag_whose_backup_something_else_removed(store: Store, kept: Backup) -> None:
    import shutil

    assert kept.folder is not None
    shutil.rmtree(kept.folder)
    kept.txt.unlink()
    (finding,) = examine(store)
    assert (finding.code, finding.path.name) == ("missing", "tags.json")
    assert "'paper'" in finding.fact


def test_a_tagged_folder_without_its_txt(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    kept.txt.unlink()
    assert found(store) == [("missing", kept.stamp, ("record",))]
    (kept.folder / MANIFEST).unlink()
    assert found(store) == [("missing", "tags.json", ())]


def test_a_lone_list_of_pymodaqs_is_sound_and_an_empty_file_is_not(store: Store, kept: Backup) -> None:
    lone = kept.environment.path / "20200101000000_environment.txt"
    lone.write_text("# executable: /x/bin/python\n# version: 3.9.2\n\nsix==1.0\n")
    assert examine(store) == ()
    lone.write_bytes(b"\x00\x01\x02")
    assert found(store) == [("unreadable", lone.name, ())]
