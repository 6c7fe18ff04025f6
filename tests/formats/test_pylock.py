from __future__ import annotations

import pytest

from envkeep.errors import BadFormatError, RefusedError
from envkeep.formats import pylock
from envkeep.formats.load import load_bytes
from envkeep.formats.lock_pins import Pin
from envkeep.model.record import Origin
from envkeep.model.specification import Specification
from support.records import dist, record

pytest.importorskip("packaging.pylock")

_COMMIT = "1" * 40
_PINS = {
    "colorlog": Pin(
        sha256="c" * 64, file="colorlog-6.9.0-py3-none-any.whl", url="https://host/colorlog-6.9.0-py3-none-any.whl", size=9
    ),
    "labwheel": Pin(sha256="d" * 64, file="labwheel-2.0-py3-none-any.whl", url="https://host/labwheel-2.0-py3-none-any.whl"),
    "old-sdist": Pin(sha256="e" * 64, file="old_sdist-1.0.tar.gz", url="https://host/old_sdist-1.0.tar.gz"),
    "labfolder": Pin(sha256="f" * 64, file="labfolder-0.1-py3-none-any.whl", path="wheels/labfolder-0.1-py3-none-any.whl"),
}
_ARCHIVE = Origin(kind="archive", url="https://host/labwheel-2.0-py3-none-any.whl", hashes=(("sha256", "d" * 64),))
_VCS = Origin(kind="vcs", url="https://host/labvcs.git", vcs="git", commit=_COMMIT, subdirectory="py", requested_revision="main")
_DISTS = (
    dist("colorlog", "6.9.0"),
    dist("labwheel", "2.0", origin=_ARCHIVE),
    dist("Old.Sdist", "1.0"),
    dist("labvcs", "1.2.3", origin=_VCS),
    dist("six", "1.17.0", conda_package="six"),
)


def test_what_is_written_is_read_back() -> None:
    text = pylock.write(record(distributions=_DISTS), _PINS)
    found = pylock.read(text.encode(), "pylock.toml")
    assert found.python == "3.12.1"
    by_name = {item.name: item for item in found.requirements}
    assert set(by_name) == {"colorlog", "labwheel", "old-sdist", "labvcs"}
    assert (by_name["colorlog"].version, by_name["colorlog"].hashes) == ("6.9.0", ("sha256:" + "c" * 64,))
    assert by_name["old-sdist"].hashes == ("sha256:" + "e" * 64,)
    vcs, archive = by_name["labvcs"].origin, by_name["labwheel"].origin
    assert vcs is not None
    assert archive is not None
    assert (vcs.kind, vcs.url, vcs.commit, vcs.subdirectory) == ("vcs", "https://host/labvcs.git", _COMMIT, "py")
    assert (archive.kind, archive.url, archive.hashes) == ("archive", _ARCHIVE.url, _ARCHIVE.hashes)
    assert (found.refused, found.problems) == ((), ())
    loaded = load_bytes(text.encode(), "x")
    assert isinstance(loaded, Specification)
    assert len(loaded.requirements) == 4


def test_what_lacks_a_hash_is_listed_and_a_packed_folder_has_one() -> None:
    folder = dist("labfolder", "0.1", origin=Origin(kind="directory", url="file:///home/lab/folder"))
    with pytest.raises(RefusedError, match=r"labfolder: it came from a folder.*new: its hash") as caught:
        pylock.write(record(distributions=(folder, dist("new"))), {})
    # pip's packages are all that is in such a file
    assert "--pip" not in str(caught.value.remedy)
    text = pylock.write(record(distributions=(folder,)), _PINS)
    assert 'path = "wheels/labfolder-0.1-py3-none-any.whl"' in text


@pytest.mark.parametrize(
    "text",
    [
        "lock-version = ",
        'lock-version = "1.0"\n',
        'lock-version = "9.0"\ncreated-by = "x"\npackages = []\n',
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "Not Normal"\n',
    ],
)
def test_what_is_none_is_one_clear_error(text: str) -> None:
    with pytest.raises(BadFormatError, match=r"a\.toml"):
        pylock.read(text.encode(), "a.toml")


@pytest.mark.parametrize("marker", ["os_name ~= 'x'", "extra == 'y'"])
def test_a_marker_that_cannot_be_judged_is_refused(marker: str) -> None:
    text = pylock.write(record(distributions=(dist("colorlog", "6.9.0"),)), _PINS)
    text = text.replace('name = "colorlog"', f'name = "colorlog"\nmarker = "{marker}"')
    found = pylock.read(text.encode(), "pylock.toml")
    assert found.requirements == ()
    assert [line.reason for line in found.refused] == ["its marker says nothing that can be judged"]


def test_markers_and_hostile_values() -> None:
    text = """
lock-version = "1.0"
created-by = "other"
requires-python = "==3.12.*"
[[packages]]
name = "never"
version = "1.0"
marker = "sys_platform == 'plan9'"
sdist = { url = "https://h/never-1.0.tar.gz", hashes = { sha256 = "00" } }
[[packages]]
name = "always"
version = "1.0"
marker = "python_version >= '3'"
wheels = [{ url = "https://h/always-1.0-py3-none-any.whl", hashes = { sha512 = "00" } }]
[[packages]]
name = "bad"
[packages.vcs]
type = "git"
url = "ext::sh -c x"
commit-id = "1"
[[packages]]
name = "local"
[packages.directory]
path = "../somewhere"
"""
    found = pylock.read(text.encode(), "pylock.toml")
    assert found.python == "3.12"
    assert [item.name for item in found.requirements] == ["always"]
    assert {line.line for line in found.refused} == {3}
    assert len(found.problems) == 2
