"""What py-rattler, pip, uv and conda themselves do to an environment, held against a capture that knows nothing of before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.keeping.backup import backup
from envkeep.keeping.unchanged import look
from support.captures import alike, forget_what_was_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import MakeEnv
    from envkeep.store.store import Store
    from support.channel import Channel, Index

# as of test_former
_TICK = 0.02
# one transaction in an environment that is there: what the specs ask for and no more
_TRANSACTION = """
import asyncio, os, sys
from pathlib import Path
from rattler import Channel, Gateway, MatchSpec, Subdir, VirtualPackage, VirtualPackageOverrides, install, solve
prefix, cache, channels, subdir, *specs = sys.argv[1:]
async def main():
    records = await solve(
        sources=[Channel(url) for url in channels.split()],
        specs=[MatchSpec(spec) for spec in specs],
        gateway=Gateway(cache_dir=Path(cache, "repodata")),
        platforms=[Subdir(subdir), Subdir("noarch")],
        virtual_packages=VirtualPackage.detect(VirtualPackageOverrides.from_env()),
    )
    await install(records, prefix, cache_dir=Path(cache, "pkgs"), show_progress=False)
asyncio.run(main())
sys.stdout.flush()
os._exit(0)
"""


@dataclass(frozen=True)
class Tools:
    """Who changes one environment, each by its own program."""

    prefix: Path
    channel: Channel
    index: Index

    def rattler(self, *specs: str) -> None:
        python = f"python={'.'.join(self.channel.older_python.split('.')[:2])}"
        where = [str(self.prefix), os.environ["ENVKEEP_CACHE"], " ".join(self.channel.urls), self.channel.subdir]
        _run(sys.executable, "-c", _TRANSACTION, *where, python, *specs)

    def pip(self, *words: str) -> None:
        _run(sys.executable, "-m", "pip", "--python", str(self._python), "-q", *words)

    def uv(self, verb: str, *words: str) -> None:
        uv = shutil.which("uv", path=os.path.dirname(sys.executable))  # noqa: PTH120
        if uv is None:
            pytest.skip("uv is not beside this Python")
        _run(uv, "pip", verb, "-q", "--offline", "--python", str(self._python), *words)

    def wheel(self, name: str, version: str) -> str:
        return str(self.index.wheel(name, version))

    @property
    def _python(self) -> Path:
        return self.prefix / ("python.exe" if os.name == "nt" else "bin/python")


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"


def _steps(tools: Tools) -> Iterator[Callable[[], None]]:
    own = ("--no-deps", "--no-index")
    yield lambda: tools.rattler("six", "libfoo=1.3", "click=8.1.7", "packaging")
    yield lambda: tools.rattler("six", "libfoo=2", "click=8.1.8", "packaging", "pyyaml")
    yield lambda: tools.rattler("libfoo=2", "click=8.1.8", "packaging", "pyyaml")
    yield lambda: tools.pip("install", *own, tools.wheel("colorlog", "6.9.0"))
    yield lambda: tools.pip("install", *own, "--force-reinstall", tools.wheel("colorlog", "6.9.0"))
    # over conda's, which still lists it
    yield lambda: tools.pip("install", *own, tools.wheel("click", "8.1.7"))
    yield lambda: tools.rattler("libfoo=2", "click=8.1.7", "packaging", "pyyaml")
    yield lambda: tools.pip("uninstall", "-y", "packaging")
    yield lambda: tools.uv("install", *own, tools.wheel("emoji", "2.14.0"), tools.wheel("packaging", "24.1"))
    yield lambda: tools.uv("install", *own, "--reinstall", tools.wheel("packaging", "24.2"))
    yield lambda: tools.uv("uninstall", "emoji")
    yield lambda: tools.rattler("libfoo=1.2", "six")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("another_process", [False, True], ids=["same process", "another process"])
def test_after_each_step_the_backup_holds_what_an_uncached_capture_gives(
    another_process: bool, make_env: MakeEnv, channel: Channel, index: Index, store: Store, tmp_path: Path
) -> None:
    python = f"python={'.'.join(channel.older_python.split('.')[:2])}"
    prefix = make_env([python, "six", "libfoo=1.2"], prefix=tmp_path / "env")
    _holds(prefix, store, another_process=another_process)
    for number, step in enumerate(_steps(Tools(prefix, channel, index))):
        assert look(prefix, store) is not None, number
        step()
        assert look(prefix, store) is None, number
        _holds(prefix, store, another_process=another_process)


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif("ENVKEEP_TEST_CONDA" not in os.environ, reason="ENVKEEP_TEST_CONDA names no conda")
@pytest.mark.parametrize("another_process", [False, True], ids=["same process", "another process"])
def test_after_each_step_of_conda_too(another_process: bool, channel: Channel, store: Store, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    where = ["-p", str(prefix), "-y", "-q", "--offline", "--override-channels", *(f"--channel={url}" for url in channel.urls)]
    python = f"python={'.'.join(channel.older_python.split('.')[:2])}"
    conda = os.environ["ENVKEEP_TEST_CONDA"]
    _run(conda, "create", *where, python, "six", "libfoo=1.2")
    _holds(prefix, store, another_process=another_process)
    for step in (
        ("install", *where, "libfoo=1.3", "click=8.1.7"),
        ("update", *where, "libfoo", "click"),
        ("install", *where, "libfoo=1.2"),
        ("remove", "-p", str(prefix), "-y", "-q", "--offline", "click"),
        ("env", "config", "vars", "set", "-p", str(prefix), "LAB=1"),
        ("install", *where, "--revision", "1"),
        ("install", *where, "--force-reinstall", "six"),
    ):
        assert look(prefix, store) is not None, step
        _run(conda, *step)
        assert look(prefix, store) is None, step
        _holds(prefix, store, another_process=another_process)


def _holds(prefix: Path, store: Store, *, another_process: bool) -> None:
    """Back up twice, so that the next one finds an environment at rest; both give what an uncached capture gives."""
    for _ in range(2):
        time.sleep(_TICK)
        if another_process:
            forget_what_was_read()
        record = backup(prefix, store, afresh=True).record
        assert record is not None
        assert alike(record, capture(prefix, ask_git=False))
    time.sleep(_TICK)
    backup(prefix, store)
    time.sleep(_TICK)
    backup(prefix, store)
