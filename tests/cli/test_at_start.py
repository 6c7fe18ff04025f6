"""A backup with nothing to do is answered before typer is there; everything else is left to the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envkeep.cli import at_start, backing_up, main, restore, restoring
from envkeep.cli import backup as cli_backup
from envkeep.cli.at_start import answer_unchanged, needs_engine, plain_command
from envkeep.cli.loading import BUILDING, load_for_building
from envkeep.cli.rebuilding import Rebuild
from envkeep.keeping.backup import backup
from envkeep.keeping.unchanged import look_as_configured
from envkeep.store import seen
from envkeep.store.config import load_config
from envkeep.store.store import Store
from support.changing import Lab
from support.prefixes import install

if TYPE_CHECKING:
    from pathlib import Path

_TICK = 0.02


@pytest.fixture
def lab(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """An environment whose last backup was found to hold what is there."""
    monkeypatch.setattr(seen, "_GRAIN", 0)
    made = Lab(tmp_path)
    store = Store(load_config().home)
    for _ in range(2):
        time.sleep(_TICK)
        backup(made.prefix, store)
    time.sleep(_TICK)
    return made


def environ(**more: str) -> dict[str, str]:
    return {"ENVKEEP_HOME": os.environ["ENVKEEP_HOME"], **more}


def test_it_answers_as_the_command_does(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer_unchanged(["backup", "-p", str(lab.prefix)], environ())
    quick = capsys.readouterr().out
    assert quick.startswith("lab: nothing changed since ")
    whole = subprocess.run(
        [sys.executable, "-c", "from envkeep.cli.main import main; main()", "backup", "-p", str(lab.prefix)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert whole.stdout == quick
    assert answer_unchanged(["backup", "-q", f"--prefix={lab.prefix}"], environ())
    assert capsys.readouterr().out == ""


def settle(lab: Lab) -> None:
    store = Store(load_config().home)
    for _ in range(2):
        time.sleep(_TICK)
        backup(lab.prefix, store)
    time.sleep(_TICK)


def test_the_list_of_packages_is_that_of_the_backup(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", "--format", "requirements", "-p", str(lab.prefix)]
    assert not answer_unchanged(words, environ()), "what it says of a checkout is git's to say"
    shutil.rmtree(lab.site / "editable-1.0.dist-info")
    lab.pip_install("tool", "1.0")
    settle(lab)
    assert answer_unchanged(words, environ())
    quick = capsys.readouterr().out
    assert "tool==1.0" in quick
    for other in (["-p", words[-1], "--format", "requirements"], ["--format=requirements", f"--prefix={words[-1]}"]):
        assert answer_unchanged(["export", *other], environ()), "wherever the options stand"
        assert capsys.readouterr().out == quick
    for other in (["-p", words[-1]], ["--format", "explicit", "-p", words[-1]], [*words[1:], "--format", "explicit"]):
        assert not answer_unchanged(["export", *other], environ()), "another format"
    whole = [sys.executable, "-c", "from envkeep.cli.main import main; main()", *words]
    assert subprocess.run(whole, check=True, capture_output=True, text=True).stdout == quick
    assert not answer_unchanged([*words, "--hash", "sha256"], environ())
    assert not answer_unchanged([*words, "-o", "list.txt"], environ())
    lab.pip_install("six", "1.0")
    assert not answer_unchanged(words, environ())
    # another process makes it of what is there, with the options read by typer and without
    found = subprocess.run(whole, check=True, capture_output=True, text=True).stdout
    assert "six==1.0" in found
    short = [sys.executable, "-m", "envkeep", *words]
    assert subprocess.run(short, check=True, capture_output=True, text=True).stdout == found


def test_a_list_that_needs_another_index_names_it_whichever_way_it_is_made(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://wheels.example.org/cu121")
    shutil.rmtree(lab.site / "editable-1.0.dist-info")
    lab.pip_install("torch", "2.1.0+cu121")
    settle(lab)
    words = ["export", "--format", "requirements", "-p", str(lab.prefix)]
    whole = [sys.executable, "-c", "from envkeep.cli.main import main; main()", *words]
    short = [sys.executable, "-m", "envkeep", *words]
    said = {subprocess.run(argv, check=True, capture_output=True, text=True).stdout for argv in (whole, short)}
    assert len(said) == 1
    assert "--extra-index-url https://wheels.example.org/cu121\n" in said.pop()


def test_a_list_that_went_away_in_between_is_left_to_the_command(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(lab.site / "editable-1.0.dist-info")
    settle(lab)
    known = look_as_configured(str(lab.prefix), str(load_config().home))
    assert known is not None
    monkeypatch.setattr("envkeep.keeping.listing.look_as_told", lambda *_: known._replace(stamp="20250101000000"))
    assert not answer_unchanged(["export", "--format", "requirements", "-p", str(lab.prefix)], environ())


def test_wrong_settings_are_said_by_the_list_too(lab: Lab) -> None:
    (load_config().home / "config.toml").write_text("[backup]\nlimit = 'none'\n")
    short = [sys.executable, "-m", "envkeep", "export", "--format", "requirements", "-p", str(lab.prefix)]
    done = subprocess.run(short, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "config.toml" in done.stderr


def test_the_active_environment_is_meant_where_there_is_one_alone(lab: Lab) -> None:
    assert answer_unchanged(["backup", "-q"], environ(CONDA_PREFIX=str(lab.prefix)))
    assert not answer_unchanged(["backup", "-q"], environ(CONDA_PREFIX=str(lab.prefix), VIRTUAL_ENV="/elsewhere"))
    assert not answer_unchanged(["backup", "-q"], environ())


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["status"],
        ["backup", "--force"],
        ["backup", "--json"],
        ["backup", "-v"],
        ["backup", "--tag", "paper"],
        ["backup", "-n", "lab"],
        ["backup", "-p"],
        ["backup", "-p", "-q"],
        ["backup", "--all"],
        ["backup", "extra"],
        ["backup", "-h"],
    ],
)
def test_what_it_does_not_know_is_left_to_the_command(words: list[str], lab: Lab) -> None:
    assert not answer_unchanged(words, environ(CONDA_PREFIX=str(lab.prefix)))


def test_a_relative_home_is_left_to_the_command_which_refuses_it(lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert not answer_unchanged(["backup", "-q", "-p", str(lab.prefix)], {"ENVKEEP_HOME": ".envkeep"})
    assert answer_unchanged(["backup", "-q", "-p", str(lab.prefix), "--home", ".envkeep"], {})


def test_settings_that_changed_are_left_to_the_command(lab: Lab, home: Path) -> None:
    words = ["backup", "-q", "-p", str(lab.prefix)]
    assert not answer_unchanged(words, environ(ENVKEEP_BACKUP_LIMIT="3"))
    assert answer_unchanged(words, environ())
    (load_config().home / "config.toml").write_text("[backup]\nlimit = 3\n")
    assert not answer_unchanged(words, environ())


def test_a_change_is_left_to_the_command(lab: Lab) -> None:
    install(lab.prefix, "bzip2=1.0=h0")
    assert not answer_unchanged(["backup", "-q", "-p", str(lab.prefix)], environ())


def test_a_store_with_another_limit_says_nothing_for_the_configured_one(lab: Lab) -> None:
    install(lab.prefix, "bzip2=1.0=h0")
    store = Store(load_config().home, limit=7)
    for _ in range(2):
        time.sleep(_TICK)
        backup(lab.prefix, store)
    assert not answer_unchanged(["backup", "-q", "-p", str(lab.prefix)], environ())


@pytest.mark.parametrize(
    ("words", "so"),
    [
        ("restore latest -n new -y", True),
        ("rollback latest~1", True),
        ("restore latest --help", False),
        ("restore latest --engine conda", False),
        ("restore latest --engine=conda", False),
        ("restore latest --offline", False),
        ("verify latest", False),
        ("", False),
    ],
)
def test_the_engine_is_started_early_where_the_words_tell_that_it_is_needed(words: str, so: bool) -> None:
    assert needs_engine(words.split(), environ()) == so
    assert not needs_engine(words.split(), environ(ENVKEEP_RESTORE_ENGINE="conda"))


def test_an_engine_that_was_started_for_nothing_is_neither_heard_nor_waited_for(home: Path, tmp_path: Path) -> None:
    # an engine's process that takes its time to come up, and more patience with it than this test has
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\n"
        "if 'envkeep.engines.rattler_worker' in sys.orig_argv[-1]:\n"
        "    time.sleep(100)\n"
        "else:\n"
        "    import envkeep.engines.run as run\n"
        "    run._GRACE = 100.0\n"
    )
    words = [sys.executable, "-m", "envkeep", "restore", "nosuch", "--bad"]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--bad" in done.stderr
    assert "Traceback" not in done.stderr


_WORDS = st.sampled_from(
    ["-q", "-y", "--yes", "-p", "--prefix", "--prefix=b", "-n", "--home", "--home=h", "latest", "a b", "", "-", "--"]
)


@given(st.sampled_from(["restore", "backup"]), st.lists(_WORDS, max_size=6))
@example("restore", ["latest", "-p", "x", "-y", "-q", "--home", "h", "--name=n"])
@example("backup", ["-p", " "])
def test_a_plain_command_line_means_what_typer_reads(verb: str, words: list[str]) -> None:
    if plain_command([verb, *words]) is None:
        return
    told: list[tuple[object, ...]] = []

    def tell(*args: object, **kwargs: object) -> None:
        # what is not said is as it is by default
        told.append((args, {name: value for name, value in kwargs.items() if value not in {None, False, Rebuild()}}))

    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (restoring, "restore_backup"),
            (restore, "restore_backup"),
            (backing_up, "back_up"),
            (cli_backup, "back_up"),
        ):
            patch.setattr(module, name, tell)
        patch.setattr("envkeep.engines.rattler_start.start_early", lambda _: None)
        patch.setattr(at_start, "answer_unchanged", lambda *_: False)
        at_start._main([verb, *words])
        patch.setattr(sys, "argv", ["envkeep", verb, *words])
        with pytest.raises(SystemExit) as ended:
            main.main()
    assert ended.value.code == 0
    assert len(told) == 2
    assert told[0] == told[1]


def test_a_restore_says_the_same_with_typer_and_without(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["restore", "nosuch", "-q"], ["restore", "lab@latest", "-p", str(lab.prefix), "-y"]):
        monkeypatch.setattr(sys, "argv", ["envkeep", *words])
        said = []
        for run in (at_start.main, main.main):
            with pytest.raises(SystemExit) as ended:
                run()
            said.append((ended.value.code, *capsys.readouterr()))
        assert said[0] == said[1]
        assert said[0][0] == 1


def test_without_threads_nothing_is_loaded_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    load_for_building()


@pytest.mark.parametrize("word", ["*.yml", "%NAME%@latest", "$NAME", "~/x", "env?[1]"])
def test_on_windows_what_typer_expands_is_left_to_it(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain_command(["restore", word]) is not None
    monkeypatch.setattr(sys, "platform", "win32")
    assert plain_command(["restore", word]) is None
    assert plain_command(["restore", "lab@latest"]) is not None


def test_ctrl_c_before_the_command_is_loaded_is_said_as_after(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("answer_unchanged", "needs_engine", "plain_command"):
        with monkeypatch.context() as patch:
            patch.setattr(at_start, place, interrupt)
            patch.setattr(sys, "argv", ["envkeep", "restore", "lab@latest", "-q"])
            with pytest.raises(SystemExit) as ended:
                at_start.main()
        assert ended.value.code == 130
        assert capsys.readouterr().err == "error: interrupted\n"


def test_what_is_loaded_meanwhile_is_there() -> None:
    # what cannot be loaded is left out without a word
    code = f"import importlib; print(len([importlib.import_module(name) for name in {BUILDING!r}]))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.stdout.strip(), ended.stderr) == (str(len(BUILDING)), "")


def test_nothing_heavy_is_loaded(lab: Lab) -> None:
    code = (
        "import os, sys; from envkeep.cli.at_start import answer_unchanged; "
        "assert answer_unchanged(sys.argv[1:], {'ENVKEEP_HOME': os.environ['ENVKEEP_HOME']}); "
        "print([name for name in ('typer', 'yaml', 'dataclasses', 'pathlib', 'hashlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {_SOURCE!r}); {code}",
            "backup",
            "-q",
            "-p",
            lab.prefix,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n"


def _loaded(*words: str | Path, status: int = 0) -> set[str]:
    """What a command loads of what is heavy."""
    code = (
        "import atexit, sys; "
        "atexit.register(lambda: print('loaded', *(name for name in ('typer', 'pydantic', 'rich') if name in sys.modules))); "
        "from envkeep.cli.at_start import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], check=False, capture_output=True, text=True)
    assert done.returncode in {status, 3}, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_a_first_backup_reads_its_options_without_typer(tmp_path: Path, home: Path) -> None:
    assert _loaded("backup", "-p", Lab(tmp_path).prefix) == set()


def test_a_list_of_packages_reads_its_options_without_typer(lab: Lab) -> None:
    assert _loaded("export", "-p", lab.prefix, "--format", "requirements") == set()
    assert _loaded("export", "--format=requirements", "-q", "--prefix", lab.prefix) == set()


def test_a_restore_reads_plain_options_without_typer(lab: Lab) -> None:
    assert _loaded("restore", "lab@latest", "-p", lab.prefix, "-y", "-q", status=1) == set()


def test_plain_options_are_converted_without_pydantic(lab: Lab) -> None:
    for words in (
        ("list",),
        ("status", "-p", lab.prefix),
        ("show", "latest", "-p", lab.prefix),
        ("diff", "latest", "-p", lab.prefix),
        ("export", "--format", "portable", "-p", lab.prefix),
        ("verify", "latest", "-p", lab.prefix),
    ):
        assert "pydantic" not in _loaded(*words), words


_SOURCE = os.path.dirname(os.path.dirname(sys.modules["envkeep"].__file__ or ""))  # noqa: PTH120
