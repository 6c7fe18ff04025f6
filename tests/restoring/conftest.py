"""A real environment with everything that a rebuild has to bring back, made once for the tests of this folder."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.engines.run import run
from envkeep.restoring.restore import environment_python
from support.projects import make_git_repo, make_project, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.model.record import Record
    from support.channel import Channel, Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """An environment and what it was made of.

    Attributes:
        prefix: of the environment.
        record: of it.
        project: the editable project's folder.
        wheel: the local wheel that was installed.
        repo: the git repository that was installed from.
    """

    prefix: Path
    record: Record
    project: Path
    wheel: Path
    repo: Path


def pip(prefix: Path, *arguments: str) -> None:
    """Run the pip of an environment; its failure is a failure of the test."""
    argv = [str(environment_python(prefix)), "-m", "pip", *arguments]
    done = run([*argv, "--no-warn-script-location"] if arguments[0] == "install" else argv)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def lab(channel: Channel, index: Index, make_env: object, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    if sys.platform == "win32":
        pytest.skip("conda's layout differs there")
    folder = tmp_path_factory.mktemp("my lab")
    specs = [f"python={channel.older_python}", "pip", "six", "idna", "attrs", "pyyaml", "libfoo=1.2.3"]
    prefix = make_env(specs, name="lab", channels=channel.urls)  # type: ignore[operator]
    project = make_project(folder / "labtool", "labtool", "0.3", script=True)
    wheel = make_wheel(folder, "labwheel", "2.0")
    repo = make_git_repo(folder / "labvcs", "labvcs", "1.2.3")
    pip(prefix, "install", "emoji==2.14.0", f"git+{repo.as_uri()}@main", str(wheel))
    pip(prefix, "install", "--no-build-isolation", "-e", str(project))
    (prefix / "conda-meta" / "state").write_text('{"env_vars": {"LAB_DATA": "/data", "LAB_TOKEN": "hunter2"}}')
    (prefix / "conda-meta" / "pinned").write_text("six 1.*\n")
    return Lab(prefix=prefix, record=capture(prefix), project=project, wheel=wheel, repo=repo)
