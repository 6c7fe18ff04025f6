"""One record of conda-meta: what is taken from it quickly is what json makes of all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.capturing.conda_meta import read_conda_meta
from envkeep.capturing.conda_record import decode_record, owned_metadata, package_of
from envkeep.capturing.reading import line_text, plain_json

if TYPE_CHECKING:
    from pathlib import Path

_RECORD = "site-packages/six-1.dist-info/RECORD"
_BASE: dict[str, Any] = {
    "name": "six",
    "version": "1",
    "build": "0",
    "files": [_RECORD],
    "paths_data": {"paths": [{"_path": _RECORD, "path_type": "hardlink"}], "paths_version": 1},
    "depends": ["python"],
    "link": {"source": "/pkgs/six-1-0", "type": 1},
    "url": "https://conda.anaconda.org/conda-forge/noarch/six-1-0.conda",
    "sha256": "a" * 64,
}


def text(indent: int | str = 2, **changes: object) -> bytes:
    return json.dumps({**_BASE, **changes}, indent=indent).encode()


def as_json_has_it(data: bytes) -> tuple[object, object]:
    # no text of a record ends a line
    raw = plain_json(json.loads(data), line_text)
    paths = [path for path in raw.get("files") or () if isinstance(path, str)]
    return package_of(raw, paths), sorted(owned_metadata(paths))


def as_read(data: bytes) -> tuple[object, object]:
    raw, paths = decode_record(data)
    return package_of(raw, paths), sorted(owned_metadata(paths))


_PATHS = [{"_path": _RECORD, "path_type": "hardlink"}]


@pytest.mark.parametrize(
    "data",
    [
        text(),
        text(4),
        text("\t"),
        text().replace(b"\n", b"\r\n"),
        text(files=[], paths_data={"paths": [], "paths_version": 1}),
        text(paths_data={"paths_version": 1, "paths": _PATHS}),
        text(paths_data={"paths": _PATHS, "paths_version": 1, "more": {"paths": []}}),
        text(paths_data={}),
        text(paths_data=None),
        text(paths_data=[]),
        text(files=None),
        text(files=[{"a": [_RECORD]}]),
        text(files=["site-packages/a]-1.dist-info/RECORD", "]"]),
        text(files=['site-packages/a"b-1.dist-info/RECORD']),
        text(files=["site-packages/näh-1.dist-info/RECORD"]),
        text(files=["lib/python3/dist-packages/x-1.dist-info/RECORD", "lib/x-1.egg-info"]),
        text(files=["Lib\\site-packages\\six-1.dist-info\\RECORD"]),
        text(files=["bin/.six-pre-link.sh", "Scripts/.six-post-link.bat"]),
        text(nested={"files": [_RECORD.replace("six", "seven")], "paths_data": {}}),
        text().replace(b'[\n    "site-packages/six-1.dist-info/RECORD"\n  ]', b'["site-packages/six-1.dist-info/RECORD"]'),
        text().replace(b'    "site', b'    "a", "site'),
        text().replace(b'RECORD"\n', b'RECORD", "a"\n'),
        text().replace(b'RECORD"\n', b'RECORD",\n    ["lib/a-1.dist-info/RECORD"],\n    "b"\n'),
        text().replace(b'RECORD"\n', b'RECORD",\n    {"a": 1,\n    "lib/a-1.dist-info/RECORD": 2},\n    "b"\n'),
        text().replace(b'RECORD"\n', b'RECORD",\n    {"a": 1,\n    "b":\n    "lib/a-1.dist-info/RECORD"},\n    "c"\n'),
        # the bracket stands elsewhere, and another list ends where that of the files should
        text().replace(b'RECORD"\n  ]', b'RECORD"\n   ]', 1),
        text().replace(b"/RECORD", b"\\/RECORD"),
        text().replace(b"-info", b"\\u002dinfo"),
        json.dumps(_BASE, indent=2, separators=(",", ":")).encode(),
        json.dumps(_BASE, indent=2, separators=(",", " : ")).encode(),
        json.dumps(_BASE).encode(),
        json.dumps({"files": [], "paths_data": {}, **{key: _BASE[key] for key in reversed(_BASE)}}, indent=2).encode(),
        text()[:-2] + b',\n  "files": [\n    "site-packages/last-1.dist-info/RECORD"\n  ]\n}',
    ],
)
def test_of_every_layout_that_is_taken_which_json_has(data: bytes) -> None:
    assert as_read(data) == as_json_has_it(data)


def test_what_a_crash_left_is_told(tmp_path: Path) -> None:
    whole = text()
    at = whole.index(_RECORD.encode())
    (tmp_path / "conda-meta").mkdir()
    path = tmp_path / "conda-meta" / "six-1-0.json"
    for damaged in (
        whole[:at] + bytes(len(_RECORD)) + whole[at + len(_RECORD) :],
        whole[: at - 1] + b"\0" + whole[at:],
        whole.replace(b'RECORD"\n  ]', b'RECORD",\n  ]', 1),
        whole.replace(b'    "site', b"    site", 1),
        whole.replace(b'RECORD"\n  ]', b'RECORD"\n    "a"\n  ]', 1),
        whole.replace(b'RECORD"\n  ]', b'RECORD",\n    a"\n  ]', 1),
    ):
        assert damaged != whole
        path.write_bytes(damaged)
        found = read_conda_meta(tmp_path)
        assert [problem.code for problem in found.problems] == ["unreadable-record"]


_KEYS = st.sampled_from(["files", "paths", "paths_data", "a"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text('a"]}{[,\\\n/é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_FILES = st.lists(
    st.text('ab]}"\\ é', max_size=5).map(lambda name: f"site-packages/{name}.dist-info/RECORD") | st.text("ab/]", max_size=5),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "depends", "link", "z"]), _JSON), max_size=3),
    _FILES | _JSON,
    st.fixed_dictionaries({"paths": st.lists(st.fixed_dictionaries({"_path": st.text("a]}", max_size=4)}), max_size=3)}) | _JSON,
    st.sampled_from([None, 1, 2, "\t"]),
    st.randoms(use_true_random=False),
)
def test_whatever_stands_in_it_and_in_which_order(others: Any, files: Any, paths: Any, indent: Any, order: Any) -> None:
    items = [("name", "six"), ("version", "1"), ("build", "0"), ("files", files), ("paths_data", paths), *others]
    order.shuffle(items)
    data = json.dumps(dict(items), indent=indent).encode()
    if isinstance(files, (list, type(None))):
        assert as_read(data) == as_json_has_it(data)
