"""Loose files brought into a store."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from envkeep.errors import BadFormatError, UsageError
from envkeep.formats.record_json import dump_gz
from envkeep.model.specification import Specification
from envkeep.store.contents import is_intact
from envkeep.store.stamps import stamp_of
from envkeep.store.store import Store
from support.records import conda, dist, record
from support.stores import NOON, environment, publish

if TYPE_CHECKING:
    from pathlib import Path

PYMODAQS = b"# executable: /x/bin/python\n# version: 3.12.3 (main)\n\nPySide6==6.8.1\nattrs==24.2.0\n"
YML = b"name: lab\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - numpy=1.26.4\n  - pip:\n      - six==1.17.0\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def write(path: Path, data: bytes, when: datetime = NOON) -> Path:
    path.write_bytes(data)
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def test_a_list_of_pymodaqs_keeps_its_bytes_and_its_stamp(store: Store, tmp_path: Path) -> None:
    kept = store.import_file(write(tmp_path / "20240102030405_environment.txt", PYMODAQS), "microscope")
    assert (kept.environment.folder, kept.stamp, kept.state) == ("microscope", "20240102030405", "lone")
    assert kept.txt.read_bytes() == PYMODAQS
    assert store.import_file(tmp_path / "20240102030405_environment.txt", "microscope") == kept
    assert len(store.backups(kept.environment)) == 1


def test_another_list_goes_by_its_modification_time(store: Store, tmp_path: Path) -> None:
    kept = store.import_file(write(tmp_path / "requirements.txt", b"six==1.17.0\n"), "microscope")
    assert kept.stamp == stamp_of(NOON)
    other = store.import_file(write(tmp_path / "requirements.txt", b"six==1.16.0\n"), "microscope")
    assert other.stamp > kept.stamp, "what is there is never overwritten"


def test_an_environment_yml_becomes_a_set_with_the_original_in_it(store: Store, tmp_path: Path) -> None:
    kept = store.import_file(write(tmp_path / "environment.yml", YML), "microscope")
    assert kept.state == "whole"
    assert is_intact(kept)
    assert kept.folder is not None
    assert (kept.folder / "imported" / "environment.yml").read_bytes() == YML
    assert "six==1.17.0" in kept.txt.read_text().splitlines()
    loaded = store.load(kept)
    assert isinstance(loaded, Specification)
    assert loaded.channels == ("conda-forge",)
    assert [requirement.name for requirement in loaded.requirements] == ["six"]
    assert (kept.created, kept.digest) == (NOON, None)
    assert store.import_file(tmp_path / "environment.yml", "microscope") == kept


def test_a_record_becomes_a_full_set(store: Store, tmp_path: Path) -> None:
    value = record(conda=(conda("numpy", "1.26.4"),), distributions=(dist("six", "1.17.0"),))
    kept = store.import_file(write(tmp_path / "record.json.gz", dump_gz(value)), "microscope")
    assert store.load(kept) == value
    assert kept.created == value.captured_at
    assert kept.folder is not None
    assert (kept.folder / "imported" / "record.json.gz").read_bytes() == dump_gz(value)
    assert (kept.folder / "environment.yml").exists()


def test_a_set_from_another_store_comes_in_whole(store: Store, tmp_path: Path) -> None:
    there = Store(tmp_path / "usb")
    value = record(conda=(conda("numpy", "1.26.4"),))
    sent = there.write(environment(there), value, note="from the lab", now=NOON)
    kept = store.import_file(sent.txt, "microscope")
    assert (kept.state, kept.note, kept.created, kept.digest) == ("whole", "from the lab", NOON, sent.digest)
    assert store.load(kept) == value
    assert kept.txt.read_bytes() == sent.txt.read_bytes()
    assert sent.folder is not None
    assert store.import_file(sent.folder, "microscope") == kept
    # edited, it is a list like any other
    sent.txt.write_text("six==1.17.0\n")
    assert store.import_file(sent.txt, "microscope").state == "lone"


def test_a_sets_folder_alone_brings_its_record_under_the_name_it_has(store: Store, tmp_path: Path) -> None:
    there = Store(tmp_path / "usb")
    value = record(conda=(conda("numpy", "1.26.4"),))
    sent = there.write(environment(there), value, now=NOON)
    assert sent.folder is not None
    assert store.import_file(sent.folder).environment.folder == value.environment.name
    sent.txt.unlink()
    (kept,) = {store.import_file(path) for path in (sent.folder, sent.folder / "record.json.gz")}
    assert kept.environment.folder == value.environment.name
    assert store.load(kept) == value
    (tmp_path / "my downloads").mkdir()
    assert store.import_file(write(tmp_path / "my downloads" / "environment.yml", YML)).environment.folder == "lab"
    listed = store.import_file(write(tmp_path / "my downloads" / "r.txt", b"six==1\n"))
    assert listed.environment.folder == "my-downloads"


def test_an_old_file_is_not_the_latest(store: Store, tmp_path: Path) -> None:
    stored = environment(store)
    newest = publish(store, stored, now=datetime.now(timezone.utc))
    old = store.import_file(write(tmp_path / "environment.yml", YML), stored.folder)
    assert store.backups(stored) == (old, newest)


def test_a_list_that_pymodaq_could_not_decode_is_no_lone_txt(store: Store, tmp_path: Path) -> None:
    data = "six==1.17.0\r\n".encode("utf-16")
    kept = store.import_file(write(tmp_path / "requirements.txt", data), "microscope")
    assert kept.folder is not None
    assert (kept.folder / "imported" / "requirements.txt").read_bytes() == data
    assert "six==1.17.0" in kept.txt.read_bytes().decode("utf-8")


def test_what_cannot_be_kept_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadFormatError):
        store.import_file(write(tmp_path / "x.bin", bytes(range(256))), "microscope")
    with pytest.raises(UsageError, match="'my-lab' would do"):
        store.import_file(write(tmp_path / "r.txt", b"six==1\n"), "my lab")
    assert store.environments() == ()
