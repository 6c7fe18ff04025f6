"""An environment replaced in place: what stays, what comes back, and what a killed run leaves to the next one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.errors import EnvkeepError, InterruptedByUserError, RefusedError, StoreError
from envkeep.model.content import content
from envkeep.restoring import rollback as rollback_module
from envkeep.restoring.aside import discard, finish_killed, waiting
from envkeep.restoring.prepare import Options, prepare
from envkeep.restoring.restore import restore
from envkeep.restoring.rollback import rollback
from envkeep.restoring.unowned import look_into
from envkeep.store.journal import Journal
from restoring.conftest import pip
from support.killing import run_killed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import MakeEnv
    from envkeep.model.record import Record
    from envkeep.restoring.result import RollbackResult
    from support.channel import Channel, Index

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the layout of environments is another there")


@pytest.fixture
def old(make_env: MakeEnv, channel: Channel, index: Index, tmp_path: Path) -> Path:
    """An environment that somebody's pip and somebody's editor had their hands on after it was recorded."""
    return make_env([f"python={channel.older_python}", "pip", "six"], prefix=tmp_path / "envs" / "scope")


@pytest.fixture
def journal(home: Path) -> Journal:
    return Journal(home / ".envkeep")


def spoil(prefix: Path) -> None:
    pip(prefix, "install", "-q", "emoji==2.14.0")
    script = prefix / "etc" / "conda" / "activate.d" / "lab.sh"
    script.parent.mkdir(parents=True)
    script.write_text("export LAB=1\n")


def roll_back(source: Record, prefix: Path, journal: Journal, **options: object) -> RollbackResult:
    prepared = prepare(source, Options(target=prefix, in_place=True), os.environ)
    return rollback(
        prepared.plan,
        journal=journal,
        engine=prepared.engine,
        source="scope@1",
        saved=None,
        contents=look_into(prefix),
        **options,  # type: ignore[arg-type]
    )


def state(prefix: Path) -> dict[str, tuple[int, int]]:
    """Every file by its inode and time: the same environment, not one like it."""
    found = {}
    for path in sorted(prefix.rglob("*")):
        info = path.lstat()
        if path.suffix != ".pyc" and path.name != "__pycache__" and not path.is_dir():
            found[str(path.relative_to(prefix))] = (info.st_ino, info.st_mtime_ns)
    return found


def test_the_new_one_takes_its_place_and_the_old_one_stays_until_it_is_discarded(old: Path, journal: Journal) -> None:
    source = capture(old)
    spoil(old)
    before = state(old)
    result = roll_back(source, old, journal)
    assert result.as_asked
    assert content(capture(old)) == content(source)
    assert result.aside is not None
    assert state(result.aside) == before
    assert [each.path for each in result.contents.unowned] == ["etc/conda/activate.d/lab.sh"]
    assert result.contents.size > sum(path.lstat().st_size for path in (result.aside / "lib").glob("*.so*"))
    (found,) = waiting(journal)
    assert str(result.aside) in found.fact
    assert "--discard-old" in found.remedy
    assert finish_killed(journal) == ()
    assert discard(journal, [found.entry]) == (str(result.aside),)
    assert not result.aside.exists()
    assert old.is_dir()
    assert waiting(journal) == ()
    assert journal.entries() == ()


def test_a_failure_brings_the_old_one_back(old: Path, journal: Journal) -> None:
    source = capture(old)
    spoil(old)
    before = state(old)
    wrong = tuple(replace(item, sha256="0" * 64) if item.name == "six" else item for item in source.conda)
    with pytest.raises(EnvkeepError, match="six") as caught:
        roll_back(replace(source, conda=wrong), old, journal)
    assert "stands where it was" in str(caught.value)
    assert state(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["scope"]
    assert journal.entries() == ()


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_brings_the_old_one_back(old: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, signal: str) -> None:
    import signal as signals

    source = capture(old)
    before = state(old)

    def build_and_be_stopped(*args: object, **options: object) -> object:
        result = restore(*args, **options)  # type: ignore[arg-type]
        os.kill(os.getpid(), getattr(signals, signal))
        return result

    monkeypatch.setattr(rollback_module, "restore", build_and_be_stopped)
    handlers = [signals.getsignal(number) for number in (signals.SIGINT, signals.SIGTERM, signals.SIGHUP)]
    with pytest.raises(InterruptedByUserError):
        roll_back(source, old, journal)
    assert state(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["scope"]
    assert [signals.getsignal(number) for number in (signals.SIGINT, signals.SIGTERM, signals.SIGHUP)] == handlers


def test_worse_than_the_plan_said_is_no_success(old: Path, journal: Journal) -> None:
    pip(old, "install", "-q", "emoji==2.14.0")
    source = capture(old)
    gone = tuple(replace(item, version="99.0") if item.name == "emoji" else item for item in source.distributions)
    before = state(old)
    result = roll_back(replace(source, distributions=gone), old, journal)
    assert result.aside is None
    assert not result.as_asked
    assert "emoji" in result.worse[0]
    assert state(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["scope"]


def test_what_the_plan_said_is_missing_was_agreed_to(old: Path, journal: Journal) -> None:
    source = capture(old)
    nowhere = next(item for item in source.distributions if item.name == "six")
    from envkeep.model.record import Origin

    origin = Origin(kind="archive", url="file:///nowhere/labwheel-1.0-py3-none-any.whl")
    lost = replace(nowhere, name="labwheel", version="1.0", conda_package=None, origin=origin)
    result = roll_back(replace(source, distributions=(*source.distributions, lost)), old, journal)
    assert result.worse == ()
    assert not result.as_asked
    assert result.aside is not None


def test_what_lies_in_the_old_one_is_not_found_in_the_new_one(old: Path, journal: Journal, git_repo: Path) -> None:
    inside = old / "src" / "labvcs"
    shutil.copytree(git_repo, inside)
    pip(old, "install", "-q", "--no-build-isolation", "--no-deps", "-e", str(inside))
    source = capture(old)
    prepared = prepare(source, Options(target=old, in_place=True), os.environ)
    assert [item.name for item in prepared.plan.cannot] == ["labvcs"]


def test_a_process_that_runs_from_it_is_not_pulled_from_under(old: Path, journal: Journal) -> None:
    source = capture(old)
    with subprocess.Popen([old / "bin" / "python", "-c", "input()"], stdin=subprocess.PIPE) as process:
        with pytest.raises(RefusedError, match=str(process.pid)):
            roll_back(source, old, journal)
        process.communicate(b"\n")
    assert roll_back(source, old, journal).as_asked


def envkeep(*argv: str | Path, status: int | None = 0) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "envkeep", *map(str, argv)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def killed(old: Path, home: Path) -> Callable[[int], subprocess.CompletedProcess[str]]:
    """Roll back a spoilt environment, and be killed at a step of it."""
    envkeep("backup", "-p", old, "--tag", "good")
    spoil(old)
    envkeep("backup", "-p", old)

    def run_it(at: int) -> subprocess.CompletedProcess[str]:
        return run_killed(old.parent, at, "rollback", "good", "-p", old, "-y", "-q")

    return run_it


def test_killed_at_every_step(killed: Callable[[int], subprocess.CompletedProcess[str]], old: Path) -> None:
    before = state(old)
    missing = half_made = at = 0
    while True:
        at += 1
        done = killed(at)
        if done.returncode != -9:
            break
        missing += not old.is_dir()
        half_made += old.is_dir() and state(old) != before
        told = envkeep("status", "-p", old, "--json")
        # the environment is as it was, to the last file, and the next run says what happened
        assert state(old) == before, at
        assert json.loads(told.stdout)["result"]["word"] == "same"
        if "found:" in told.stderr:
            assert "was cut off" in told.stderr
        assert "cut off" not in envkeep("status", "-p", old).stderr
        # what was half made is named, and goes when it is told to
        for left in old.parent.glob("scope.*"):
            assert str(left) in told.stderr
        envkeep("rollback", "--discard-old", "-p", old, "-y", "-q")
        assert [path.name for path in old.parent.iterdir()] == ["scope"], at
    assert done.returncode == 0, done.stderr
    assert missing == 1
    assert half_made >= 2
    steps = re.search(r"steps: (\d+)", done.stderr)
    assert steps is not None
    assert int(steps[1]) == at - 1
    assert envkeep("verify", "good", "-p", old).returncode == 0


def test_the_doctor_says_what_a_killed_run_left(old: Path, journal: Journal) -> None:
    aside = old.with_name("scope.aside")
    with journal.begin("rollback", str(old), "scope@1", aside=str(aside), inode=old.stat().st_ino):
        old.rename(aside)
    told = envkeep("doctor", status=3).stdout
    assert "was cut off" in told
    assert old.is_dir()
    assert "cut off" not in envkeep("doctor").stdout


def test_a_running_rollback_is_left_alone(old: Path, journal: Journal) -> None:
    with journal.begin("rollback", str(old), "scope@1", aside=str(old) + ".aside", inode=old.stat().st_ino):
        assert finish_killed(Journal(journal.home)) == ()
        assert waiting(Journal(journal.home)) == ()
    (found,) = finish_killed(journal)
    assert "as it was" in found.fact


def test_an_environment_that_somebody_moved_is_not_touched(old: Path, journal: Journal) -> None:
    inode = old.stat().st_ino
    aside = old.with_name("scope.aside")
    with journal.begin("rollback", str(old), "scope@1", aside=str(aside), inode=inode, saved="scope@2"):
        pass
    old.rename(old.with_name("elsewhere"))
    old.mkdir()
    (old / "mine").touch()
    (found,) = finish_killed(journal)
    assert "nothing was touched" in found.fact
    assert "scope@2" in found.remedy
    assert (old / "mine").is_file()


def test_a_killed_restore_is_told_until_it_is_gone(home: Path, journal: Journal, tmp_path: Path) -> None:
    half = tmp_path / "half made"
    with journal.begin("restore", str(half), "scope@1"):
        half.mkdir()
    for _ in range(2):
        (found,) = finish_killed(journal)
        assert "half made" in found.fact
        assert "rm -r" in found.remedy
        assert half.is_dir()
    half.rmdir()
    assert finish_killed(journal) == ()
    assert journal.entries() == ()


def test_a_venv_is_replaced_too(home: Path, journal: Journal, index: Index, tmp_path: Path) -> None:
    from envkeep.engines.pythons import make_venv

    prefix = tmp_path / "project" / ".venv"
    make_venv(Path(sys.executable), prefix)
    source = capture(prefix)
    pip(prefix, "install", "-q", "emoji==2.14.0")
    (prefix / "bin" / "my-script").write_text("#!/bin/sh\n")
    result = roll_back(source, prefix, journal)
    assert result.as_asked, (result.worse, result.built.verification)
    assert [each.path for each in result.contents.unowned] == ["bin/my-script"]
    assert content(capture(prefix)) == content(source)
    assert result.aside == prefix.with_name(result.aside.name)  # type: ignore[union-attr]


def test_a_home_that_cannot_be_written_stops_a_rollback_and_no_restore(
    old: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").touch()
    journal = Journal(home / "file")
    before = state(old)
    with pytest.raises(StoreError, match="Nothing was built or moved"):
        roll_back(capture(old), old, journal)
    assert state(old) == before
    with journal.noting_restore(str(old), "scope@1"):
        pass
