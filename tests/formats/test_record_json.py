from __future__ import annotations

import dataclasses
import gzip
import json
import zlib
from datetime import timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.errors import BadRecordError
from envkeep.formats import record_json
from envkeep.formats.wire import Shape
from envkeep.model.record import Distribution, Origin, PythonInfo, Record, Requested
from support.wild_records import conda_package, make_record, records

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = make_record(
    conda_package("numpy", "1.26.4", "py312h1_0", depends=("python >=3.12",)),
    dists=(
        Distribution(
            name="Mine",
            version="0.1",
            content="ab" * 32,
            origin=Origin(kind="vcs", url="https://host.example/a.git", vcs="git", commit="c" * 40, hashes=(("sha256", "ab"),)),
        ),
    ),
    requested=Requested(specs=("numpy",)),
    variables=(("B", "1"), ("A", "2")),
)


@settings(max_examples=200, deadline=None)
@given(records)
def test_every_record_comes_back_the_same(record: Record) -> None:
    data = record_json.dumps(record)
    assert record_json.loads(data, "x") == record
    assert record_json.load_gz(record_json.dump_gz(record), "x") == record
    assert record_json.dumps(record_json.loads(data, "x")) == data


def test_the_wire_shape_is_this_one() -> None:
    # what other programs read: a change here is a change of the format
    assert record_json.dumps(FULL).decode() == (
        "{\n"
        ' "schema": 1,\n'
        ' "captured_at": "2025-01-31T10:24:05Z",\n'
        ' "environment": {"name": "lab", "prefix": "/opt/envs/lab", "kind": "conda", "subdir": "linux-64"},\n'
        ' "python": {"version": "3.12.3", "build_text": "3.12.3 (main, Jan 17 2025, 18:03:48) [GCC 13.3.0]", '
        '"executable": "/opt/envs/lab/bin/python", "source": "interpreter"},\n'
        ' "requested": {"specs": ["numpy"]},\n'
        ' "variables": {"B": "1", "A": "2"},\n'
        ' "conda": [\n'
        '  {"name": "numpy", "version": "1.26.4", "build": "py312h1_0", "channel": "conda-forge", "subdir": "linux-64", '
        '"fn": "numpy-1.26.4-py312h1_0.conda", '
        '"url": "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py312h1_0.conda", '
        f'"md5": "{"0123456789abcdef" * 2}", "sha256": "{"0123456789abcdef" * 4}", "depends": ["python >=3.12"]}}\n'
        " ],\n"
        ' "distributions": [\n'
        '  {"name": "Mine", "version": "0.1", "origin": {"kind": "vcs", "url": "https://host.example/a.git", "vcs": "git", '
        f'"commit": "{"c" * 40}", "hashes": ["sha256:ab"]}}, "content_sha256": "{"ab" * 32}"}}\n'
        " ]\n"
        "}\n"
    )


def test_every_attribute_of_the_model_is_written() -> None:
    # a field added to the model and forgotten here would be lost in silence
    for shape in (value for value in vars(record_json).values() if isinstance(value, Shape)):
        fields = {field.name for field in dataclasses.fields(shape._type)}
        assert {field.attribute for field in shape._fields} == fields


def test_every_fault_is_named_with_its_place() -> None:
    document = json.loads(record_json.dumps(FULL))
    document["captured_at"] = "yesterday"
    document["environment"]["kind"] = "flat"
    document["conda"][0]["version"] = 1.26
    document["conda"][0]["depends"] = ["a", 2]
    del document["conda"][0]["build"]
    document["distributions"][0]["origin"]["hashes"] = ["abc"]
    document["distributions"].append("Mine")
    document["variables"]["B"] = {}
    with pytest.raises(BadRecordError) as caught:
        record_json.loads(json.dumps(document).encode(), "some/record.json")
    for part in (
        "some/record.json",
        "captured_at: expected an instant of UTC",
        "environment.kind: expected conda or venv or interpreter, found 'flat'",
        "conda[0].version: expected text, found a number",
        "conda[0].depends[1]: expected text, found a number",
        "conda[0].build: missing",
        "distributions[0].origin.hashes[0]: expected algorithm:hex, found 'abc'",
        "distributions[1]: expected an object, found text",
        "variables.B: expected text, found an object",
    ):
        assert part in caught.value.fact


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no readable record"),
        (b"\xff\xfe\x00", "no readable record"),
        (b"{}", "no schema number"),
        (b"[]", "no schema number"),
        (b'{"schema": true}', "no schema number"),
        (b'{"schema": 1}', "environment: missing"),
        (b'{"schema": 2}', "reads records up to schema 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "no readable record"),
        (b"version https://git-lfs.github.com/spec/v1\n", "no readable record"),
    ],
)
def test_what_is_no_record_is_one_clear_error(data: bytes, words: str) -> None:
    with pytest.raises(BadRecordError, match=words) as caught:
        record_json.loads(data, "x.json")
    assert "\n" not in caught.value.fact


def test_unknown_keys_of_a_newer_writer_are_passed_over() -> None:
    document = json.loads(record_json.dumps(FULL))
    document["weather"] = "fair"
    document["conda"][0]["colour"] = ["blue"]
    assert record_json.loads(json.dumps(document).encode(), "x") == FULL


def test_null_stands_for_a_key_that_is_not_there() -> None:
    document = json.loads(record_json.dumps(FULL))
    document["python"] = None
    document["conda"][0]["noarch"] = None
    assert record_json.loads(json.dumps(document).encode(), "x") == dataclasses.replace(FULL, python=None)


def test_the_packed_file_is_gzip_without_time_or_name() -> None:
    packed = record_json.dump_gz(FULL)
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    assert gzip.decompress(packed) == record_json.dumps(FULL)
    assert packed == record_json.dump_gz(FULL)


def test_a_damaged_packed_file_is_one_clear_error() -> None:
    packed = record_json.dump_gz(FULL)
    for data, words in (
        (packed[:-9], "cut short"),
        (b"", "cut short"),
        (packed[:40] + b"\x00\x00" + packed[42:], "no readable gzip file"),
        (packed + b"more", "after its end"),
        (b"plain text", "no readable gzip file"),
    ):
        with pytest.raises(BadRecordError, match=words):
            record_json.load_gz(data, "x.json.gz")


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_json, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 5_000_000)
    with pytest.raises(BadRecordError, match="unpacks to more than 1,000,000 bytes"):
        record_json.load_gz(bomb, "x.json.gz")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_of_a_document_raises_anything_else(data: st.DataObject) -> None:
    document = json.loads(record_json.dumps(FULL))
    junk: Any = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}))
    places = [(document, key) for key in document]
    for value in document.values():
        if isinstance(value, dict):
            places += [(value, key) for key in value]
        if isinstance(value, list):
            places += [(item, key) for item in value for key in item]
    where, key = data.draw(st.sampled_from(places))
    where[key] = junk
    try:
        record_json.loads(json.dumps(document).encode(), "x")
    except BadRecordError:
        pass


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.sampled_from([record_json.loads, record_json.load_gz]))
def test_no_bytes_raise_anything_else(data: bytes, load: Callable[[bytes, str], Record]) -> None:
    with pytest.raises(BadRecordError):
        load(data, "x")


def test_times_are_written_in_utc() -> None:
    local = FULL.captured_at.astimezone(timezone.utc)
    assert b'"captured_at": "2025-01-31T10:24:05Z"' in record_json.dumps(dataclasses.replace(FULL, captured_at=local))


def test_python_info_keeps_what_is_not_default() -> None:
    python = PythonInfo(version="3.13.0", build_text="3.13.0", executable="/p", source="conda-meta", free_threaded=True)
    assert record_json.loads(record_json.dumps(dataclasses.replace(FULL, python=python)), "x").python == python


def test_zlib_and_gzip_agree_on_the_size_field() -> None:
    packed = record_json.dump_gz(FULL)
    assert int.from_bytes(packed[-4:], "little") == len(record_json.dumps(FULL))
    assert int.from_bytes(packed[-8:-4], "little") == zlib.crc32(record_json.dumps(FULL))
