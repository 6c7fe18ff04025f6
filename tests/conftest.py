"""What every test stands on: a home of its own, and on request the suite's conda channel, package index and environments."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings

from support.channel import Channel, Index, cache_folder, prepare
from support.projects import make_git_repo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from envkeep.engines.rattler import RattlerEngine

# what the user's own settings of other tools would change in a test
_FOREIGN_SETTINGS = re.compile(
    r"(PIP|UV|CONDA|MAMBA|RATTLER|ENVKEEP|XDG|GIT)_|(VIRTUAL_ENV|PYTHONHOME|PYTHONPATH|NO_COLOR|FORCE_COLOR)\Z"
)
_USERS_OWN = dict(os.environ)

# A slow machine is no failure. Where CI is set the examples are the same in every run, so that a change is judged by itself.
settings.register_profile(
    "envkeep", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("envkeep")


class MakeEnv(Protocol):
    """See the fixture ``make_env``."""

    def __call__(
        self,
        specs: Sequence[str],
        *,
        name: str = "env",
        prefix: Path | None = None,
        channels: Sequence[str] | None = None,
        link_scripts: bool = False,
    ) -> Path: ...


@pytest.fixture(scope="session", autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests away from the user's home, settings and network: an empty HOME, an index that is not there."""
    home = tmp_path_factory.mktemp("home")
    cache = cache_folder(_USERS_OWN)
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if _FOREIGN_SETTINGS.match(name) and not name.startswith("ENVKEEP_TEST_"):
                patch.delenv(name)
        for name, value in _home_variables(home).items():
            patch.setenv(name, value)
        for name in ("PIP_CONFIG_FILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "CONDARC"):
            patch.setenv(name, os.devnull)
        patch.setenv("UV_NO_CONFIG", "1")
        patch.setenv("UV_CACHE_DIR", str(cache / "uv"))
        patch.setenv("ENVKEEP_CACHE", str(cache / "engine"))
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            patch.setenv(name, (home / "no-index").as_uri())
        patch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        yield


@pytest.fixture(autouse=True)
def _no_engine_waits() -> Iterator[None]:
    """End the engine's processes that a test leaves idle: another test of the same variables would be given one of them."""
    yield
    started = sys.modules.get("envkeep.engines.rattler_start")
    if started is not None:
        started.end_early()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder of this test's own; ``ENVKEEP_HOME`` is ``.envkeep`` in it, and not there yet."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name, value in _home_variables(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def _home_variables(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "USERPROFILE": str(folder), "ENVKEEP_HOME": str(folder / ".envkeep")}


@pytest.fixture(scope="session")
def _prepared(_nobodys_home: None) -> tuple[Channel, Index]:
    pytest.importorskip("rattler")
    return prepare(_USERS_OWN)


@pytest.fixture(scope="session")
def channel(_prepared: tuple[Channel, Index]) -> Channel:
    """The suite's conda channels: read only; ``channel.copy(folder)`` gives one to damage."""
    return _prepared[0]


@pytest.fixture(scope="session")
def index(_prepared: tuple[Channel, Index]) -> Iterator[Index]:
    """A package index on disk, from now on the one that pip and uv are configured with."""
    found = _prepared[1]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            patch.setenv(name, found.url)
        yield found


@pytest.fixture(scope="session")
def engine(_nobodys_home: None) -> RattlerEngine:
    """The embedded engine."""
    pytest.importorskip("rattler")
    from envkeep.engines.rattler import RattlerEngine

    return RattlerEngine()


@pytest.fixture(scope="session")
def make_env(channel: Channel, engine: RattlerEngine, tmp_path_factory: pytest.TempPathFactory) -> MakeEnv:
    """Make a real conda environment from the suite's channels: ``make_env(["python=3.11", "six"])`` gives its prefix.

    Session-wide: what is made lasts to the end. 25 packages take a quarter of a second.
    """

    def make(
        specs: Sequence[str],
        *,
        name: str = "env",
        prefix: Path | None = None,
        channels: Sequence[str] | None = None,
        link_scripts: bool = False,
    ) -> Path:
        from envkeep.engines.base import InstallRequest, NoProgress, SolveRequest

        prefix = prefix or tmp_path_factory.mktemp("conda") / "envs" / name
        channels = tuple(channels or channel.urls)
        packages = engine.solve(SolveRequest(specs=tuple(specs), channels=channels, subdir=channel.subdir))
        request = InstallRequest(
            prefix=prefix,
            packages=packages,
            subdir=channel.subdir,
            requested=tuple(specs),
            channels=channels,
            link_scripts=link_scripts,
        )
        report = engine.install(request, NoProgress())
        assert not report.unavailable
        return prefix

    return make


@pytest.fixture
def git_repo(tmp_path: Path) -> Path:
    """A git repository of a small project, ``labvcs`` 1.2.3, with one commit on ``main``."""
    return make_git_repo(tmp_path / "labvcs", "labvcs", "1.2.3")


@pytest.fixture
def pushed_repo(git_repo: Path, tmp_path: Path) -> Path:
    """The repository ``git_repo`` with a remote, a bare one beside it, that has its commit."""
    for argv in (
        ["clone", "-q", "--bare", str(git_repo), str(tmp_path / "hub.git")],
        ["-C", str(git_repo), "remote", "add", "origin", str(tmp_path / "hub.git")],
        ["-C", str(git_repo), "push", "-q", "origin", "main"],
    ):
        subprocess.run(["git", *argv], check=True, capture_output=True)
    return git_repo
