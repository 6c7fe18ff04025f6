from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from envkeep.errors import BadFormatError, RefusedError, UsageError
from envkeep.formats import conda_lock
from envkeep.formats.load import load_bytes
from envkeep.formats.lock_pins import Pin
from envkeep.model.platforms import machine_subdir
from envkeep.model.record import EnvironmentInfo, Origin, Record
from envkeep.model.specification import Specification
from support.records import conda, dist, record

if TYPE_CHECKING:
    from pathlib import Path

_COMMIT = "1" * 40
_CHANNEL = "https://conda.anaconda.org/conda-forge"
_PINS = {
    "colorlog": Pin(sha256="c" * 64, file="colorlog-6.9.0-py3-none-any.whl", url="https://host/colorlog-6.9.0-py3-none-any.whl"),
    "labwheel": Pin(sha256="d" * 64, file="labwheel-2.0-py3-none-any.whl", url="https://host/labwheel-2.0-py3-none-any.whl"),
}


def sample(subdir: str = "linux-64", **fields: object) -> Record:
    packages = (
        conda("python", "3.12.1", "h1_0_cpython", url=f"{_CHANNEL}/{subdir}/python-3.12.1-h1_0_cpython.conda", md5="a" * 32),
        conda(
            "six",
            "1.17.0",
            "pyhd_0",
            url=f"{_CHANNEL}/noarch/six-1.17.0-pyhd_0.conda",
            md5="b" * 32,
            sha256="e" * 64,
            subdir="noarch",
            depends=("python >=3.9", "__unix"),
        ),
    )
    dists = (
        dist("six", "1.17.0", conda_package="six"),
        dist("colorlog", "6.9.0", requires=("six>=1", 'colorama; sys_platform == "win32"')),
        dist("labwheel", "2.0", origin=Origin(kind="archive", url="https://host/labwheel-2.0-py3-none-any.whl")),
        dist("labvcs", "1.2.3", origin=Origin(kind="vcs", url="https://host/labvcs.git", vcs="git", commit=_COMMIT)),
    )
    environment = EnvironmentInfo(name="lab", prefix="/envs/lab", kind="conda", subdir=subdir)
    return record(**{"conda": packages, "distributions": dists, "environment": environment, **fields})


def test_what_is_written_is_read_back() -> None:
    found = conda_lock.read(conda_lock.write(sample(), _PINS).encode(), "conda-lock.yml", "linux-64")
    assert (found.python, found.channels, found.subdir) == ("3.12.1", ("conda-forge",), "linux-64")
    assert {(item.name, item.version, item.build, item.url, item.md5, item.sha256) for item in found.artefacts} == {
        (item.name, item.version, item.build, item.url, item.md5, item.sha256) for item in sample().conda
    }
    assert {item.name: (item.version, item.hashes) for item in found.requirements if item.origin is None} == {
        "colorlog": ("6.9.0", ("sha256:" + "c" * 64,)),
        "labwheel": ("2.0", ("sha256:" + "d" * 64,)),
    }
    vcs = next(item.origin for item in found.requirements if item.origin is not None)
    assert (vcs.url, vcs.commit) == ("https://host/labvcs.git", _COMMIT)
    assert (found.refused, found.problems) == ((), ())


def test_the_real_conda_lock_reads_it(tmp_path: Path) -> None:
    lockfile = pytest.importorskip("conda_lock.lockfile")
    file = tmp_path / "conda-lock.yml"
    file.write_text(conda_lock.write(sample(), _PINS))
    parsed = lockfile.parse_conda_lock_file(file)
    assert {(item.manager, item.name, item.version) for item in parsed.package} == {
        ("conda", "python", "3.12.1"),
        ("conda", "six", "1.17.0"),
        ("pip", "colorlog", "6.9.0"),
        ("pip", "labwheel", "2.0"),
        ("pip", "labvcs", "1.2.3"),
    }
    # what the real one writes of it is read here to the same
    lockfile.write_conda_lock_file(parsed, file, metadata_choices=None)
    again = conda_lock.read(file.read_bytes(), str(file), "linux-64")
    assert {item.url for item in again.artefacts} == {item.url for item in sample().conda}
    assert {item.name for item in again.requirements} == {"colorlog", "labwheel", "labvcs"}


def test_every_package_that_lacks_something_is_listed() -> None:
    bare = sample(
        conda=(conda("six", url=None), conda("idna", url="https://host/noarch/idna-1.0-0.conda", sha256="a" * 64)),
        distributions=(
            dist("colorlog"),
            dist("labfolder", origin=Origin(kind="directory", url="file:///home/lab/x", editable=True)),
        ),
    )
    with pytest.raises(RefusedError) as caught:
        conda_lock.write(bare, {})
    for words in ("six: no URL", "idna: no md5", "colorlog: its hash", "labfolder: it came from a folder"):
        assert words in caught.value.fact
    # true too of who asked with it already
    assert str(caught.value.remedy).startswith("With --online indexes and channels are asked; what they lack")
    assert "--pip none" in str(caught.value.remedy)
    with pytest.raises(RefusedError) as caught:
        conda_lock.write(bare, {}, pip=False)
    assert "--pip none" not in str(caught.value.remedy)
    with pytest.raises(UsageError):
        conda_lock.write(record(), {})


def test_it_is_known_by_its_content_and_read_for_this_machine() -> None:
    here = machine_subdir()
    found = load_bytes(conda_lock.write(sample(here), _PINS).encode(), "x")
    assert isinstance(found, Specification)
    assert len(found.artefacts) == 2
    with pytest.raises(BadFormatError, match=f"and not for {here}"):
        load_bytes(conda_lock.write(sample("zos-z"), _PINS).encode(), "x")


@pytest.mark.parametrize(
    "text",
    [
        "version: 2\npackage: []\nmetadata:\n  platforms: []\n",
        "package: 3\nversion: 1\n",
        "version: 1\npackage: [1]\n",
        "version: 1\npackage: [\n",
        "[]",
        "version: 1\npackage: []\n",
    ],
)
def test_what_is_none_is_one_clear_error(text: str) -> None:
    with pytest.raises(BadFormatError, match=r"lock\.yml"):
        conda_lock.read(text.encode(), "lock.yml", "linux-64")


def test_nothing_that_would_be_expanded_or_run_is_taken_over() -> None:
    text = """
version: 1
metadata: {platforms: [linux-64], channels: [{url: 'https://h/$TOKEN/chan'}]}
package:
- {name: a, version: '1', manager: conda, platform: linux-64, url: 'https://h/$TOKEN/noarch/a-1-0.conda', hash: {}}
- {name: b, version: '1', manager: conda, platform: linux-64, url: 'ext::sh -c x', hash: {}}
- {name: c, version: '1', manager: pip, platform: linux-64, url: 'https://h/c.whl', hash: {}, source: {url: 'ext::sh'}}
- {name: d, version: '1 --index-url https://evil', manager: pip, platform: linux-64, url: 'https://h/d.whl', hash: {}}
- {name: e, version: '1', manager: pip, platform: linux-64, url: 'https://h/e.whl', hash: {sha256: cut}}
- {name: f, version: '1', manager: conda, platform: linux-64, category: dev, url: 'https://h/noarch/f-1-0.conda', hash: {}}
- {name: g, version: '1', manager: conda, platform: linux-64, url: 'https://u:pw@h/chan/noarch/g-1-0.conda', hash: {md5: x}}
"""
    found = conda_lock.read(text.encode(), "lock.yml", "linux-64")
    assert [item.name for item in found.artefacts] == ["g"]
    assert (found.artefacts[0].url, found.artefacts[0].md5) == ("https://h/chan/noarch/g-1-0.conda", None)
    assert found.requirements == ()
    assert len(found.refused) == 5
    assert found.channels == ("https://h/chan",)
    assert found.problems == ("packages of the categories dev are left out",)


@pytest.mark.parametrize(("subdir", "expected"), [("linux-64", {"six": ">=1"}), ("win-64", {"six": ">=1", "colorama": "*"})])
def test_dependencies_are_those_of_the_platform(subdir: str, expected: dict[str, str]) -> None:
    document = yaml.safe_load(conda_lock.write(sample(subdir), _PINS))
    (entry,) = (entry for entry in document["package"] if entry["name"] == "colorlog")
    assert entry["dependencies"] == expected
