"""The small files: what is written is read, and what is wrong is named."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.errors import BadFormatError
from envkeep.store.layout import MANIFEST, RECORD, Summary
from envkeep.store.manifest import (
    FileEntry,
    Identity,
    Manifest,
    identity_bytes,
    manifest_bytes,
    read_identity,
    read_manifest,
    read_tags,
    tags_bytes,
)
from support.stores import NOON

if TYPE_CHECKING:
    from pathlib import Path

INSTANTS = st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000)).map(lambda span: NOON + span)
SIZES = st.integers(0, 1 << 50)
ENTRIES = st.builds(FileEntry, name=st.sampled_from(["explicit.txt", "imported/x y.yml", "ä.json"]), size=SIZES, sha256=st.text())
SUMMARIES = st.builds(
    Summary,
    python=st.none() | st.text(),
    conda=st.none() | SIZES,
    pip=st.none() | SIZES,
    changes=st.none() | st.dictionaries(st.text(), SIZES, max_size=3).map(lambda counts: tuple(counts.items())),
)
MANIFESTS = st.builds(
    Manifest,
    created=INSTANTS,
    order=st.integers(),
    main=st.just(RECORD),
    txt=st.builds(FileEntry, name=st.just("txt"), size=SIZES, sha256=st.text()),
    files=st.lists(ENTRIES, unique_by=lambda entry: entry.name, max_size=3).map(
        lambda entries: tuple(sorted([*entries, FileEntry(name=RECORD, size=1, sha256="")], key=lambda entry: entry.name))
    ),
    summary=SUMMARIES,
    digest=st.none() | st.text(),
    note=st.none() | st.text(),
    writer=st.text(),
)

SOUND: dict[str, Any] = {
    "schema": 1,
    "written_by": "envkeep 0.1.0",
    "created": "2025-01-31T11:24:05Z",
    "order": 1,
    "digest": None,
    "note": None,
    "summary": {"python": "3.12.1", "conda": 1, "pip": 0, "changes": {"install": 2}},
    "main": "explicit.txt",
    "txt": {"size": 3, "sha256": "a"},
    "files": {"explicit.txt": {"size": 3, "sha256": "b"}},
    "of a newer envkeep": [],
}


def write(folder: Path, value: Any) -> Path:
    (folder / MANIFEST).write_text(json.dumps(value))
    return folder


@given(manifest=MANIFESTS)
def test_a_manifest_reads_back(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST).write_bytes(manifest_bytes(manifest))
    assert read_manifest(folder) == manifest


def test_a_sound_one_with_keys_of_a_newer_version_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, SOUND))
    assert manifest.created == NOON
    assert manifest.summary.changes == (("install", 2),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "schema 2 was written by a newer envkeep"),
        ({"created": "yesterday"}, "created: is not a date and time"),
        ({"created": None}, "created: is missing"),
        ({"order": "1"}, "order: should be a whole number"),
        ({"order": True}, "order: should be a whole number"),
        ({"main": "other.txt"}, "main: names none of its files"),
        ({"files": {"../x": {"size": 3, "sha256": "b"}}}, r"files: \.\./x: leads out"),
        ({"files": {"/etc/passwd": {"size": 3, "sha256": "b"}}}, "leads out"),
        ({"files": {"a/b/c": {"size": 3, "sha256": "b"}}}, "leads out"),
        ({"files": {"C:x": {"size": 3, "sha256": "b"}}}, "leads out"),
        ({"files": {"explicit.txt": 3}}, "explicit.txt: is not a JSON object"),
        ({"files": {"explicit.txt": {"size": 3}}}, "explicit.txt: sha256: is missing"),
        ({"summary": {"conda": "many"}}, "summary: conda: should be a whole number"),
        ({"summary": {"changes": {"install": "x"}}}, "summary: changes: install: should be"),
    ],
)
def test_a_fault_is_named_with_its_file_and_key(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadFormatError, match=words) as caught:
        read_manifest(write(tmp_path, {**SOUND, **change}))
    assert caught.value.fact.startswith(str(tmp_path / MANIFEST))


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "\x00", '"' + "x" * (1 << 20) + '"', "[" * 5000])
def test_what_is_no_manifest_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(BadFormatError, match="is "):
        read_manifest(tmp_path)


@given(data=st.binary(max_size=60))
def test_no_bytes_escape_as_another_error(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "tags.json"
    path.write_bytes(data)
    with pytest.raises(BadFormatError):
        read_tags(path)


def test_identity_and_tags_read_back(tmp_path: Path) -> None:
    identity = Identity(prefix="/envs/lab", kind="conda", name="lab", first_seen=NOON)
    (tmp_path / "environment.json").write_bytes(identity_bytes(identity))
    assert read_identity(tmp_path / "environment.json") == identity
    (tmp_path / "tags.json").write_bytes(tags_bytes({"b": "20250131112405", "a": "20250131112405"}))
    assert read_tags(tmp_path / "tags.json") == {"a": "20250131112405", "b": "20250131112405"}
    assert read_tags(tmp_path / "none.json") == {}
    (tmp_path / "environment.json").write_text(json.dumps({**json.loads(identity_bytes(identity)), "kind": "castle"}))
    with pytest.raises(BadFormatError, match="kind: is none of conda"):
        read_identity(tmp_path / "environment.json")
