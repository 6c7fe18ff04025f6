"""An environment with a package of each kind that pip installs, and its archive, made once for the tests of this folder."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from envkeep.archive.pack import pack
from envkeep.capturing.capture import capture
from support.pips import pip
from support.projects import git_commit, make_git_repo, make_project, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeEnv
    from envkeep.archive.pack import PackResult
    from envkeep.model.record import Record
    from support.channel import Channel, Index

__all__ = ["Bench"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """An environment, its record, its archive, and the folder of the projects that were installed into it."""

    prefix: Path
    record: Record
    projects: Path
    packed: PackResult

    @property
    def archive(self) -> Path:
        return self.packed.path

    def only(self, *names: str) -> Record:
        """The record with some of its Python packages alone, for what need not build anything."""
        return replace(self.record, distributions=tuple(dist for dist in self.record.pip if dist.name in names))


@pytest.fixture(scope="session")
def bench(channel: Channel, index: Index, make_env: MakeEnv, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    if sys.platform == "win32":
        pytest.skip("conda's layout differs there")
    projects = tmp_path_factory.mktemp("my projects")
    # a copy of the channel, so that a test can take it away
    mine = channel.copy(tmp_path_factory.mktemp("channels") / "copy")
    specs = [f"python={channel.older_python}", "pip", "six", "idna", "libfoo=1.2.3"]
    prefix = make_env(specs, name="bench", channels=mine.urls)
    repo = make_git_repo(projects / "labvcs", "labvcs", "1.2.3")
    linked = make_git_repo(projects / "lab linked", "lab-linked", "0.4.dev1", requires=["six"])
    linked.joinpath("lab_linked.py").write_text('__version__ = "0.4.dev1"\nANSWER = 42\n')
    linked.joinpath("new.py").write_text("NEW = True\n")
    loose = make_project(projects / "loose", "labloose", "0.2", script=True)
    folder = make_project(projects / "folder", "labfolder", "0.3")
    wheel = make_wheel(projects, "labwheel", "2.0", script=True)
    pip(prefix, "install", "colorlog==6.9.0", f"git+{repo.as_uri()}@main", wheel, folder)
    pip(prefix, "install", "--no-build-isolation", "-e", linked, "-e", loose)
    prefix.joinpath("conda-meta", "state").write_text('{"env_vars": {"LAB_DATA": "/data", "LAB_TOKEN": "hunter2"}}')
    prefix.joinpath("conda-meta", "pinned").write_text("six 1.*\n")
    git_commit(repo, "the branch goes on") if repo.joinpath("more.py").write_text("x = 1\n") else None
    record = capture(prefix)
    output = tmp_path_factory.mktemp("archives") / "bench.envkeep"
    return Bench(prefix=prefix, record=record, projects=projects, packed=pack(record, output, os.environ))
