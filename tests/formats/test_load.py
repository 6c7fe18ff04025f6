from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.errors import BadFormatError
from envkeep.formats import export, record_json, variants
from envkeep.formats.load import load_bytes, load_file
from envkeep.model.record import Distribution, Record
from envkeep.model.specification import Specification
from support.wild_records import conda_package, make_record

if TYPE_CHECKING:
    from pathlib import Path

LAB = make_record(conda_package("python"), dists=(Distribution(name="six", version="1.17.0"),))


@pytest.mark.parametrize("ending", [".txt", ".yml", ".json", ".gz", ""])
def test_the_ending_means_nothing(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"file{ending}"

    def loaded(data: bytes) -> Record | Specification:
        file.write_bytes(data)
        return load_file(file)

    def of(format_: str) -> Record | Specification:
        return loaded(export.export(LAB, format_).encode())

    assert loaded(record_json.dump_gz(LAB)) == LAB
    assert of("record-json") == LAB
    listed = of("requirements")
    assert isinstance(listed, Specification)
    assert [item.text for item in listed.requirements] == ["six==1.17.0"]
    assert listed.source == str(file)
    full = of("environment-yml")
    assert isinstance(full, Specification)
    assert full.conda_specs == ("python==1.0=h1_0",)
    explicit = of("explicit")
    assert isinstance(explicit, Specification)
    assert [package.name for package in explicit.artefacts] == ["python"]


def test_every_file_of_a_backup_is_one_we_read(tmp_path: Path) -> None:
    for name, data in {**variants.file_set(LAB), "x.txt": variants.requirements(LAB)}.items():
        (tmp_path / name).write_bytes(data)
        load_file(tmp_path / name)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"# executable: none\n# version: none\n\n", "list"),
        (b"numpy\n", "list"),
        (b"\xff\xfe" + "numpy==1.0\r\n".encode("utf-16-le"), "list"),
        (b"# a comment\nname: lab\ndependencies:\n  - numpy\n", "yml"),
        (b"dependencies: [numpy]", "yml"),
        (b'{"dependencies": ["numpy"]}', "yml"),
    ],
)
def test_files_of_others(data: bytes, kind: str) -> None:
    found = load_bytes(data, "x")
    assert isinstance(found, Specification)
    assert bool(found.conda_specs) == (kind == "yml")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x7fELF\x02\x01\x01\x00", "no text file"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (b"\x1f\x8b\x08damaged", "no readable gzip|cut short"),
        (gzip.compress(b"numpy==1.0", mtime=0), "no readable record"),
        (b'{"schema": 1, ', "no readable record"),
        (b"{}", "is none of"),
        (b"<html><body>404</body></html>", "is none of"),
        (b"Dear Sir,\n\nplease find enclosed\n", "is none of"),
        (b"--index-url https://x.example/simple\n", "is none of"),
    ],
)
def test_what_is_none_of_them_is_one_clear_error(data: bytes, words: str) -> None:
    with pytest.raises(BadFormatError, match=words) as caught:
        load_bytes(data, "some/file")
    assert "some/file" in caught.value.fact
    assert caught.value.remedy


def test_folders_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(BadFormatError, match="is a folder"):
        load_file(tmp_path)
    with pytest.raises(BadFormatError, match="is not there"):
        load_file(tmp_path / "missing")
    with pytest.raises(BadFormatError):
        load_file(tmp_path / ("x" * 5000))


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.txt"
    with file.open("wb") as stream:
        stream.truncate(record_json.MAX_BYTES + 1)
    with pytest.raises(BadFormatError, match="bigger than"):
        load_file(file)


def test_a_big_file_of_text_is_one_clear_error() -> None:
    with pytest.raises(BadFormatError, match="more than any list"):
        load_bytes(b"numpy==1.0\n" * 4_000_000, "x")


_BLANKS = " " * 200_000


@pytest.mark.parametrize(
    "text",
    [
        f"six{_BLANKS}x\nrich==1",
        f"six==1{_BLANKS}-x\nrich==1",
        f"-e {_BLANKS}x y\nrich==1",
        f"six @ https://host/x{_BLANKS}; x\nrich==1",
        f"dependencies:\n  - pip:\n    - 'six{_BLANKS}x'\n    - rich==1",
        f"# executable: /x\n# version: 3.12.1\n\n# six==1: {_BLANKS}; x\nrich==1",
        f"six; {'(' * 5000}os_name == 'x'{')' * 5000}\nrich==1",
    ],
    ids=["blanks", "option", "editable", "url", "yaml", "comment", "parentheses"],
)
def test_a_line_that_is_made_to_take_long_does_not(text: str) -> None:
    began = time.monotonic()
    found = load_bytes(text.encode(), "x")
    # minutes, where a pattern looks for blanks at each of them
    assert time.monotonic() - began < 5
    assert isinstance(found, Specification)
    assert found.requirements[-1].name == "rich"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=60).map(lambda text: text.encode("utf-8")))
def test_nothing_raises_anything_else(data: bytes) -> None:
    try:
        load_bytes(data, "x")
    except BadFormatError:
        pass
