"""PyMoDAQ and envkeep in turns in one home; runs where ``pymodaq_utils`` is installed beside envkeep."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

import pytest

from envkeep.keeping.backup import backup
from envkeep.store.integrity import examine
from envkeep.store.store import Store

pytest.importorskip("pymodaq_utils")

_SAVE = "from pymodaq_utils.environment import EnvironmentBackupManager; EnvironmentBackupManager().save_backup()"
_ROUNDS = 8
# PyMoDAQ's own default
_LIMIT = 25


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Return a venv of its own with all that the running one has."""
    made = tmp_path / "project" / "lab"
    venv.create(made, symlinks=os.name != "nt")
    target = sysconfig.get_path("purelib", vars={"base": str(made)})
    shutil.copytree(sysconfig.get_path("purelib"), target, copy_function=_link, dirs_exist_ok=True)
    return made


def _become(prefix: Path, version: int) -> None:
    """Change what is installed."""
    site = Path(sysconfig.get_path("purelib", vars={"base": str(prefix)}))
    for old in site.glob("changing-*.dist-info"):
        shutil.rmtree(old)
    info = site / f"changing-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: changing\nVersion: {version}\n")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("")


def test_neither_loses_duplicates_or_deletes_what_the_other_needs(prefix: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = home / ".pymodaq" / "environments" / prefix.name
    store = Store(home / ".pymodaq", limit=_LIMIT)
    python = prefix / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    variables = {**os.environ, "HOME": str(home), "USERPROFILE": str(home), "VIRTUAL_ENV": str(prefix)}
    home.mkdir()

    def pymodaq() -> None:
        subprocess.run([python, "-c", _SAVE], env=variables, check=True, capture_output=True, timeout=60)

    def envkeep() -> None:
        backup(prefix, store)

    def lists() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.glob("*.txt")}

    rounds = random.Random(7)
    states = 0
    for number in range(_ROUNDS):
        # PyMoDAQ writes nothing where a file of the same second is there
        time.sleep(1.1)
        if number == 0 or rounds.random() < 0.6:
            states += 1
            _become(prefix, states)
        before = lists()
        for save in rounds.sample([pymodaq, envkeep], 2):
            save()
            assert before.items() <= lists().items(), "what was there is untouched"
        settled = lists()
        assert f"changing=={states}\n" in max(settled.items())[1].decode()
        envkeep()
        assert lists() == settled, "a second look keeps nothing"
    (stored,) = store.environments()
    assert stored.path == folder
    complete = [each for each in store.backups(stored) if each.state == "whole"]
    assert len(complete) == states
    assert len({each.digest for each in complete}) == states
    assert examine(store) == ()
