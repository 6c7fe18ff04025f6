"""From an archive to an environment: by envkeep, and by the scripts in it, with nothing else left of what it was made from."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.archive.rebuilding import UnpackedRecord
from envkeep.archive.unpacking import unpacked
from envkeep.capturing.capture import capture
from envkeep.engines.base import NoProgress
from envkeep.formats.archive_file import read_record
from envkeep.model.content import content
from envkeep.model.record import EnvironmentInfo
from envkeep.restoring.prepare import Options, prepare
from envkeep.restoring.restore import restore
from support.records import dist, python, record
from support.stand_in import conda_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.conftest import Bench
    from envkeep.engines.base import InstallerName
    from envkeep.restoring.result import RestoreResult
    from support.channel import Index

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="conda's layout differs there")

_NO_INDEX = {"PIP_INDEX_URL": "file:///nowhere", "UV_DEFAULT_INDEX": "file:///nowhere"}


@contextmanager
def away(*folders: Path) -> Iterator[None]:
    """Take folders away for a while."""
    moved = [(folder, folder.with_name(f"{folder.name} away")) for folder in folders]
    for folder, place in moved:
        folder.rename(place)
    try:
        yield
    finally:
        for folder, place in moved:
            place.rename(folder)


def output(*argv: str | Path) -> str:
    return subprocess.run(list(argv), capture_output=True, text=True, check=True).stdout.strip()


def channels_of(bench: Bench) -> Path:
    from envkeep.model.urls import path_of_file_url

    return Path(path_of_file_url(bench.record.conda[0].url or "") or "").parents[2]


def rebuild(archive: Path, target: Path, installer: InstallerName, environ: dict[str, str]) -> RestoreResult:
    record = read_record(archive)
    with unpacked(archive, NoProgress()) as (folder, manifest):
        packed = UnpackedRecord(record, manifest, folder)
        assert not packed.needs_network(record.environment.subdir)
        prepared = prepare(packed.source, Options(target=target, offline=True), environ)
        plan = packed.adapt(prepared.plan)
        return restore(plan, engine=prepared.engine, installer=installer, files=True, finish=packed.put_right)


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_exact_with_channel_index_and_caches_gone(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installer: InstallerName
) -> None:
    for name, value in {**_NO_INDEX, "ENVKEEP_CACHE": str(tmp_path / "cache"), "UV_CACHE_DIR": str(tmp_path / "uv")}.items():
        monkeypatch.setenv(name, value)
    with away(channels_of(bench)):
        result = rebuild(bench.archive, tmp_path / "env", installer, dict(os.environ))
    assert [item for item in result.verification.outcomes if item.outcome not in {"exact", "mended"}] == []
    assert result.verification.exact
    assert result.as_asked
    # nothing of the new environment remembers where the archive was unpacked
    found = capture(tmp_path / "env")
    assert content(found) == content(replace(bench.record, variables=(("LAB_DATA", "/data"),)))
    assert {package.url for package in found.conda} == {package.url for package in bench.record.conda}
    # the checkout is linked, not copied
    python = str(tmp_path / "env" / "bin" / "python")
    done = subprocess.run(
        [python, "-c", "import lab_linked; print(lab_linked.__file__)"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(bench.projects / "lab linked" / "lab_linked.py")
    assert (
        subprocess.run([tmp_path / "env" / "bin" / "labloose"], capture_output=True, text=True, check=False).stdout
        == "labloose 0.2\n"
    )


def test_projects_that_are_gone_come_back_as_copies_and_it_says_so(bench: Bench, tmp_path: Path) -> None:
    with away(bench.projects):
        result = rebuild(bench.archive, tmp_path / "env", "pip", dict(os.environ))
        python = str(tmp_path / "env" / "bin" / "python")
        code = "import lab_linked, labfolder, labvcs, labwheel; print(lab_linked.ANSWER)"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        wrong = {item.name: item.reason for item in result.verification.outcomes if item.outcome not in {"exact", "mended"}}
    copied = "installed as a copy, and was editable"
    assert wrong == {"lab-linked": copied, "labloose": copied}
    assert any("lab-linked was linked to" in note for note in result.plan.notes)
    # what was not committed was packed
    assert done.stdout.strip() == "42", done.stderr


def test_an_archive_that_lacks_something_takes_the_rest_from_where_it_is(bench: Bench, tmp_path: Path) -> None:
    from envkeep.archive.pack import pack

    record = bench.only("colorlog", "labwheel")
    broken = tuple(replace(item, url=(item.url or "") + ".gone") if item.name == "six" else item for item in record.conda)
    result = pack(replace(record, conda=broken), tmp_path / "a.envkeep", os.environ)
    assert [item.name for item in result.lacking] == ["six"]
    with unpacked(result.path, NoProgress()) as (folder, manifest):
        packed = UnpackedRecord(record, manifest, folder)
        assert packed.needs_network(record.environment.subdir)
        prepared = prepare(packed.source, Options(target=tmp_path / "env"), os.environ)
        done = restore(packed.adapt(prepared.plan), engine=prepared.engine, installer="pip", finish=packed.put_right)
    assert [item.name for item in done.verification.outcomes if item.kind == "conda" and item.outcome != "exact"] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_rebuild_sh_needs_no_envkeep(bench: Bench, tmp_path: Path) -> None:
    environ = {**os.environ, **_NO_INDEX, **conda_program(tmp_path / "bin"), "ENVKEEP_CACHE": str(tmp_path / "cache")}
    here = tmp_path / "an archive #1"
    target = tmp_path / "new env"
    with unpacked(bench.archive, NoProgress()) as (folder, _):
        shutil.copytree(folder, here)
    with away(channels_of(bench), bench.projects):
        argv = ["bash", str(here / "rebuild.sh"), target.name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        again = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    found = capture(target)
    assert [package.md5 for package in found.conda] == [package.md5 for package in bench.record.conda]
    assert {dist.name: dist.version for dist in found.pip} == {dist.name: dist.version for dist in bench.record.pip}
    assert found.requested.specs == bench.record.requested.specs
    assert found.pinned == bench.record.pinned
    assert dict(found.variables) == {"LAB_DATA": "/data"}
    # a damaged file is found before anything is made
    wheel = next((here / "wheels").glob("colorlog-*"))
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    argv[-1] = "other"
    damaged = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
    assert damaged.returncode == 1
    assert wheel.name in damaged.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_rebuild_sh_leaves_in_a_venv_what_was_recorded_and_no_more(index: Index, tmp_path: Path) -> None:
    from envkeep.archive.pack import pack

    venv = EnvironmentInfo(name="lab", prefix="/nowhere", kind="venv", subdir="linux-64")
    lab = dist("colorlog", "6.9.0", tags=("py3-none-any",))
    source = record(environment=venv, python=python(platform.python_version()), distributions=(lab,))
    packed = pack(source, tmp_path / "a.envkeep", os.environ)
    assert packed.complete, packed.lacking
    environ = {**os.environ, **_NO_INDEX, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with unpacked(packed.path, NoProgress()) as (folder, _):
        argv = ["bash", str(folder / "rebuild.sh"), str(tmp_path / "new")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # venv brought pip to install with, and setuptools besides before 3.12
    assert [item.name for item in capture(tmp_path / "new").pip] == ["colorlog"]


def test_the_folder_is_a_channel_and_an_index(bench: Bench, tmp_path: Path, engine: object) -> None:
    from envkeep.engines.base import InstallRequest, SolveRequest

    with unpacked(bench.archive, NoProgress()) as (folder, _):
        specs = folder.joinpath("lists", "specs.txt").read_text().split()
        request = SolveRequest(
            specs=tuple(spec.replace("=", "==", 1) for spec in specs),
            channels=((folder / "channel").as_uri(),),
            subdir=bench.record.environment.subdir,
        )
        solved = engine.solve(request)  # type: ignore[attr-defined]
        assert {package.sha256 for package in solved} == {package.sha256 for package in bench.record.conda}
        made = InstallRequest(prefix=tmp_path / "env", packages=solved, subdir=request.subdir)
        assert not engine.install(made, NoProgress()).unavailable  # type: ignore[attr-defined]
        python = str(tmp_path / "env" / "bin" / "python")
        argv = [python, "-m", "pip", "install", "-q", "--no-deps", "--index-url", (folder / "simple").as_uri()]
        argv += ["-r", str(folder / "lists" / "requirements.txt")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert {dist.name for dist in capture(tmp_path / "env").pip} == {dist.name for dist in bench.record.pip}
