"""``-h`` of every command: it says what it does, how it ends, and gives an example that runs."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from envkeep.cli.main import VERBS, verb_command, verb_function
from envkeep.keeping.backup import backup
from envkeep.store.store import Store
from support.command import command
from support.stores import NOON

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeEnv

_OUTSIDE = {"restore", "rollback"}


@pytest.mark.parametrize("verb", VERBS)
def test_says_what_it_does_with_an_example_and_how_it_ends(verb: str) -> None:
    ran = command(verb, "-h")
    assert ran.status == 0
    assert ran == command(verb, "--help")
    assert ran.err == ""
    text = " ".join(ran.out.split())
    assert f"Usage: envkeep {verb}" in text
    assert f"Example: envkeep {verb}" in text
    assert "Exit status: 0 as asked; 1 error; 2 usage; 3 differs" in text
    for option in ("--home", "--json", "-q, --quiet", "-v, --verbose", "-h, --help"):
        assert option in text
    # every option says what it is for
    for param in verb_command(verb).params:
        assert param.help, f"{verb} {param.name}"
        assert param.help[-1] in ".)*", f"{verb} {param.name}: {param.help}"


@pytest.mark.parametrize("verb", VERBS)
def test_starts_with_a_line_that_the_list_of_commands_can_show(verb: str) -> None:
    first = (verb_function(verb).__doc__ or "").strip().splitlines()[0]
    assert re.fullmatch(r"[A-Z].*[.]", first), first


def test_lists_every_command() -> None:
    out = command("-h").out
    listed = re.findall(r"^  ([a-z]+)  ", out[out.index("Commands:") :], re.MULTILINE)
    assert listed == list(VERBS)
    assert "130 interrupted" in " ".join(out.split())


def test_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERMINAL_WIDTH", "50")
    for verb in VERBS:
        # click breaks no list of choices
        long = [line for line in command(verb, "-h").out.splitlines() if len(line) > 50 and "|" not in line]
        assert not long, verb


def test_version() -> None:
    from envkeep import __version__

    assert command("--version").out == f"envkeep {__version__}\n"


def test_every_example_runs(make_env: MakeEnv, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environments = home / "envs"
    prefix = make_env(["libfoo<2", "labpost"], prefix=environments / "microscope")
    monkeypatch.setenv("CONDA_PREFIX", str(prefix))
    monkeypatch.setenv("CONDA_ENVS_DIRS", str(environments))
    monkeypatch.chdir(tmp_path)
    (home / "Downloads").mkdir()
    (home / "Downloads" / "environment.yml").write_text("dependencies: [libfoo]\n")
    (home / "old").mkdir()
    (home / "old" / "20250131112405_environment.txt").write_text("# version: 3.12.1\n\nsix==1.16.0\n")
    backup(prefix, Store(home / ".envkeep"), now=NOON)
    (prefix / "conda-meta" / "pinned").write_text("libfoo <2\n")
    for verb in VERBS:
        if verb == "verify":
            (environments / "rebuilt").symlink_to(environments / "microscope-new")
        example = re.search(r"Example: envkeep (.*)", verb_function(verb).__doc__ or "")
        assert example is not None, verb
        argv = [word.replace("~", str(home)) if word.startswith("~") else word for word in shlex.split(example[1])]
        ran = command(*argv, *(["--yes"] if verb in _OUTSIDE else []))
        assert ran.status in {0, 3}, f"envkeep {example[1]}\n{ran.out}{ran.err}"
        assert "error" not in ran.err
    assert (environments / "microscope-new" / "conda-meta").is_dir()
    assert (tmp_path / "environment.yml").is_file()
