"""The requirements list without the rest of a capture; other tests of captures hold each prefix of theirs against it too."""

from __future__ import annotations

import json
import os
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envkeep.capturing import conda_meta, listed, reading
from envkeep.capturing.capture import capture
from envkeep.capturing.listed import requirements_list
from envkeep.errors import NotAnEnvironmentError
from envkeep.formats.requirements_txt import write
from support.wild_prefixes import wild_conda, wild_venv

if TYPE_CHECKING:
    from support.wild_prefixes import WildPrefix


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The records of conda-meta that are read, by name."""
    found: list[str] = []
    read = reading.read_file

    def read_and_tell(path: str | Path, limit: int) -> tuple[bytes, os.stat_result]:
        found.append(Path(path).name)
        return read(path, limit)

    monkeypatch.setattr(conda_meta, "read_file", read_and_tell)
    return found


def lab(path: Path) -> WildPrefix:
    prefix = wild_conda(path)
    prefix.python()
    prefix.dist("six", "1.17.0", conda="six", installer="conda")
    prefix.dist("Flask-Cors", "4.0")
    return prefix


def lines(prefix: WildPrefix) -> list[str]:
    text = requirements_list(prefix.path)
    assert text is not None
    assert text == write(capture(prefix.path), name_indexes=True)
    return text.splitlines()[3:]


def test_plain_packages_need_no_record_but_pythons(tmp_path: Path, records: list[str]) -> None:
    prefix = lab(tmp_path / "lab")
    assert requirements_list(prefix.path) is not None
    assert records == ["python-3.12.1-h_cpython.json"]
    assert lines(prefix) == ["Flask-Cors==4.0", "six==1.17.0"]


def test_a_build_machines_origin_is_looked_up_by_name(tmp_path: Path, records: list[str]) -> None:
    prefix = lab(tmp_path / "lab")
    for name, package in (("fastjsonschema", "python-fastjsonschema"), ("matplotlib", "matplotlib-base")):
        prefix.dist(name, "3.9", conda=package, direct_url='{"url": "file:///home/conda/feedstock_root/work", "dir_info": {}}')
    text = requirements_list(prefix.path)
    assert "six-1.17.0-0.json" not in records
    assert text is not None
    assert {"fastjsonschema==3.9", "matplotlib==3.9"} <= set(text.splitlines())
    assert len(lines(prefix)) == 4


def test_an_origin_that_no_such_record_owns_is_looked_for_in_all(tmp_path: Path, records: list[str]) -> None:
    prefix = lab(tmp_path / "lab")
    prefix.dist("tool", "1.0", conda="entirely-other", direct_url='{"url": "file:///work", "dir_info": {}}')
    prefix.dist("mine", "1.0", direct_url='{"url": "https://example.org/mine.whl", "archive_info": {}}')
    assert "six-1.17.0-0.json" not in records
    assert lines(prefix)[1:3] == ["mine @ https://example.org/mine.whl", "six==1.17.0"]
    assert "six-1.17.0-0.json" in records


def test_a_local_version_names_its_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = lab(tmp_path / "lab")
    prefix.dist("torch", "2.1.0+cu121")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://wheels.example.org/cu121")
    found = lines(prefix)
    assert "torch==2.1.0+cu121" in found
    assert "--extra-index-url https://wheels.example.org/cu121" in found


@pytest.mark.parametrize("odd", ["two of one name", "an odd record", "no Python of conda's"])
def test_what_takes_a_capture_is_left_to_it(tmp_path: Path, odd: str) -> None:
    prefix = lab(tmp_path / "lab")
    if odd == "two of one name":
        prefix.dist("six", "1.16.0")
    elif odd == "an odd record":
        (prefix.path / "conda-meta" / "python-3.12.1-h_cpython.json").write_text("{")
    else:
        (prefix.path / "conda-meta" / "python-3.12.1-h_cpython.json").unlink()
    assert requirements_list(prefix.path) is None


def test_what_is_no_dist_info_is_read_as_what_it_is(tmp_path: Path) -> None:
    prefix = lab(tmp_path / "lab")
    old = prefix.path / prefix.site / "foo-2.0.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: foo\nVersion: 2.0\n\n")
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: six\nVersion: 9\nSummary: x\n\n")
    assert "foo==2.0" in lines(prefix)


def test_metadata_that_a_capture_refuses_is_refused(tmp_path: Path) -> None:
    prefix = lab(tmp_path / "lab")
    text = "Metadata-Version: 2.1\nName: zope.interface\nVersion: 1.0\nSummary: x\n\n"
    folder = prefix.dist("zope_interface", "1.0", metadata=text)
    assert "zope.interface==1.0" in lines(prefix)
    with (folder / "METADATA").open("ab") as file:
        file.truncate(17 << 20)
    assert "zope_interface==1.0" in lines(prefix)


def test_of_two_packages_that_list_one_dist_the_last_counts(tmp_path: Path) -> None:
    prefix = lab(tmp_path / "lab")
    content = "tool.py,sha256=pips,1\ntool-1.0.dist-info/INSTALLER,,\n"
    origin = '{"url": "https://example.org/tool.whl", "archive_info": {}}'
    folder = prefix.dist("tool", "1.0", conda="tool", record=content, direct_url=origin)
    path = f"{prefix.site}/{folder.name}/RECORD"
    for package, digest in (("tool", sha256(content.encode()).hexdigest()), ("zzz", "0" * 64)):
        paths = {"paths": [{"_path": path, "path_type": "hardlink", "sha256": digest}], "paths_version": 1}
        os.utime(prefix.record(package, files=[path], paths_data=paths), (1, 1))
    assert "tool @ https://example.org/tool.whl" in lines(prefix)


def test_an_environment_that_goes_while_it_is_read_is_left_to_a_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = lab(tmp_path / "lab")

    def listing_and_gone(folder: str | Path) -> list[os.DirEntry[str]]:
        entries = reading.listing(folder)
        if Path(folder).name == "site-packages":
            shutil.rmtree(prefix.path)
        return entries

    monkeypatch.setattr(listed, "listing", listing_and_gone)
    assert requirements_list(prefix.path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="paths are text elsewhere")
def test_a_path_that_is_no_text_is_left_to_a_capture(tmp_path: Path) -> None:
    prefix = lab(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    assert requirements_list(prefix.path) is None


def test_a_venv_and_the_running_one(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "venv")
    prefix.dist("six", "1.17.0")
    assert lines(prefix) == ["six==1.17.0"]
    own = requirements_list(Path(sys.prefix))
    assert own is None or own == write(capture(Path(sys.prefix)), name_indexes=True)


def test_no_environment(tmp_path: Path) -> None:
    with pytest.raises(NotAnEnvironmentError):
        requirements_list(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    prefix = lab(tmp_path / "lab")
    folder = prefix.dist("piped", "1.0")
    (folder / "METADATA").unlink()
    os.mkfifo(folder / "METADATA")
    assert "piped==1.0" in lines(prefix)


_NAMES = st.sampled_from(["six", "Six", "a.b", "a-b", "a_b", "tool", "python", "café"])
_VERSIONS = st.sampled_from(["1.0", "1.0+cu1", "2024.1-1", "1!2.0", "not a version", "1.0rc1"])
_HEADS = st.sampled_from(
    [
        None,
        b"",
        b"Name: six\nVersion: 9\n\n",
        b"Metadata-Version: 2.1\nName: six\nVersion: 9\n",
        b"Metadata-Version: 2.1\r\nName: six\r\nVersion: 9\r\nSummary: x\r\n\r\n",
        b"Metadata-Version: 2.1\nName: six\nVersion: 9\n .1\nSummary: x\n\n",
        b"Metadata-Version: 2.1\nName: six\n\nVersion: 9\n\n",
        b"\xef\xbb\xbfMetadata-Version: 2.1\nName: six\nVersion: 9\n\n",
        b"Metadata-Version: 2.1\nName: six\nVersion: 9\nVersion: 8\nName: other\n\n",
        b"Metadata-Version: 2.1\nName: six\nVersion: " + b"9" * 600 + b"\n\n",
    ]
)
_ORIGINS = st.sampled_from(
    [None, None, "{", '{"url": "https://example.org/a.whl", "archive_info": {}}', '{"url": "file:///work", "dir_info": {}}']
)
_DISTS = st.lists(
    st.tuples(_NAMES, _VERSIONS, _HEADS, _ORIGINS, st.sampled_from([None, None, "six", "tool", "python-six", "other"])),
    max_size=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_DISTS, st.booleans(), st.sampled_from([".dist-info", ".egg-info", ".egg-link"]))
def test_whatever_lies_there_the_list_is_that_of_a_capture(
    tmp_path: Path, dists: list[tuple[str, str, bytes | None, str | None, str | None]], of_conda: bool, ending: str
) -> None:
    root = tmp_path / "any"
    shutil.rmtree(root, ignore_errors=True)
    prefix = wild_conda(root) if of_conda else wild_venv(root)
    if of_conda:
        prefix.python()
    for name, version, head, origin, owner in dists:
        if not (prefix.path / prefix.site / f"{name}-{version}.dist-info").exists():
            prefix.dist(name, version, metadata=head, direct_url=origin, conda=owner if of_conda else None)
    other = prefix.path / prefix.site / f"other{ending}"
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text(json.dumps("Name: other"))
    text = requirements_list(prefix.path)
    assert text is None or text == write(capture(prefix.path), name_indexes=True)
