"""What is installed, put back into the wheel that it came from."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.archive.pack import pack
from envkeep.archive.repacking import CannotRepackError, repack
from envkeep.archive.sdists import TooLargeError, extract_sdist, write_sdist
from envkeep.archive.wheels import holds
from envkeep.capturing.capture import capture
from envkeep.engines.base import NoProgress, PipRequest
from envkeep.engines.pythons import make_venv
from envkeep.engines.uv import UvInstaller
from support.pips import pip
from support.projects import make_project
from support.records import dist, python, record

if TYPE_CHECKING:
    from envkeep.model.record import Distribution

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts lie elsewhere there")

_INFO = "odd_lab-1.0.dist-info"
_FILES = {
    "odd_lab/__init__.py": b"X = 1\n",
    "odd_lab/data, with comma.txt": b"data\n",
    "odd_lab/empty": b"",
    "odd_lab-1.0.data/scripts/odd-script": b"#!python\nprint('script')\n",
    "odd_lab-1.0.data/scripts/odd.sh": b"#!/bin/sh\necho shell\n",
    "odd_lab-1.0.data/data/share/odd/file.txt": b"shared\n",
    f"{_INFO}/METADATA": b"Metadata-Version: 2.1\nName: odd-lab\nVersion: 1.0\n",
    f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
    f"{_INFO}/entry_points.txt": b"[console_scripts]\nodd-tool = odd_lab:main\n",
}


def odd_wheel(folder: Path) -> Path:
    rows = [
        (name, "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), len(data))
        for name, data in _FILES.items()
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*rows, (f"{_INFO}/RECORD", "", "")])
    path = folder / "odd_lab-1.0-py2.py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in {**_FILES, f"{_INFO}/RECORD": text.getvalue().encode()}.items():
            wheel.writestr(name, data)
    return path


@pytest.fixture(scope="module", params=["pip", "uv"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Distribution]:
    folder = tmp_path_factory.mktemp("odd lab")
    wheel = odd_wheel(folder)
    prefix = folder / "venv"
    make_venv(Path(sys.executable), prefix, with_pip=request.param == "pip", installer=request.param)
    if request.param == "pip":
        pip(prefix, "install", "--no-index", wheel)
    else:
        line = f"odd-lab @ {wheel.as_uri()}"
        asked = PipRequest(python=str(prefix / "bin" / "python"), requirements=(line,), offline=True)
        assert not UvInstaller(os.environ).install(asked, NoProgress()).failed
    return prefix, next(item for item in capture(prefix).pip if item.name == "odd-lab")


def test_the_wheel_comes_back(installed: tuple[Path, Distribution], tmp_path: Path) -> None:
    prefix, found = installed
    wheel = repack(found, prefix, tmp_path)
    assert wheel.name == "odd_lab-1.0-py2.py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files.pop(f"{_INFO}/RECORD")
    assert files == _FILES
    assert holds(wheel, found) is not False
    assert repack(found, prefix, tmp_path / "again").read_bytes() == wheel.read_bytes()
    # installed again it is the same
    other = tmp_path / "venv"
    make_venv(Path(sys.executable), other)
    pip(other, "install", "--no-index", wheel)
    again = next(item for item in capture(other).pip if item.name == "odd-lab")
    assert again.content == found.content
    assert (other / "share" / "odd" / "file.txt").read_bytes() == b"shared\n"


def test_what_was_altered_or_lost_is_not_put_back(installed: tuple[Path, Distribution], tmp_path: Path) -> None:
    prefix, found = installed
    module = prefix / found.location / "odd_lab" / "__init__.py"
    with pytest.raises(CannotRepackError, match="no lost-1"):
        repack(replace(found, name="lost"), prefix, tmp_path)
    kept = module.read_bytes()
    try:
        module.unlink()
        module.write_bytes(b"X = 2\n")
        with pytest.raises(CannotRepackError, match="was altered"):
            repack(found, prefix, tmp_path)
        module.unlink()
        with pytest.raises(CannotRepackError, match="No such file"):
            repack(found, prefix, tmp_path)
    finally:
        module.write_bytes(kept)
    assert list(tmp_path.glob("*.whl")) == []


def test_a_package_that_only_has_an_sdist_is_built_and_the_sdist_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path / "project", "labsource", "0.7")
    write_sdist(project, "labsource", "0.7", tmp_path / "links" / "labsource-0.7.tar.gz")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    here = python(sys.version.split()[0])
    given = record(python=here, distributions=(dist("labsource", "0.7", tags=("py3-none-any",)),))
    result = pack(given, tmp_path / "a.envkeep", os.environ)
    (package,) = result.packages
    assert (package.came_from, package.sources) == ("built", ("sdists/labsource-0.7.tar.gz",))
    assert package.file == "wheels/labsource-0.7-py3-none-any.whl"


def test_a_folder_as_an_sdist_is_bounded_and_leaves_out_what_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project", "labsource", "0.7")
    for name in (".venv/bin/python", "__pycache__/x.pyc", "env/pyvenv.cfg", ".git/HEAD", "data/kept.csv"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x")
    (project / "link").symlink_to("/etc/hostname")
    sdist = tmp_path / "labsource-0.7.tar.gz"
    write_sdist(project, "labsource", "0.7", sdist)
    first = sdist.read_bytes()
    write_sdist(project, "labsource", "0.7", sdist)
    assert sdist.read_bytes() == first
    folder = extract_sdist(sdist, tmp_path / "out")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"PKG-INFO", "data/kept.csv", "in_tree_backend.py", "in_tree_config.py", "labsource.py", "pyproject.toml"}
    monkeypatch.setattr("envkeep.archive.sdists.MAX_BYTES", 10)
    with pytest.raises(TooLargeError):
        write_sdist(project, "labsource", "0.7", sdist)
