from __future__ import annotations

import json
import time
import zipfile
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.capturing.capture import capture
from envkeep.capturing.metadata import (
    content_digest,
    installed_sizes,
    parse_direct_url,
    parse_metadata,
    parse_requires_txt,
    parse_tags,
)
from support.wild_prefixes import wild_venv

if TYPE_CHECKING:
    from pathlib import Path

RECORD = """six.py,sha256=abc,34703
six-1.17.0.dist-info/METADATA,sha256=def,1658
six-1.17.0.dist-info/RECORD,,
"""
BY_PIP = (
    RECORD
    + """six-1.17.0.dist-info/INSTALLER,sha256=pip,4
six-1.17.0.dist-info/REQUESTED,sha256=47D,0
__pycache__/six.cpython-312.pyc,,
../../../bin/six,sha256=launcher,200
"""
)
BY_UV = """six-1.17.0.dist-info/METADATA,sha256=def,1658
six.py,sha256=abc,34703
six-1.17.0.dist-info/INSTALLER,sha256=uv,2
six-1.17.0.dist-info/direct_url.json,sha256=x,20
six-1.17.0.dist-info/uv_cache.json,sha256=x,20
../../Scripts/six.exe,sha256=other,9000
six-1.17.0.dist-info/RECORD,,
"""


def test_one_wheel_gives_one_digest_whoever_installed_it() -> None:
    assert content_digest(BY_PIP.encode()) == content_digest(BY_UV.encode()) == content_digest(RECORD.encode())
    assert content_digest(RECORD.replace("abc", "abd").encode()) != content_digest(RECORD.encode())


def test_data_files_count() -> None:
    with_data = RECORD + "../../../share/man/six.1,sha256=m,5\n"
    assert content_digest(with_data.encode()) != content_digest(RECORD.encode())


def test_quoted_paths() -> None:
    quoted = RECORD + '"odd, name.py",sha256=q,1\n'
    assert content_digest(quoted.encode()) != content_digest(RECORD.encode())
    assert ("odd, name.py", 1) in installed_sizes(quoted.encode())


@pytest.mark.parametrize("text", ["", "\n\n", "x.dist-info/RECORD,,\n"])
def test_an_empty_list_has_no_digest(text: str) -> None:
    assert content_digest(text.encode()) is None


def test_pip_and_uv_install_a_wheel_to_the_same_digest(tmp_path: Path) -> None:
    import subprocess
    import sys
    import venv

    uv = pytest.importorskip("uv").find_uv_bin()
    wheel = tmp_path / "labtool-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        info = "labtool-1.0.dist-info"
        file.writestr("labtool.py", "def main(): print('x')\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: labtool\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/entry_points.txt", "[console_scripts]\nlabtool = labtool:main\n")
        file.writestr(
            f"{info}/RECORD", f"labtool.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/entry_points.txt,,\n{info}/RECORD,,\n"
        )
    digests = set()
    scripts, executable = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    for name in ("pip", "uv"):
        venv.create(tmp_path / name, symlinks=sys.platform != "win32", with_pip=False)
        python = str(tmp_path / name / scripts / executable)
        command = {
            "pip": [sys.executable, "-m", "pip", "--python", python, "install"],
            "uv": [uv, "pip", "install", "--python", python],
        }
        subprocess.run([*command[name], "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
        (found,) = capture(tmp_path / name, start_python=False).pip
        assert (found.name, found.installer, found.tags) == ("labtool", name, ("py3-none-any",))
        digests.add(found.content)
    assert len(digests) == 1
    assert None not in digests


def test_metadata_is_its_head_only() -> None:
    found = parse_metadata(
        b"Name: a\nVersion: 1\nLicense: x\n\ty\nRequires-Dist: b (>=1);\n  extra == 'c'\n\nRequires-Dist: no\n"
    )
    assert (found.name, found.version, found.requires) == ("a", "1", ("b (>=1);  extra == 'c'",))


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(content: bytes) -> None:
    parse_metadata(content)
    parse_metadata(b"Name: x\n" + content)
    content_digest(content)
    installed_sizes(content)
    parse_direct_url(content)
    parse_tags(content)
    parse_requires_txt(content.decode("utf-8", "replace"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_of_a_head_without_end_the_first_mib_counts_in_whole_lines(end: str) -> None:
    lines = ["Name: six", *["Requires-Dist: numpy"] * 100_000, "", "Version: 1"]
    found = parse_metadata(end.join(lines).encode())
    assert (found.name, found.version) == ("six", None)
    assert set(found.requires) == {"numpy"}
    assert 40_000 < len(found.requires) < 60_000
    body = end.join(["Name: six", "Version: 1", "", *["x"] * 2_000_000]).encode()
    assert parse_metadata(body).version == "1"
    # the head's end is no blank line in the eyes of who looks for two line feeds alone
    assert (found.cut, parse_metadata(body).cut) == (True, False)


def test_a_head_that_was_cut_is_a_problem(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v")
    prefix.dist("six")
    metadata = prefix.path / prefix.site / "six-1.0.dist-info" / "METADATA"
    metadata.write_bytes(b"Name: six\nVersion: 1.0\n" + b"Requires-Dist: numpy\n" * 60_000)
    record = capture(prefix.path, start_python=False, environ={})
    assert [(problem.code, problem.path.rpartition("/")[2]) for problem in record.problems] == [("long-metadata", "METADATA")]
    assert record.pip[0].name == "six"


def test_a_long_line_takes_no_time() -> None:
    began = time.monotonic()
    spaces = " " * 500_000
    found = parse_metadata(f"Name: six{spaces}x\nRequires-Dist: a{spaces}{chr(9)}b\nVersion: 1 \t\r\n".encode())
    assert found.version == "1"
    # it was some minutes where blanks were looked for at each letter
    assert time.monotonic() - began < 5


def test_tags_are_sorted_and_once() -> None:
    assert parse_tags(b"Wheel-Version: 1.0\nTag: py3-none-any\nTag: py2-none-any\nTag: py3-none-any\n") == (
        "py2-none-any",
        "py3-none-any",
    )


def test_a_folded_licence_with_lines_of_blanks_ends_no_head() -> None:
    # matplotlib's, scipy's, traitlets'; what email makes of it is what pip reads
    text = (
        "Metadata-Version: 2.1\nName: matplotlib\nVersion: 3.11.2\nLicense: License agreement\n         =====\n         \n"
        "         1. This LICENSE AGREEMENT is between\nRequires-Dist: numpy>=1.25\nRequires-Dist: cycler>=0.10\n\n"
        "body\nRequires-Dist: no\n"
    )
    for ends in ("\n", "\r\n"):
        content = text.replace("\n", ends).encode()
        wanted = BytesHeaderParser().parsebytes(content).get_all("Requires-Dist")
        assert parse_metadata(content).requires == tuple(wanted or ()) == ("numpy>=1.25", "cycler>=0.10")


def test_what_is_no_hash_is_left_out_of_an_origin() -> None:
    hashes = {"sha256": "ab12", "x:y": "z", "md5": "not one", "blake2b": 5}
    origin = parse_direct_url(json.dumps({"url": "https://x.example/a.whl", "archive_info": {"hashes": hashes}}).encode())
    assert origin is not None
    assert origin.hashes == (("sha256", "ab12"),)
