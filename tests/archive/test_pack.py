"""Packing: what is in an archive, from where, and what is said of what is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.archive import pack as packing
from envkeep.archive.pack import pack
from envkeep.archive.unpacking import check_archive, unpacked
from envkeep.capturing.capture import capture
from envkeep.engines.base import NoProgress
from envkeep.errors import RefusedError
from envkeep.formats.archive_file import read_record
from envkeep.model.content import content
from envkeep.model.record import Origin

if TYPE_CHECKING:
    from archive.conftest import Bench
    from support.channel import Channel, Index


def test_it_holds_every_package_and_says_where_each_was_got(bench: Bench) -> None:
    assert bench.packed.lacking == ()
    assert bench.packed.complete
    manifest = check_archive(bench.archive, NoProgress())
    assert manifest.packages == bench.packed.packages
    conda = {package.name for package in manifest.packages if package.kind == "conda"}
    assert conda == {package.name for package in bench.record.conda}
    got = {package.name: package.came_from for package in manifest.packages if package.kind == "pip"}
    assert got == {
        "colorlog": "index",
        "lab-linked": "built",
        "labfolder": "environment",
        "labloose": "built",
        "labvcs": "environment",
        "labwheel": "file",
    }
    sources = {package.name: [Path(name).name for name in package.sources] for package in manifest.packages if package.sources}
    assert sources == {
        "lab-linked": ["lab-linked.bundle", "lab-linked.diff"],
        "labfolder": ["labfolder-0.3.tar.gz"],
        "labloose": ["labloose-0.2.tar.gz"],
        "labvcs": ["labvcs.bundle"],
    }


def test_packing_again_changes_nothing_and_gives_the_same_but_for_secrets(bench: Bench, tmp_path: Path) -> None:
    def state() -> list[tuple[str, int, int]]:
        found = (path for root in (bench.prefix, bench.projects) for path in root.rglob("*"))
        return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in found)

    before = state()
    again = pack(bench.record, tmp_path / "again.envkeep", os.environ, with_secrets=True)
    assert state() == before
    one, other = zipfile.ZipFile(bench.archive), zipfile.ZipFile(again.path)
    with one, other:
        assert one.namelist() == other.namelist()
        # git packs as it does, and the record has its secrets; nothing else may differ
        free = ("projects/", "envkeep.json", "SHA256SUMS", "backup/", "README.txt", "settings/state")
        assert [name for name in one.namelist() if not name.startswith(free) and one.read(name) != other.read(name)] == []
    assert dict(read_record(bench.archive).variables) == {"LAB_DATA": "/data"}
    assert dict(read_record(again.path).variables) == {"LAB_DATA": "/data", "LAB_TOKEN": "hunter2"}
    assert content(read_record(again.path)) == content(bench.record)
    assert b"hunter2" not in bench.archive.read_bytes()
    assert again.path.stat().st_mode & 0o077 == 0


def test_bundles_and_diffs_give_back_the_work(bench: Bench, tmp_path: Path) -> None:
    with unpacked(bench.archive, NoProgress()) as (folder, _):
        for name in ("labvcs", "lab-linked"):
            bundle = folder / "projects" / name / f"{name}.bundle"
            subprocess.run(["git", "clone", "-q", str(bundle), str(tmp_path / name)], check=True)
        diff = folder / "projects" / "lab-linked" / "lab-linked.diff"
        subprocess.run(["git", "-C", str(tmp_path / "lab-linked"), "apply", str(diff)], check=True)
    assert not (tmp_path / "labvcs" / "more.py").exists()
    assert "ANSWER = 42" in (tmp_path / "lab-linked" / "lab_linked.py").read_text()
    assert (tmp_path / "lab-linked" / "new.py").read_text() == "NEW = True\n"
    status = subprocess.run(
        ["git", "-C", str(bench.projects / "lab linked"), "status", "--short"], check=True, capture_output=True, text=True
    ).stdout
    # whoever imports it may keep its byte code there
    assert [line for line in status.splitlines() if "__pycache__" not in line] == [" M lab_linked.py", "?? new.py"]


def test_what_cannot_be_had_is_named_and_strict_refuses(bench: Bench, tmp_path: Path) -> None:
    conda = tuple(
        replace(package, url=(package.url or "").replace("six", "gone")) if package.name == "six" else package
        for package in bench.record.conda
    )
    gone = Origin(kind="directory", url="file:///nowhere/labfolder")
    folder, colour = (next(dist for dist in bench.record.pip if dist.name == name) for name in ("labfolder", "colorlog"))
    distributions = (replace(folder, origin=gone), replace(colour, version="99.0"))
    record = replace(bench.record, conda=conda, distributions=distributions)
    result = pack(record, tmp_path / "lacking.envkeep", os.environ)
    assert not result.complete
    assert {(item.kind, item.name) for item in result.lacking} == {("conda", "six"), ("pip", "labfolder"), ("pip", "colorlog")}
    assert check_archive(result.path, NoProgress()).lacking == result.lacking
    with zipfile.ZipFile(result.path) as archive:
        readme = archive.read("README.txt").decode()
        assert "six (conda, artefact)" in readme
    with pytest.raises(RefusedError, match=r"six.*colorlog"):
        pack(record, tmp_path / "strict.envkeep", os.environ, strict=True)
    assert not (tmp_path / "strict.envkeep").exists()


def test_a_hash_that_does_not_fit_is_not_packed(bench: Bench, tmp_path: Path) -> None:
    conda = tuple(replace(item, sha256="0" * 64) if item.name == "six" else item for item in bench.record.conda)
    result = pack(replace(bench.only(), conda=conda), tmp_path / "a.envkeep", os.environ)
    assert [(item.name, "hash" in item.reason) for item in result.lacking] == [("six", True)]


def test_the_package_cache_serves_where_the_channel_is_gone(bench: Bench, tmp_path: Path) -> None:
    cache = tmp_path / "pkgs"
    cache.mkdir()
    with zipfile.ZipFile(bench.archive) as archive:
        for name in archive.namelist():
            if name.startswith("channel/") and not name.endswith(".json"):
                (cache / Path(name).name).write_bytes(archive.read(name))
    next(cache.glob("six-*")).write_bytes(b"damaged")
    conda = tuple(replace(item, url=f"http://127.0.0.1:9/chan/{item.subdir}/{item.fn}") for item in bench.record.conda)
    environ = {**os.environ, "CONDA_PKGS_DIRS": str(cache)}
    result = pack(replace(bench.only(), conda=conda), tmp_path / "a.envkeep", environ, offline=True)
    assert [item.name for item in result.lacking] == ["six"]
    assert {package.came_from for package in result.packages if package.kind == "conda"} == {"cache"}


def test_an_interrupted_pack_goes_on_where_it_was(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    record = bench.only("colorlog", "labvcs")
    output = tmp_path / "slow.envkeep"
    with monkeypatch.context() as patch:
        patch.setattr(packing, "write_archive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pack(record, output, os.environ)
    assert not output.exists()
    damaged = next((tmp_path / "slow.envkeep.parts" / "pip").glob("labvcs-*/*.whl"))
    damaged.write_bytes(b"half")
    with monkeypatch.context() as patch:
        # what was got is not got again; of the damaged one nothing is trusted
        patch.setattr("envkeep.archive.pip_artefacts.download_wheels", lambda *_: ({}, {}))
        result = pack(record, output, os.environ)
    assert result.complete
    assert {package.name: package.came_from for package in result.packages}["colorlog"] == "index"
    assert not (tmp_path / "slow.envkeep.parts").exists()
    check_archive(output, NoProgress())


def test_an_air_gapped_machine_packs_what_is_installed(bench: Bench, tmp_path: Path) -> None:
    environ = {**os.environ, "PIP_NO_INDEX": "1"}
    result = pack(bench.only("colorlog", "labfolder"), tmp_path / "a.envkeep", environ, offline=True)
    got = {package.name: package.came_from for package in result.packages if package.kind == "pip"}
    assert got["colorlog"] == "environment"
    assert result.complete


def test_a_record_of_another_platform_packs_too(
    channel: Channel, index: Index, engine: object, bench: Bench, tmp_path: Path
) -> None:
    from envkeep.engines.base import SolveRequest

    other = "osx-arm64"
    request = SolveRequest(specs=("python", "six", "libfoo"), channels=channel.urls, subdir=other)
    packages = engine.solve(request)  # type: ignore[attr-defined]
    environment = replace(bench.record.environment, subdir=other, prefix="/Users/lab/envs/bench")
    distributions = tuple(dist for dist in bench.record.distributions if dist.name in {"colorlog", "labwheel"})
    record = replace(bench.record, environment=environment, conda=packages, distributions=distributions)
    result = pack(record, tmp_path / "mac.envkeep", os.environ)
    assert result.complete, result.lacking
    assert any(package.file.startswith("channel/osx-arm64/") for package in result.packages)


def test_a_venv_made_by_uv_packs_too(index: Index, tmp_path: Path) -> None:
    from envkeep.engines.base import PipRequest
    from envkeep.engines.pythons import make_venv
    from envkeep.engines.uv import UvInstaller

    prefix = tmp_path / "venv"
    make_venv(Path(sys.executable), prefix, with_pip=False, installer="uv")
    request = PipRequest(python=str(prefix / "bin" / "python"), requirements=("colorlog==6.9.0", "labindex==1.1"))
    assert not UvInstaller(os.environ).install(request, NoProgress()).failed
    result = pack(capture(prefix), tmp_path / "a.envkeep", {**os.environ, "PIP_NO_INDEX": "1"}, offline=True)
    assert {package.name: package.came_from for package in result.packages} == {
        "colorlog": "environment",
        "labindex": "environment",
    }
    with zipfile.ZipFile(result.path) as archive:
        assert not [name for name in archive.namelist() if name.startswith("channel/")]
