"""What is loaded of a backup, whole or hurt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkeep.errors import BadFormatError, EnvkeepError, UnknownBackupError
from envkeep.model.content import content_digest
from envkeep.model.specification import Specification
from envkeep.store.contents import is_intact, load_record
from envkeep.store.integrity import examine
from envkeep.store.layout import MANIFEST, RECORD
from envkeep.store.store import Store
from support.records import conda, dist, record
from support.stores import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkeep.model.record import Record
    from envkeep.store.layout import Backup

RECORDED = record(
    conda=(conda("python", "3.12.1", sha256="a" * 64), conda("numpy", "1.26.4")),
    distributions=(dist("numpy", "1.26.4", conda_package="numpy"), dist("six", "1.17.0")),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def kept(store: Store) -> Backup:
    return store.write(environment(store), RECORDED, changes={"install": 2}, note="first")


def listed(loaded: Record | Specification) -> dict[str, str | None]:
    assert isinstance(loaded, Specification)
    return {requirement.name: requirement.version for requirement in loaded.requirements}


def test_the_record_comes_back(store: Store, kept: Backup) -> None:
    assert store.load(kept) == RECORDED
    assert kept.digest == content_digest(RECORDED)
    assert kept.summary is not None
    assert (kept.summary.python, kept.summary.conda, kept.summary.pip) == ("3.12.1", 2, 1)
    assert kept.summary.changes == (("install", 2),)
    assert kept.folder is not None
    names = {path.name for path in kept.folder.iterdir()}
    assert names == {
        MANIFEST,
        RECORD,
        "environment.yml",
        "environment.no-builds.yml",
        "environment.from-history.yml",
        "explicit.txt",
    }


def test_an_edited_txt_counts_for_itself_and_says_so(store: Store, kept: Backup) -> None:
    kept.txt.write_text(kept.txt.read_text().replace("six==1.17.0", "six==1.16.0"))
    (now,) = store.backups(kept.environment)
    assert now.state == "whole", "of the same size: only the digest tells"
    loaded = store.load(now)
    assert listed(loaded)["six"] == "1.16.0"
    assert isinstance(loaded, Specification)
    assert any("was edited" in problem for problem in loaded.problems)
    assert load_record(now) == RECORDED
    kept.txt.write_text(kept.txt.read_text() + "attrs==25.1.0\n")
    assert [backup.state for backup in store.backups(kept.environment)] == ["edited"]


def test_an_edited_file_beside_the_record_does_not_matter(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    (kept.folder / "environment.yml").write_text("name: other\n")
    (now,) = store.backups(kept.environment)
    assert now.state == "damaged"
    assert not is_intact(now)
    assert store.load(now) == RECORDED


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("hurt", "words"),
    [
        (lambda folder: _flip(folder / RECORD), "is not as it was written"),
        (lambda folder: (folder / RECORD).unlink(), "No such file"),
        (lambda folder: (folder / RECORD).write_bytes(b""), "is not as it was written"),
        (lambda folder: [(folder / name).unlink() for name in (MANIFEST, RECORD)], "No such file"),
        (lambda folder: [(folder / name).write_text("{") for name in (MANIFEST, RECORD)], "is not JSON"),
    ],
)
def test_where_the_record_is_hurt_the_txt_is_what_is_left(
    store: Store, kept: Backup, hurt: Callable[[Path], object], words: str
) -> None:
    assert kept.folder is not None
    hurt(kept.folder)
    (now,) = store.backups(kept.environment)
    loaded = store.load(now)
    assert listed(loaded) == {"numpy": "1.26.4", "six": "1.17.0"}
    assert isinstance(loaded, Specification)
    assert any(words in problem and ".txt" in problem for problem in loaded.problems), loaded.problems
    assert load_record(now) is None


@pytest.mark.parametrize("hurt", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_a_record_without_its_manifest_counts_where_the_txt_says_the_same(
    store: Store, kept: Backup, hurt: Callable[[Path], object]
) -> None:
    assert kept.folder is not None
    hurt(kept.folder / MANIFEST)
    (now,) = store.backups(kept.environment)
    assert now.state == "damaged"
    assert store.load(now) == load_record(now) == RECORDED
    kept.txt.write_text(kept.txt.read_text() + "attrs==25.1.0\n")
    assert listed(store.load(now))["attrs"] == "25.1.0"


def test_a_txt_that_nobody_can_read_was_not_edited_but_damaged(store: Store, kept: Backup) -> None:
    kept.txt.write_bytes(b"\x00\xff\x80" * 200)
    assert store.load(kept) == RECORDED
    (finding,) = examine(store)
    assert (finding.code, finding.readable) == ("damaged", ("record",))


def test_where_nothing_is_left_the_error_names_both(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    _flip(kept.folder / RECORD)
    store.tag(kept, "paper")
    kept.txt.unlink()
    (now,) = store.backups(kept.environment)
    with pytest.raises(BadFormatError, match=r"its \.txt is gone, and .*is not as it was written"):
        store.load(now)


def test_one_that_was_removed_in_the_meantime_is_said_to_be(store: Store, kept: Backup) -> None:
    store.forget([kept])
    with pytest.raises(UnknownBackupError, match="removed in the meantime"):
        store.load(kept)


def test_a_lone_list_loads_as_what_it_says(store: Store, kept: Backup) -> None:
    kept.txt.with_name("20200101000000_environment.txt").write_text(
        "# executable: /envs/lab/bin/python\n# version: 3.9.2 (default) \n[GCC 9.4.0]\n\nsix==1.15.0\nattrs==20.1.0\n"
    )
    lone, _ = store.backups(kept.environment)
    loaded = store.load(lone)
    assert listed(loaded) == {"six": "1.15.0", "attrs": "20.1.0"}
    assert isinstance(loaded, Specification)
    assert loaded.python == "3.9.2"
    assert loaded.problems == ()


def test_the_same_record_gives_the_same_bytes(store: Store, kept: Backup) -> None:
    again = store.write(kept.environment, RECORDED)
    assert kept.folder is not None
    assert again.folder is not None
    for path in kept.folder.iterdir():
        if path.name != MANIFEST:
            assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name
    assert again.txt.read_bytes() == kept.txt.read_bytes()


def test_no_garbage_in_a_folder_escapes_as_a_traceback(store: Store, kept: Backup) -> None:
    assert kept.folder is not None
    for path in (kept.folder / MANIFEST, kept.folder / RECORD, kept.txt):
        path.write_bytes(b"\xff\x00garbage\n" * 10)
    (now,) = store.backups(kept.environment)
    with pytest.raises(EnvkeepError):
        store.load(replace(now))
