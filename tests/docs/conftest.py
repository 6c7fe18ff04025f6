"""The laboratory that the pages' examples are run in, a new one for each page.

A page's commands find an active conda environment ``microscope``, channels below ``/srv/channels``, a project in ``~/projects``,
a vendor's wheel in ``~/Downloads``, and a package index in pip's settings. All of it lies in a temporary folder, which the
comparison takes for ``/``.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.examples import Shell
from support.projects import make_project, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import MakeEnv
    from support.channel import Channel, Index

# what the pages were written with
_PYTHON = "3.12.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A laboratory: its root, what this machine has in place of the pages' words, and a shell in its user's home."""

    root: Path
    words: Mapping[str, str]
    shell: Shell


@pytest.fixture
def lab(tmp_path: Path, channel: Channel, index: Index, make_env: MakeEnv) -> Iterator[Lab]:
    """A laboratory; ``ENVKEEP_TEST_DOCS_ROOT=/`` makes it in earnest (see CONTRIBUTING.md), to write pages with."""
    if max(artefact.stat().st_size for artefact in channel.artefacts("rich")) < 10_000:
        pytest.skip("the package index of this machine lacks rich, which the pages install")
    root = Path(os.environ.get("ENVKEEP_TEST_DOCS_ROOT") or tmp_path / "r")
    home = root / "home" / "lab"
    served = root / "srv"
    channels = served / "channels"
    for folder in (home, channels, served / "index"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for each in ("main", "extra"):
        (channels / each).symlink_to(channel.path / each)
    (served / "index" / "simple").symlink_to(index.path)
    (served / "index" / "wheels").symlink_to(index.find_links)
    words = _words(channel)
    prefix = home / "miniforge3" / "envs" / "microscope"
    specs = [f"python={words['3.12']}", "pip", "rich", "pyyaml", "labtool"]
    make_env(specs, prefix=prefix, channels=[(channels / each).as_uri() for each in ("main", "extra")])
    make_project(home / "projects" / "stage-driver", "stage-driver", "0.4", script=True)
    make_wheel(home / "Downloads", "camera-sdk", "2.3")
    tools = root / "opt" / "envkeep"
    tools.mkdir(parents=True, exist_ok=True)
    (tools / "envkeep").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m envkeep "$@"\n')
    (tools / "envkeep").chmod(0o755)
    shell = Shell(home, _environ(home, prefix, tools, (served / "index" / "simple").as_uri()))
    yield Lab(root=root, words=words, shell=shell)
    shell.close()


def _words(channel: Channel) -> dict[str, str]:
    version = _PYTHON if _PYTHON in channel.python_versions else channel.python_versions[0]
    minor = ".".join(version.split(".")[:2])
    abi = "cp" + minor.replace(".", "")
    return {_PYTHON: version, "3.12": minor, "cp312": abi, "py312": "py" + abi[2:], "linux-64": channel.subdir}


def _environ(home: Path, prefix: Path, tools: Path, index_url: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "ENVKEEP_HOME": "",
        "CONDA_PREFIX": str(prefix),
        "PATH": os.pathsep.join((str(prefix / "bin"), str(tools), os.environ["PATH"])),
        "PIP_INDEX_URL": index_url,
        "UV_DEFAULT_INDEX": index_url,
        "PIP_ROOT_USER_ACTION": "ignore",
        "GIT_AUTHOR_NAME": "lab",
        "GIT_AUTHOR_EMAIL": "lab@example.org",
        "GIT_COMMITTER_NAME": "lab",
        "GIT_COMMITTER_EMAIL": "lab@example.org",
    }
