from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.checking.files import FileFinding, altered_files
from envkeep.engines.base import NoProgress
from support.projects import make_wheel
from support.trees import snapshot

if TYPE_CHECKING:
    from conftest import MakeEnv

SITE = "lib/python3.12/site-packages"


def told(findings: tuple[FileFinding, ...]) -> list[tuple[str, str, str | None]]:
    return [(finding.kind, finding.path, finding.package) for finding in findings]


class Prefix:
    """A prefix made by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "conda-meta").mkdir(parents=True)
        (path / "conda-meta" / "history").write_text("")
        (path / SITE).mkdir(parents=True)
        self.conda("python", {"bin/python3.12": b"elf"}, version="3.12.1")

    def write(self, name: str, data: bytes) -> None:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def conda(self, name: str, files: dict[str, bytes], *, version: str = "1.0", **fields: Any) -> None:
        entries = []
        for path, data in files.items():
            self.write(path, data)
            entries.append({"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest()})
        record = {
            "name": name,
            "version": version,
            "build": "0",
            "files": list(files),
            "paths_data": {"paths": entries},
            **fields,
        }
        self.write(f"conda-meta/{name}-{version}-0.json", json.dumps(record).encode())

    def pip(self, name: str, files: dict[str, bytes], version: str = "2.0") -> None:
        info = f"{name}-{version}.dist-info"
        lines = [f"{info}/RECORD,,", "__pycache__/x.cpython-312.pyc,,"]
        for path, data in {**files, f"{info}/METADATA": b"Name: x\n"}.items():
            self.write(os.path.normpath(f"{SITE}/{path}"), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f'"{path}",sha256={digest},{len(data)}')
        self.write(f"{SITE}/{info}/RECORD", "\n".join(lines).encode())

    def found(self) -> list[tuple[str, str, str | None]]:
        return told(altered_files(self.path))


@pytest.fixture
def prefix(tmp_path: Path) -> Prefix:
    return Prefix(tmp_path / "env")


def test_as_it_was_installed(prefix: Prefix) -> None:
    prefix.conda("six", {f"{SITE}/six.py": b"six", f"{SITE}/six-1.0.dist-info/RECORD": b"six.py,,"})
    prefix.pip("rich", {"rich/__init__.py": b"rich", "../../../bin/rich": b"#!/env/bin/python\n"})
    prefix.write(f"{SITE}/__pycache__/six.cpython-312.pyc", b"compiled")
    prefix.write("CACHEDIR.TAG", b"Signature")
    before = snapshot(prefix.path)
    assert prefix.found() == []
    assert snapshot(prefix.path) == before


def test_altered_missing_and_added(prefix: Prefix) -> None:
    prefix.conda("zlib", {"lib/libz.so": b"elf", "include/zlib.h": b"h"})
    prefix.pip("rich", {"rich/__init__.py": b"rich", "rich/panel.py": b"panel"})
    prefix.write("lib/libz.so", b"another")
    (prefix.path / "include" / "zlib.h").unlink()
    prefix.write(f"{SITE}/rich/__init__.py", b"patched by hand")
    (prefix.path / SITE / "rich" / "panel.py").unlink()
    prefix.write("etc/conda/activate.d/lab.sh", b"export X=1")
    prefix.write(f"{SITE}/sitecustomize.py", b"")
    assert prefix.found() == [
        ("added", "etc/", None),
        ("missing", "include/zlib.h", "zlib"),
        ("altered", "lib/libz.so", "zlib"),
        ("altered", f"{SITE}/rich/__init__.py", "rich"),
        ("missing", f"{SITE}/rich/panel.py", "rich"),
        ("added", f"{SITE}/sitecustomize.py", None),
    ]


def test_pip_over_conda_says_whose_file_it_is_now(prefix: Prefix) -> None:
    prefix.conda("six", {f"{SITE}/six.py": b"conda's", f"{SITE}/six-1.0.dist-info/RECORD": b""})
    shutil.rmtree(prefix.path / SITE / "six-1.0.dist-info")
    prefix.pip("six", {"six.py": b"pip's"})
    missing, altered = altered_files(prefix.path)
    assert (missing.kind, missing.manager) == ("missing", "conda")
    assert (altered.kind, altered.package, altered.manager) == ("altered", "six", "conda")
    assert altered.detail == "it is that of pip's six"


def test_the_same_version_by_pip_over_conda_has_files_of_its_own(prefix: Prefix) -> None:
    info = f"{SITE}/six-2.0.dist-info"
    prefix.conda("six", {f"{SITE}/six.py": b"six", f"{info}/INSTALLER": b"conda", f"{info}/RECORD": b"six.py,,"}, version="2.0")
    prefix.pip("six", {"six.py": b"six", "more.py": b"more", "six-2.0.dist-info/INSTALLER": b"pip"})
    findings = altered_files(prefix.path)
    # more.py is pip's, not added by hand
    assert told(findings) == [("altered", f"{info}/INSTALLER", "six"), ("altered", f"{info}/RECORD", "six")]
    assert findings[0].detail == "it is that of pip's six"


def test_launchers_are_judged_by_their_being_there(prefix: Prefix) -> None:
    launcher = b"#!/opt/anaconda1anaconda2/bin/python\nimport rich\n"
    prefix.conda("rich", {"bin/rich": launcher, "bin/tool": b"#!/bin/sh\necho 1\n"})
    prefix.pip("lab", {"../../../bin/lab": launcher, "../../../bin/lab2": launcher})
    for name in ("rich", "lab"):
        prefix.write(f"bin/{name}", launcher.replace(b"/opt/anaconda1anaconda2", b"/envs/lab"))
    prefix.write("bin/tool", b"#!/bin/sh\necho 2\n")
    (prefix.path / "bin" / "lab2").unlink()
    assert prefix.found() == [("missing", "bin/lab2", "lab"), ("altered", "bin/tool", "rich")]


def test_the_hash_in_the_prefix_counts_where_the_prefix_was_written_in(prefix: Prefix) -> None:
    data = b"prefix=/envs/lab"
    prefix.write("bin/x-config", data)
    prefix.write("share/y", data)
    entries = [
        {
            "_path": "bin/x-config",
            "sha256": "0" * 64,
            "sha256_in_prefix": hashlib.sha256(data).hexdigest(),
            "prefix_placeholder": "/p",
        },
        {"_path": "share/y", "sha256": "0" * 64, "prefix_placeholder": "/p"},
        {"_path": "lib/link", "path_type": "softlink", "sha256": "0" * 64},
    ]
    (prefix.path / "lib" / "link").symlink_to("nowhere")
    prefix.conda("x", {}, paths_data={"paths": entries})
    assert prefix.found() == []
    (prefix.path / "lib" / "link").unlink()
    assert prefix.found() == [("missing", "lib/link", "x")]


def test_old_records_without_paths_are_judged_by_their_files(prefix: Prefix) -> None:
    prefix.conda("x", {"share/a": b"1", "share/b": b"2"}, paths_data=None)
    prefix.write("share/a", b"changed")
    (prefix.path / "share" / "b").unlink()
    assert prefix.found() == [("missing", "share/b", "x")]


def test_noarch_paths_of_the_archive_are_found_where_they_landed(prefix: Prefix) -> None:
    prefix.write(f"{SITE}/pure.py", b"pure")
    prefix.write("bin/pure", b"#!python")
    digest = hashlib.sha256(b"pure").hexdigest()
    prefix.conda(
        "pure", {}, paths_data={"paths": [{"_path": "site-packages/pure.py", "sha256": digest}, {"_path": "python-scripts/pure"}]}
    )
    assert prefix.found() == []


def test_what_is_no_package_at_all(prefix: Prefix) -> None:
    prefix.conda("r-base", {"lib/R/bin/R": b"elf"})
    for name in ("a", "b"):
        prefix.write(f"lib/R/library/mine/{name}", b"")
    prefix.write(f"{SITE}/lab.egg-link", b"/home/me/lab\n.")
    prefix.write(f"{SITE}/easy-install.pth", b"/home/me/lab\n")
    prefix.write(f"{SITE}/old-1.0-py3.12.egg/old.py", b"")
    prefix.write("pkgs/cache/x", b"")
    prefix.write("venv/pyvenv.cfg", b"")
    (prefix.path / "lib" / "empty").mkdir()
    (prefix.path / "loop").symlink_to(prefix.path)
    findings = altered_files(prefix.path)
    assert told(findings) == [("added", "lib/R/library/", None), ("added", "loop", None), ("added", "venv/", None)]
    assert findings[0].detail == "2 files"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"[]",
        b'{"name": 3}',
        b'{"name": "x", "paths_data": {"paths": [3, {"_path": 4}, {"_path": "../../etc/passwd"}]}}',
    ],
)
def test_records_in_any_state_stop_nothing(prefix: Prefix, record: bytes) -> None:
    prefix.write("conda-meta/x-1-0.json", record)
    assert prefix.found() == []


def test_a_pip_record_in_any_state_stops_nothing(prefix: Prefix) -> None:
    prefix.write(f"{SITE}/x-1.dist-info/RECORD", b'"\n\xff,,,\nx.py,sha256=!!!,3\nx.py,md5=ab,3\n/abs,,\n../../../../../out,,\n')
    prefix.write(f"{SITE}/x.py", b"x")
    assert all(kind in {"missing", "added"} for kind, _, _ in prefix.found())


def test_a_folder_that_is_no_environment(tmp_path: Path) -> None:
    assert altered_files(tmp_path / "nowhere") == ()


def test_progress_counts_every_file(prefix: Prefix) -> None:
    class Counting(NoProgress):
        total = done = 0
        finished = False

        def start(self, label: str, total: int | None = None) -> None:
            Counting.total = total or 0

        def advance(self, units: int = 1) -> None:
            Counting.done += units

        def finish(self) -> None:
            Counting.finished = True

    prefix.conda("zlib", {"lib/libz.so": b"elf"})
    altered_files(prefix.path, Counting())
    assert Counting.total == Counting.done == 2
    assert Counting.finished


def test_a_real_conda_environment_and_what_pip_did_to_it(make_env: MakeEnv, tmp_path: Path) -> None:
    made = make_env(["python", "pip", "six"])
    prefix = tmp_path / "copy"
    shutil.copytree(made, prefix, symlinks=True)
    assert altered_files(prefix) == ()
    wheel = make_wheel(tmp_path / "wheels", "labtool", script=True)
    run = [str(prefix / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(run, check=True, capture_output=True)
    assert altered_files(prefix) == ()
    (site,) = prefix.glob("lib/python3*/site-packages")
    with (site / "labtool.py").open("a") as file:
        file.write("# by hand\n")
    (site / "six.py").write_text("six\n")
    assert [(finding.kind, Path(finding.path).name, finding.manager) for finding in altered_files(prefix)] == [
        ("altered", "labtool.py", "pip"),
        ("altered", "six.py", "conda"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_a_real_venv(tmp_path: Path) -> None:
    pytest.importorskip("pip")
    import venv

    venv.create(tmp_path / "v", symlinks=True, with_pip=False)
    wheel = make_wheel(tmp_path, "labtool", script=True)
    uv = [sys.executable, "-m", "pip", "--python", str(tmp_path / "v"), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(uv, check=True, capture_output=True)
    assert altered_files(tmp_path / "v") == ()
    (site,) = (tmp_path / "v").glob("lib/python3*/site-packages")
    (site / "extra.pth").write_text("")
    (site / "labtool.py").unlink()
    assert [(finding.kind, Path(finding.path).name) for finding in altered_files(tmp_path / "v")] == [
        ("added", "extra.pth"),
        ("missing", "labtool.py"),
    ]
