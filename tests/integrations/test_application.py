"""``envkeep.backup()``: one line in an application that never fails because of it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from dataclasses import fields
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

import envkeep
from envkeep.keeping.backup import BackupResult, UnchangedResult
from envkeep.store import seen
from envkeep.store.config import load_config
from support.prefixes import conda_prefix, install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return conda_prefix(tmp_path / "envs" / "lab", "zlib=1.3=h0")


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "envkeep")


def _kept(home: Path) -> list[Path]:
    return sorted((home / ".envkeep" / "environments").glob("lab/*_environment.txt"))


def test_kept_only_when_something_changed(home: Path, prefix: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = envkeep.backup(prefix, note="at the start")
    assert first is not None
    assert first.kept is not None
    assert _kept(home) == [first.kept.txt]
    assert first.kept.note == "at the start"
    second = envkeep.backup(prefix)
    assert second is not None
    assert second.kept is None
    assert "lab: nothing changed" in caplog.text
    install(prefix, "libpng=1.6=h1")
    third = envkeep.backup(prefix)
    assert third is not None
    assert len(_kept(home)) == 2
    assert "(+1" in caplog.text
    assert {record.levelname for record in caplog.records} == {"INFO"}


def test_of_the_running_environment_where_none_is_named(home: Path) -> None:
    result = envkeep.backup()
    assert result is not None
    assert result.record is not None
    assert result.record.environment.prefix == sys.prefix


def test_in_the_background(home: Path, prefix: Path) -> None:
    envkeep.backup(prefix, background=True).join()
    assert len(_kept(home)) == 1


def test_a_program_that_ends_at_once_still_has_its_backup(home: Path, prefix: Path) -> None:
    code = "import sys, envkeep; envkeep.backup(sys.argv[1], background=True)"
    done = subprocess.run([sys.executable, "-c", code, prefix], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert len(_kept(home)) == 1


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        {"prefix": "nowhere"},
        {"prefix": 42},
        {"prefix": "lab", "tag": "no/tag"},
        {"prefix": "lab", "home": os.devnull},
        {"prefix": "lab", "home": object()},
    ],
    ids=["no environment", "no path", "no tag", "no home", "no home at all"],
)
def test_never_raises(
    home: Path,
    prefix: Path,
    given: dict[str, Any],
    background: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(prefix.parent)
    result = envkeep.backup(**given, background=background)
    if isinstance(result, Thread):
        result.join()
    else:
        assert result is None
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert record.getMessage().startswith("no backup was kept: ")
    assert _kept(home) == []


def test_a_bad_setting_is_said_and_not_raised(home: Path, prefix: Path, caplog: pytest.LogCaptureFixture) -> None:
    (home / ".envkeep").mkdir()
    (home / ".envkeep" / "config.toml").write_text("[backup]\nlimt = 3\n")
    assert envkeep.backup(prefix) is None
    (record,) = caplog.records
    assert "config.toml:2" in record.getMessage()
    assert record.exc_info is None


def test_a_defect_is_logged_with_its_place(
    home: Path, prefix: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envkeep.keeping.backup.backup", None)
    assert envkeep.backup(prefix) is None
    (record,) = caplog.records
    assert record.exc_info is not None


def test_interrupting_it_interrupts_the_application(home: Path, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("envkeep.keeping.backup.backup", interrupted)
    with pytest.raises(KeyboardInterrupt):
        envkeep.backup(prefix)


def test_switched_off_by_the_settings(home: Path, prefix: Path, caplog: pytest.LogCaptureFixture) -> None:
    (home / ".envkeep").mkdir()
    (home / ".envkeep" / "config.toml").write_text("[backup]\nkeep_backup = false\n")
    assert envkeep.backup(prefix) is None
    assert _kept(home) == []
    (record,) = caplog.records
    assert "keep_backup is false" in record.getMessage()
    assert "config.toml:2" in record.getMessage()


def test_switched_off_in_pymodaqs_own_settings(home: Path, prefix: Path) -> None:
    settings = home / ".pymodaq" / "config"
    settings.mkdir(parents=True)
    (settings / "utils.toml").write_text("[backup]\nkeep_backup = false\n")
    assert envkeep.backup(prefix, home="~/.pymodaq") is None
    (settings / "utils.toml").write_text("[backup]\nkeep_backup = true\nfolder = 'saved'\n")
    assert envkeep.backup(prefix, home="~/.pymodaq") is not None
    assert list((home / ".pymodaq" / "saved" / "lab").glob("*_environment.txt"))


def test_without_logging_a_failure_is_on_stderr_and_nothing_else(home: Path, prefix: Path) -> None:
    code = "import sys, envkeep; [envkeep.backup(path) for path in sys.argv[1:]]"
    done = subprocess.run([sys.executable, "-c", code, prefix, "nowhere"], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.startswith("no backup was kept: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def settled(home: Path, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose last backup was found to hold what is there."""
    monkeypatch.setattr(seen, "_GRAIN", 0)
    for _ in range(2):
        # the kernel stamps files with a clock of 4 ms (CONFIG_HZ=250)
        time.sleep(0.02)
        assert envkeep.backup(prefix) is not None
    time.sleep(0.02)
    return prefix


def test_where_nothing_moved_the_first_of_a_process_loads_next_to_nothing(settled: Path) -> None:
    code = (
        "import sys, envkeep\n"
        "result = envkeep.backup(sys.argv[1])\n"
        "heavy = ('logging', 'hashlib', 'envkeep.api', 'envkeep.store.store', 'envkeep.model.record')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "print(result.kept, result.record, result.previous.state, result.environment.folder, bool(result.changes))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, settled], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "None None whole lab False"]
    assert done.stderr == ""


def test_what_it_says_then_is_what_a_look_with_all_settings_says(
    settled: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = envkeep.backup(settled)
    assert isinstance(quick, UnchangedResult)
    # a variable is for those who read all settings
    monkeypatch.setenv("ENVKEEP_BACKUP_LIMIT", str(load_config().limit))
    whole = envkeep.backup(settled)
    assert type(whole) is BackupResult
    for each in fields(BackupResult):
        assert getattr(quick, each.name) == getattr(whole, each.name), each.name
    assert quick.previous is quick.previous
    assert envkeep.backup(settled, home=home / ".envkeep", tag="paper") is not None


@pytest.mark.parametrize("file", ["config.toml", "config/utils.toml"])
def test_switched_off_since_the_last_look(settled: Path, home: Path, file: str) -> None:
    path = home / ".envkeep" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("[backup]\nkeep_backup = false\n")
    assert envkeep.backup(settled) is None


def test_pymodaqs_home_is_looked_at_as_quickly(home: Path, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_GRAIN", 0)
    for _ in range(2):
        time.sleep(0.02)
        envkeep.backup(prefix, home="~/.pymodaq")
    time.sleep(0.02)
    assert isinstance(envkeep.backup(prefix, home="~/.pymodaq"), UnchangedResult)
    (home / ".pymodaq" / "config").mkdir()
    (home / ".pymodaq" / "config" / "utils.toml").write_text("[backup]\nkeep_backup = false\n")
    assert envkeep.backup(prefix, home="~/.pymodaq") is None
