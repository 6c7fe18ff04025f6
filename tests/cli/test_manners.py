"""How the command behaves at a terminal, in a pipe, in a locale that spells little, when it is interrupted, and when it errs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.command import command
from support.prefixes import install

if TYPE_CHECKING:
    from cli.conftest import Lab

_ENVKEEP = [sys.executable, "-m", "envkeep"]
_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes and terminals")


# -- words that are empty, mostly variables of a shell that nobody set


def test_an_empty_word_is_not_taken_for_none(lab: Lab, tmp_path: Path) -> None:
    Path("loose.txt").write_text("six==1.16.0\n")
    for line in (
        ["restore", "latest", "-n", "", "-y"],
        ["import", "loose.txt", "-n", ""],
        ["restore", "latest", "--script", ""],
        ["export", "-o", ""],
    ):
        ran = command(*line)
        assert ran.status == 2, (line, ran)
        assert "''" in ran.err or "names no environment" in ran.err or "it is empty" in ran.err


def test_who_said_no_is_not_told_to_say_yes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Say --yes" in command("forget", "latest~1").err
    monkeypatch.setattr("envkeep.report.console.Console.can_ask", True)
    monkeypatch.setattr("envkeep.report.console.Console.ask", lambda *_: False)
    ran = command("forget", "latest~1")
    assert "nothing was removed" in ran.err
    assert "Say --yes" not in ran.err


# -- results and talk


def test_results_on_stdout_talk_on_stderr(lab: Lab) -> None:
    ran = command("forget", "latest~1")
    assert ran.out == ""
    assert "would remove microscope@" in ran.err
    assert "nothing was removed" in ran.err, "nobody could be asked"
    assert command("forget", "latest~1", "--yes").err == ""


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("backup", 0),
        ("backup --force", 0),
        ("backup --all", 0),
        ("status", 0),
        ("diff latest~1 latest", 3),
        ("check", 0),
        ("verify latest", 0),
        ("verify latest~1", 3),
        ("tag latest word", 0),
        ("tag latest paper --remove", 0),
        ("forget latest~1 --yes", 0),
        ("import loose.txt -n old", 0),
        ("export -o out.yml", 0),
        ("config --init", 0),
    ],
)
def test_quiet_leaves_out_what_the_status_says(lab: Lab, line: str, status: int) -> None:
    Path("loose.txt").write_text("six==1.16.0\n")
    ran = command(*line.split(), "-q")
    assert (ran.status if line != "check" else 0, ran.out, ran.err) == (status, "", "")


@pytest.mark.parametrize(
    "line",
    ["list", "show", "find zlib", "export", "config", "inspect loose.txt", "forget --dry-run", "completion zsh", ""],
)
def test_quiet_shows_what_was_asked_to_be_shown(lab: Lab, line: str) -> None:
    Path("loose.txt").write_text("six==1.16.0\n")
    loud, quiet = command(*line.split()), command(*line.split(), "-q")
    assert quiet.out == loud.out != ""
    assert quiet.err == ""


def test_quiet_still_says_errors(lab: Lab) -> None:
    assert command("show", "nosuch", "-q").err.startswith("error: ")


def test_verbose_lists_problems(lab: Lab) -> None:
    (lab.prefix / "conda-meta" / "broken-1-0.json").write_text("{")
    assert "--verbose lists them" in command("backup").out
    assert "broken-1-0.json" in command("backup", "--force", "-v").out


def test_shared_options_stand_before_the_command_too(lab: Lab, tmp_path: Path) -> None:
    assert command("--home", tmp_path / "empty", "list", "--all").out.startswith(f"no backups in {tmp_path / 'empty'}")
    assert command("-q", "status").out == ""
    assert command("--json", "status").document["status"] == 0
    assert "microscope" in command("--home", tmp_path / "empty", "list", "--home", lab.home).out, "the later one counts"


# -- terminals


def test_colour_at_a_terminal_only_and_only_if_wanted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    line = ("diff", "latest~1", "latest")
    assert "\x1b[" in command(*line, terminal=True).out
    assert "\x1b[" not in command(*line).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in command(*line, terminal=True).out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[" not in command(*line, terminal=True).out


@pytest.mark.parametrize("line", ["list", "show", "diff latest~1 latest", "status", "check", "config", "find zlib"])
def test_lines_fit_a_narrow_terminal(lab: Lab, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    install(lab.prefix, "extra=1=h0")
    wide, narrow = command(*line.split()).out, command(*line.split(), terminal=True).out
    for each in narrow.splitlines():
        assert len(each) <= 40 or " " not in each.strip(), each
    assert narrow.split() == wide.split(), "nothing is left out"


def test_files_are_not_folded_at_a_narrow_terminal(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    for line in ("export --format explicit", "list --json", "completion bash"):
        assert command(*line.split(), terminal=True).out == command(*line.split()).out


def test_a_bar_at_a_terminal_and_nowhere_else(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    seen = command("check", "--files", terminal=True).err
    assert "\x1b[" in seen
    assert "━" in seen
    assert command("check", "--files").err == ""
    assert command("check", "--files", "-q", terminal=True).err == ""


# -- pipes, full disks, locales


@_posix
@pytest.mark.parametrize("line", ["show", "list --json", "-h", "export"])
def test_a_pipe_that_is_closed_early_is_no_error(lab: Lab, line: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*_ENVKEEP, *line.split()], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == (1 if line == "-h" else 0), "the help is click's"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("line", ["show", "list --json"])
def test_no_room_for_the_result(lab: Lab, line: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*_ENVKEEP, *line.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: the result cannot be written: No space left on device\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("line", ["list", "show", "diff latest~1 latest", "diff latest~1", "status", "backup", "check"])
def test_a_locale_that_spells_little(lab: Lab, line: str, encoding: str) -> None:
    command("backup", "--force", "--note", "für Müller ✓")
    install(lab.prefix, "extra=1=h0")
    ran = command(*line.split(), encoding=encoding)
    assert ran.status in {0, 3}, ran.err
    assert ran.out
    if line == "diff latest~1 latest":
        assert "→" not in ran.out


@_posix
def test_the_c_locale(lab: Lab) -> None:
    command("backup", "--force", "--note", "für Müller ✓")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([*_ENVKEEP, "list"], capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"f?r M?ller ?" in done.stdout


# -- interruptions


@_posix
def test_ctrl_c_ends_with_130(lab: Lab) -> None:
    import pty
    import select
    import time

    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [*_ENVKEEP, "forget", "latest~1"])
    seen = b""
    deadline = time.monotonic() + 30
    interrupted = False
    status = None
    while status is None:
        assert time.monotonic() < deadline, seen
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                pass
            if b"[y/N]" in seen and not interrupted:
                os.write(terminal, b"\x03")
                interrupted = True
        ended, raw = os.waitpid(pid, os.WNOHANG)
        status = os.waitstatus_to_exitcode(raw) if ended else None
    os.close(terminal)
    assert status == 130, seen
    assert b"error: interrupted" in seen
    assert b"Traceback" not in seen
    assert len(lab.store.backups(lab.store.environments()[0])) == 2


# -- errors


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("show 1999", 1),
        ("show nosuch@latest", 1),
        ("list -n nosuch", 1),
        ("backup -p nowhere", 1),
        ("backup -n a/b", 2),
        ("backup -n microscope -p .", 2),
        ("backup --tag latest", 2),
        ("inspect empty.txt", 1),
        ("import nowhere.txt", 1),
        ("tag latest~1 paper", 1),
        ("find numpy<<2", 2),
        ("restore latest -p .", 1),
        ("restore latest -n a/b", 2),
        ("restore latest --remap x", 2),
        ("nosuch", 2),
        ("backup --nosuch", 2),
        ("show a b", 2),
        ("tag latest", 2),
        ("restore latest --fidelity x", 2),
        ("completion", 2),
        ("completion tcsh", 2),
    ],
)
def test_errors_have_one_style(lab: Lab, line: str, status: int) -> None:
    Path("empty.txt").touch()
    before = sorted(lab.home.rglob("*"))
    ran = command(*line.split())
    assert ran.status == status, ran.err
    assert ran.out == ""
    fact, *remedy = ran.err.splitlines()
    assert fact.startswith("error: ")
    assert not fact.endswith("."), fact
    assert remedy, "it says what to do"
    assert all(each.startswith("  ") for each in remedy)
    assert remedy[-1].rstrip()[-1] in ".?)" or remedy[0].endswith(":") or "envkeep " in remedy[-1], remedy
    assert sorted(lab.home.rglob("*")) == before, "nothing was changed"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("bakup", "backup"),
        ("backup --forse", "--force"),
        ("show papr", "paper"),
        ("show mikroscope@latest", "microscope"),
        ("list -n mikroscope", "microscope"),
    ],
)
def test_did_you_mean(lab: Lab, line: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in command(*line.split()).err
