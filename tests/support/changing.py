"""Everything that conda, pip, uv, setuptools, git and people do to an environment, done by hand in a moment."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from typing import TYPE_CHECKING

from support.prefixes import conda_prefix, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CHANGES", "IN_PLACE", "Lab"]

_COMMITS = ("1" * 40, "2" * 40, "3" * 40)


class Lab:
    """A conda environment without a Python of its own (asking one takes longer than all the rest), and a checkout beside it."""

    def __init__(self, folder: Path) -> None:
        self.prefix = conda_prefix(folder / "lab", "zlib=1.3=h0")
        self.site = self.prefix / "lib" / "python3.12" / "site-packages"
        self.site.mkdir(parents=True)
        self.project = folder / "project"
        (self.project / "tool.egg-info").mkdir(parents=True)
        git = self.project / ".git"
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "refs" / "heads" / "main").write_text(f"{_COMMITS[0]}\n")
        self.bump_egg_info("1.0")
        self.pip_install("editable", "1.0", origin={"url": self.project.as_uri(), "dir_info": {"editable": True}})

    def pip_install(self, name: str, version: str, origin: dict[str, object] | None = None) -> Path:
        for old in self.site.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        info = self.site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n")
        if origin is not None:
            (info / "direct_url.json").write_text(json.dumps(origin))
        (info / "RECORD").write_text(f"{name}.py,sha256=a{version},1\n")
        return info

    def conda_install(self, name: str, version: str) -> Path:
        info = self.pip_install(name, version)
        (info / "RECORD").write_text(f"{name}.py,sha256=a{version},1\n{info.name}/INSTALLER,,\n")
        install(self.prefix, f"{name}={version}=py_0")
        path = self.prefix / "conda-meta" / f"{name}-{version}-py_0.json"
        listed = f"{info.relative_to(self.prefix).as_posix()}/RECORD"
        digest = hashlib.sha256((info / "RECORD").read_bytes()).hexdigest()
        paths = [{"_path": listed, "path_type": "hardlink", "sha256": digest, "sha256_in_prefix": digest}]
        raw = {**json.loads(path.read_text()), "files": [listed], "paths_data": {"paths": paths, "paths_version": 1}}
        path.write_text(json.dumps(raw))
        return info

    def bump_egg_info(self, version: str) -> None:
        text = f"Metadata-Version: 2.1\nName: tool\nVersion: {version}\n\n"
        (self.project / "tool.egg-info" / "PKG-INFO").write_text(text)


def _conda_install(lab: Lab, draw: int) -> None:
    install(lab.prefix, f"xz=5.{draw}=h1")


def _conda_remove(lab: Lab, draw: int) -> None:
    for path in (lab.prefix / "conda-meta").glob("xz-*.json"):
        path.unlink()


def _conda_replaces_a_record(lab: Lab, draw: int) -> None:
    path = lab.prefix / "conda-meta" / "zlib-1.3-h0.json"
    if len(path.read_bytes()) < 2:
        install(lab.prefix, "zlib=1.3=h0")
    raw = {**json.loads(path.read_text()), "sha256": f"{draw}" * 64}
    temporary = path.with_name("zlib.new")
    temporary.write_text(json.dumps(raw))
    temporary.replace(path)


def _history(lab: Lab, draw: int) -> None:
    with (lab.prefix / "conda-meta" / "history").open("a") as file:
        file.write(f"==> 2025-01-3{draw % 2} 11:24:05 <==\n# cmd: conda install\n# update specs: ['zlib>=1.{draw}']\n")


def _variables(lab: Lab, draw: int) -> None:
    (lab.prefix / "conda-meta" / "state").write_text(json.dumps({"env_vars": {"DRAW": str(draw)}}))


def _pinned(lab: Lab, draw: int) -> None:
    (lab.prefix / "conda-meta" / "pinned").write_text(f"zlib 1.{draw}\n")


def _unpinned(lab: Lab, draw: int) -> None:
    (lab.prefix / "conda-meta" / "pinned").unlink(missing_ok=True)


def _pip_install(lab: Lab, draw: int) -> None:
    lab.pip_install("six", f"1.{draw}")


def _pip_install_of_the_same_version_from_git(lab: Lab, draw: int) -> None:
    vcs = {"vcs": "git", "commit_id": _COMMITS[draw % 3]}
    lab.pip_install("six", "1.0", {"url": "https://example.org/six", "vcs_info": vcs})


def _pip_uninstall(lab: Lab, draw: int) -> None:
    for info in lab.site.glob("six-*.dist-info"):
        shutil.rmtree(info)


def _pip_is_at_work(lab: Lab, draw: int) -> None:
    # METADATA is there, where it came from is not yet
    info = lab.pip_install("slow", "1.0")
    (info / "RECORD").unlink()


def _pip_has_done(lab: Lab, draw: int) -> None:
    info = lab.site / "slow-1.0.dist-info"
    if info.is_dir():
        (info / "direct_url.json").write_text(json.dumps({"url": f"https://example.org/slow-{draw}.whl", "archive_info": {}}))
        (info / "RECORD").write_text(f"slow.py,sha256=b{draw},1\n")


def _git_commit(lab: Lab, draw: int) -> None:
    if not (lab.project / ".git").exists():
        return
    (lab.project / ".git" / "refs" / "heads" / "main").write_text(f"{_COMMITS[draw % 3]}\n")


def _git_checkout(lab: Lab, draw: int) -> None:
    if not (lab.project / ".git").exists():
        return
    (lab.project / ".git" / "HEAD").write_text(f"{_COMMITS[draw % 3]}\n")


def _git_branch(lab: Lab, draw: int) -> None:
    if not (lab.project / ".git").exists():
        return
    (lab.project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")


def _git_packs_refs(lab: Lab, draw: int) -> None:
    if not (lab.project / ".git").exists():
        return
    (lab.project / ".git" / "refs" / "heads" / "main").unlink(missing_ok=True)
    (lab.project / ".git" / "packed-refs").write_text(f"{_COMMITS[draw % 3]} refs/heads/main\n")


def _git_goes(lab: Lab, draw: int) -> None:
    aside = lab.project / "gone.git"
    if not aside.exists():
        (lab.project / ".git").rename(aside)


def _git_comes_back(lab: Lab, draw: int) -> None:
    aside = lab.project / "gone.git"
    if aside.exists():
        aside.rename(lab.project / ".git")


def _develop(lab: Lab, draw: int) -> None:
    (lab.site / "tool.egg-link").write_text(f"{lab.project}\n.")


def _develop_again(lab: Lab, draw: int) -> None:
    lab.bump_egg_info(f"1.{draw}")


def _another_python(lab: Lab, draw: int) -> None:
    info = lab.prefix / "lib" / "python3.13" / "site-packages" / f"more-1.{draw}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Name: more\nVersion: 1.{draw}\n\n")


def _with_old_times(lab: Lab, draw: int) -> None:
    # rsync -a, tar and conda-unpack set the times back
    before = lab.site.stat()
    lab.pip_install("old", f"1.{draw}")
    os.utime(lab.site, ns=(before.st_atime_ns, before.st_mtime_ns))


def _the_whole_prefix_is_another(lab: Lab, draw: int) -> None:
    copy = lab.prefix.with_name("copy")
    shutil.copytree(lab.prefix, copy, symlinks=True)
    (copy / "conda-meta" / "zlib-1.3-h0.json").write_text((copy / "conda-meta" / "zlib-1.3-h0.json").read_text())
    shutil.rmtree(lab.prefix)
    copy.rename(lab.prefix)
    lab.pip_install("moved", f"1.{draw}")


def _nothing(lab: Lab, draw: int) -> None:
    (lab.project / "notes.txt").write_text(f"{draw}")
    (lab.site / "module.py").touch()


CHANGES: tuple[Callable[[Lab, int], None], ...] = (
    _nothing,
    _conda_install,
    _conda_remove,
    _conda_replaces_a_record,
    _history,
    _variables,
    _pinned,
    _unpinned,
    _pip_install,
    _pip_install_of_the_same_version_from_git,
    _pip_uninstall,
    _pip_is_at_work,
    _pip_has_done,
    _git_commit,
    _git_checkout,
    _git_branch,
    _git_packs_refs,
    _git_goes,
    _git_comes_back,
    _develop,
    _develop_again,
    _another_python,
    _with_old_times,
    _the_whole_prefix_is_another,
)


def _conda_installs_a_distribution(lab: Lab, draw: int) -> None:
    _conda_removes_a_distribution(lab, draw)
    lab.conda_install("attrs", f"2.{draw}")


def _conda_removes_a_distribution(lab: Lab, draw: int) -> None:
    for path in (lab.prefix / "conda-meta").glob("attrs-*.json"):
        path.unlink()
    for info in lab.site.glob("attrs-*.dist-info"):
        shutil.rmtree(info)


def _pip_puts_the_same_over_conda_s(lab: Lab, draw: int) -> None:
    for info in tuple(lab.site.glob("attrs-*.dist-info")):
        lab.pip_install("attrs", info.name.split("-")[1].removesuffix(".dist"))
        (info / "RECORD").write_text(f"attrs.py,sha256=c{draw},1\n{info.name}/INSTALLER,,\n")


def _copied_without_times(lab: Lab, draw: int) -> None:
    # cp -r: whatever was copied last is the youngest
    for path in sorted((lab.prefix / "conda-meta").glob("*.json")) if draw % 2 else ():
        path.touch()
    for info in lab.site.glob("*-*.dist-info"):
        # the kernel's own stamp may be that of the record
        os.utime(info, ns=(time.time_ns(), time.time_ns()))


def _a_file_list_is_rewritten(lab: Lab, draw: int) -> None:
    for path in lab.site.glob("attrs-*.dist-info/RECORD"):
        path.write_text(f"attrs.py,sha256=d{draw},1\n{path.parent.name}/INSTALLER,,\n")


def _conda_s_record_has_another_hash(lab: Lab, draw: int) -> None:
    for path in (lab.prefix / "conda-meta").glob("attrs-*.json"):
        before = path.stat()
        raw = json.loads(path.read_text())
        # that of what is there, or one of nothing
        found = [hashlib.sha256(record.read_bytes()).hexdigest() for record in lab.site.glob("attrs-*.dist-info/RECORD")]
        digest = found[0] if found and draw % 2 else f"{draw}" * 64
        for entry in raw["paths_data"]["paths"]:
            entry["sha256_in_prefix"] = digest
        path.write_text(json.dumps(raw))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _pip_removes_conda_s(lab: Lab, draw: int) -> None:
    for info in lab.site.glob("attrs-*.dist-info"):
        shutil.rmtree(info)


def _pip_puts_another_version_over_conda_s(lab: Lab, draw: int) -> None:
    lab.pip_install("attrs", f"3.{draw}")


def _two_records_of_one_package(lab: Lab, draw: int) -> None:
    install(lab.prefix, f"zlib=1.{draw}=h9")


def _one_record_of_each_package(lab: Lab, draw: int) -> None:
    for path in (lab.prefix / "conda-meta").glob("zlib-*-h9.json"):
        path.unlink()


def _two_of_one_distribution(lab: Lab, draw: int) -> None:
    info = lab.site / f"SIX-0.{draw}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: SIX\nVersion: 0.{draw}\n\n")
    (info / "RECORD").write_text("")


def _one_of_each_distribution(lab: Lab, draw: int) -> None:
    for info in lab.site.glob("SIX-*.dist-info"):
        shutil.rmtree(info)


def _a_record_is_broken(lab: Lab, draw: int) -> None:
    (lab.prefix / "conda-meta" / "zlib-1.3-h0.json").write_text("{" if draw else "")


def _a_record_is_edited(lab: Lab, draw: int) -> None:
    install(lab.prefix, "zlib=1.3=h0")
    path = lab.prefix / "conda-meta" / "zlib-1.3-h0.json"
    path.write_text(path.read_text().replace("aaaa", f"{draw}" * 4))


def _a_metadata_is_edited(lab: Lab, draw: int) -> None:
    for path in lab.site.glob("*-*.dist-info/METADATA"):
        path.write_text(path.read_text().replace("\n\n", f"\nRequires-Dist: other{draw}\n\n"))


IN_PLACE: tuple[Callable[[Lab, int], None], ...] = (
    _conda_installs_a_distribution,
    _conda_removes_a_distribution,
    _pip_puts_the_same_over_conda_s,
    _copied_without_times,
    _a_file_list_is_rewritten,
    _conda_s_record_has_another_hash,
    _pip_removes_conda_s,
    _pip_puts_another_version_over_conda_s,
    _two_records_of_one_package,
    _one_record_of_each_package,
    _two_of_one_distribution,
    _one_of_each_distribution,
    _a_record_is_broken,
    _a_record_is_edited,
    _a_metadata_is_edited,
)
"""What only a look at each file tells, and how distributions of conda's and pip's come to lie over each other."""
