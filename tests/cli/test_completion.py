"""Completion: what is offered at the cursor, and the scripts in the shells that are on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkeep.cli.completing import complete
from envkeep.cli.completion_scripts import SCRIPTS
from envkeep.cli.main import VERBS
from envkeep.store.store import Store
from support.prefixes import conda_prefix
from support.stores import NOON, environment, publish

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Store:
    """Two backups of one environment, one of them tagged, and one of another."""
    store = Store(home / ".envkeep")
    lab = environment(store, str(tmp_path / "envs" / "microscope"))
    publish(store, lab, "six==1.0", now=NOON)
    publish(store, lab, "six==2.0", now=NOON.replace(year=2026), tag="paper")
    publish(store, environment(store, str(tmp_path / "envs" / "laser")), "six==1.0", now=NOON)
    return store


def _offered(line: str) -> list[str]:
    return [candidate.text for candidate in complete(line)]


def _stamps(store: Store, folder: str) -> list[str]:
    (found,) = [each for each in store.environments() if each.folder == folder]
    return [backup.stamp for backup in reversed(store.backups(found))]


def test_commands(store: Store) -> None:
    assert _offered("envkeep ") == list(VERBS)
    assert _offered("envkeep re") == [verb for verb in VERBS if verb.startswith("re")]
    assert _offered("envkeep --home /x back") == ["backup"]
    assert all(candidate.about for candidate in complete("envkeep "))


def test_options_and_their_choices(store: Store) -> None:
    assert "--home" in _offered("envkeep -")
    assert _offered("envkeep restore x --fid") == ["--fidelity"]
    assert _offered("envkeep restore --fidelity ") == ["exact", "same-version", "requested", "pip"]
    assert _offered("envkeep restore --fidelity=exact x --engine r") == ["rattler"]
    assert _offered("envkeep completion f") == ["fish"]


def test_backups_of_the_environments_there_are(store: Store) -> None:
    assert _offered("envkeep show ") == ["laser@", "microscope@"]
    assert _offered("envkeep show mic") == ["microscope@"]
    newest, oldest = _stamps(store, "microscope")
    assert _offered("envkeep show microscope@") == [f"microscope@{each}" for each in ("latest", "paper", newest, oldest)]
    assert _offered("envkeep restore microscope@p") == ["microscope@paper"]
    assert _offered(f"envkeep forget laser@latest microscope@{oldest[:4]}") == [f"microscope@{oldest}"]
    assert _offered("envkeep show microscope@nothing") == []


def test_backups_of_the_environment_that_the_line_names(store: Store) -> None:
    newest, oldest = _stamps(store, "microscope")
    assert _offered("envkeep show -n microscope ") == ["latest", "paper", newest, oldest]
    assert _offered("envkeep tag --name=microscope p") == ["paper"]


def test_backups_of_the_active_environment(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_PREFIX", str(conda_prefix(tmp_path / "envs" / "microscope", "zlib=1.3=h0")))
    newest, oldest = _stamps(store, "microscope")
    assert _offered("envkeep verify ")[:4] == ["latest", "paper", newest, oldest]


def test_live_environments_on_diff(store: Store) -> None:
    assert "live:microscope" in _offered("envkeep diff microscope@latest live")
    assert "live" not in _offered("envkeep show li")


def test_names_of_environments(store: Store) -> None:
    assert {"laser", "microscope"} <= set(_offered("envkeep backup -n "))
    assert _offered("envkeep restore microscope@latest -n ") == [], "that one is still to be given"


def test_homes(store: Store, home: Path, tmp_path: Path) -> None:
    assert _offered(f"envkeep show --home {tmp_path / 'empty'} ") == []
    shutil.copytree(home / ".envkeep", tmp_path / "other")
    shutil.rmtree(home / ".envkeep")
    assert "laser@" in _offered(f"envkeep show --home {tmp_path / 'other'} ")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "envkeep",
        "envkeep show 'half",
        "envkeep inspect ",
        "envkeep nosuch ",
        "envkeep find n",
        "envkeep export x -o ",
        "envkeep doctor x",
    ],
)
def test_nothing_where_it_is_a_file_or_anybodys_guess(store: Store, line: str) -> None:
    assert _offered(line) == []


def test_a_store_at_fault_is_no_error_while_typing(store: Store, home: Path) -> None:
    (home / ".envkeep" / "config.toml").write_text("[nosuch]\n")
    assert _offered("envkeep show ") == []


def test_as_the_scripts_ask(store: Store) -> None:
    def ask(*words: str) -> str:
        argv = [sys.executable, "-m", "envkeep", "completion", "--line", *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    assert ask("envkeep show microscope@p").startswith("microscope@paper\t")
    assert ask("envkeep show nosuch") == ask() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("envkeep dia", "envkeep dia"),
        ("envkeep doct", "envkeep doctor "),
        ("envkeep show mic", "envkeep show microscope@"),
        ("envkeep show microscope@p", "envkeep show microscope@paper "),
        ("envkeep show microscope@", "envkeep show microscope@"),
        ("envkeep restore microscope@latest --fidelity=p", "envkeep restore microscope@latest --fidelity=pip "),
        ("envkeep show --home=", "envkeep show --home="),
        ("envkeep diff microscope@latest live:las", "envkeep diff microscope@latest live:laser "),
        ("envkeep inspect loose.t", "envkeep inspect loose.txt "),
    ],
)
def test_bash(store: Store, tmp_path: Path, typed: str, completed: str) -> None:
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    (tmp_path / "loose.txt").touch()
    (tmp_path / "script").write_text(SCRIPTS["bash"])
    (tmp_path / "rc").write_text(f"PS1='ready> '\nPATH={_folder_of_envkeep(tmp_path)}:$PATH\n. {tmp_path}/script\n")
    argv = ["bash", "--noprofile", "--rcfile", str(tmp_path / "rc"), "-i"]
    assert _typed(argv, typed, tmp_path) == completed


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("envkeep doct", "envkeep doctor "),
        ("envkeep show mic", "envkeep show microscope@"),
        ("envkeep show microscope@p", "envkeep show microscope@paper "),
        ("envkeep inspect loose.t", "envkeep inspect loose.txt "),
    ],
)
@pytest.mark.parametrize("how", ["sourced", "autoloaded"])
def test_zsh(store: Store, tmp_path: Path, typed: str, completed: str, how: str) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("no zsh")
    (tmp_path / "loose.txt").touch()
    functions = tmp_path / "functions"
    functions.mkdir()
    (functions / "_envkeep").write_text(SCRIPTS["zsh"])
    (tmp_path / ".zshrc").write_text(
        f"PS1='ready> '\nunsetopt zle_bracketed_paste prompt_cr\nPATH={_folder_of_envkeep(tmp_path)}:$PATH\n"
        + (f"fpath=({functions} $fpath)\n" if how == "autoloaded" else "")
        + "autoload -Uz compinit && compinit -u -D\nbindkey -e\n"
        + (f". {functions}/_envkeep\n" if how == "sourced" else "")
    )
    # zsh takes the blank back when something is typed behind it
    assert _typed(["zsh", "-i"], typed, tmp_path, ZDOTDIR=str(tmp_path)) == completed.rstrip()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("envkeep doct", ["doctor\tSay which engines and installers are there, and whether settings and store are sound"]),
        ("envkeep show microscope@p", ["microscope@paper\t"]),
        ("envkeep inspect loose.t", ["loose.txt"]),
    ],
)
def test_fish(store: Store, tmp_path: Path, typed: str, offered: list[str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("no fish")
    (tmp_path / "loose.txt").touch()
    (tmp_path / "envkeep.fish").write_text(SCRIPTS["fish"])
    path = f"{_folder_of_envkeep(tmp_path)}{os.pathsep}{os.environ['PATH']}"
    code = f"source {tmp_path}/envkeep.fish; complete -C '{typed}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == len(offered)
    assert all(line.startswith(start) for line, start in zip(lines, offered, strict=True)), lines


def test_powershell_balances_what_it_opens() -> None:
    # there is rarely a PowerShell to try it in; that it would parse is the least
    script = SCRIPTS["powershell"]
    assert all(script.count(left) == script.count(right) for left, right in ("{}", "()", "[]"))
    assert script.count('"') % 2 == 0


def _folder_of_envkeep(folder: Path) -> Path:
    """Return a folder in which ``envkeep`` is this one."""
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "envkeep"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m envkeep "$@"\n')
    program.chmod(0o755)
    return programs


def _typed(argv: list[str], line: str, folder: Path, **variables: str) -> str:
    """Type a line and TAB into an interactive shell, and return what then stands on the line."""
    import pty
    import select
    import time

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(argv[0], argv, {**os.environ, "TERM": "dumb", "INPUTRC": os.devnull, "HISTFILE": os.devnull, **variables})
    seen = b""

    def wait_for(text: bytes) -> None:
        nonlocal seen
        deadline = time.monotonic() + 30
        while text not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536)

    try:
        wait_for(b"ready> ")
        os.write(terminal, line.encode() + b"\t")
        # end of line, a mark, start of line, and the line becomes an argument of printf
        os.write(terminal, b"\x05'\x01printf '<%s>\\n' '\r")
        wait_for(b">\r\n")
        text = seen.decode().rpartition(">\r\n")[0]
        return text[text.rindex("<") + 1 :]
    finally:
        os.write(terminal, b"\x03exit\r")
        os.close(terminal)
        os.waitpid(pid, 0)
