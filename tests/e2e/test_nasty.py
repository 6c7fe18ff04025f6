"""A prefix in which nothing is what it should be, through every command that reads one: no hang, no traceback, no write."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from support.trees import snapshot
from support.wild_prefixes import wild_conda

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")

# what a terminal obeys
ESCAPE = "\x1b[31m"
WILD_ORIGINS = (
    "[]",
    '{"url": {}}',
    '{"url": "x", "vcs_info": {"vcs": [], "commit_id": 5}}',
    '{"url": "http://[::1", "archive_info": {"hashes": {"a": {}}, "hash": 7}}',
    '{"url": "https://h/r.git", "subdirectory": "../..", "vcs_info": {"vcs": "git", "commit_id": "--upload-pack=x"}}',
    '{"url": "file:///' + "a/" * 3000 + '", "dir_info": {"editable": true}}',
    '{"url": "file:///dev/zero", "archive_info": {"hash": "sha256=00"}}',
    '{"url": "file:///a%00b", "dir_info": {"editable": true}}',
    "[" * 50_000,
    '{"url": "x", "n": ' + "9" * 5000 + "}",
)


def make(path: Path) -> None:
    """Make the prefix: devices, pipes, sockets, loops, folders for files, names of other encodings, values of any type."""
    prefix = wild_conda(path)
    prefix.python()
    meta, site = path / "conda-meta", path / prefix.site
    site.mkdir(parents=True)
    entries = [{"_path": name, "sha256": "0" * 64} for name in ("lib/zero", "lib/pipe", "lib/loop", "/etc/passwd", "../../x")]
    prefix.record("owner", files=[entry["_path"] for entry in entries], paths_data={"paths": entries})
    (path / "lib" / "zero").symlink_to("/dev/zero")
    (path / "lib" / "loop").symlink_to("loop")
    pipes = [path / "lib" / "pipe", meta / "pipe-1-0.json", meta / "pinned", site / "pipe-1.dist-info", site / "pipe.egg-link"]
    for pipe in (*pipes, path / "pip.conf", path / ".condarc", path / "pyvenv.cfg"):
        os.mkfifo(pipe)
    (meta / "zero-1-0.json").symlink_to("/dev/zero")
    (meta / "state").symlink_to("/dev/zero")
    (meta / "loop-1-0.json").symlink_to("loop-1-0.json")
    (meta / "folder-1-0.json").mkdir()
    (meta / "history").unlink()
    (meta / "history").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        # such a path may be at most some hundred letters long
        listener.bind(str(path.parent / "s"))
        (path.parent / "s").rename(meta / "socket-1-0.json")
    for number, origin in enumerate(WILD_ORIGINS):
        prefix.dist(f"origin{number}", direct_url=origin, record='/etc/passwd,sha256=x,1\n../../../../../etc/passwd,,\n,\n"cut')
    prefix.dist("letters", metadata=f"Name: letters{ESCAPE}\nVersion: 1{ESCAPE}\n")
    for name in (f"odd{ESCAPE}-1-0.json", "new\nline-1-0.json", os.fsdecode(b"bad\xff-1-0.json")):
        # macOS has no such names
        with contextlib.suppress(OSError):
            (meta / name).write_text("")
    (site / f"added{ESCAPE}.py").write_text("")
    prefix.record("circle-a", depends=["circle-b"])
    prefix.record("circle-b", depends=["circle-a"])
    prefix.record("types", channel=[], url=5, depends={"a": 1}, files=[None, 1], size=float("nan"), timestamp=10**400, noarch=[])


def run(home: Path, *argv: str | Path) -> subprocess.CompletedProcess[str]:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    return subprocess.run(
        [sys.executable, "-m", "envkeep", *map(str, argv)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        preexec_fn=limit if sys.platform.startswith("linux") else None,
        stdin=subprocess.DEVNULL,
        cwd=home,
        check=False,
    )


def test_every_command_survives_it(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "nasty"
    make(path)
    before = snapshot(path)
    done = {}
    for argv in (
        ("backup", "-p", path),
        ("backup", "-p", path, "--json"),
        ("status", "-p", path),
        ("show", "nasty@latest"),
        ("show", "nasty@latest", "--json"),
        ("check", "-p", path),
        ("check", "-p", path, "--files"),
        ("diff", "nasty@latest", f"live:{path}"),
        ("verify", "nasty@latest", "-p", path, "--files"),
        ("export", "-p", path),
        ("export", "-p", path, "--format", "explicit"),
        ("export", "-p", path, "--format", "portable"),
        ("export", "-p", path, "--format", "requirements"),
        ("restore", "nasty@latest", "-p", tmp_path / "new", "-d", "--offline"),
    ):
        ran = run(home, *argv)
        line = " ".join(map(str, argv))
        assert "Traceback" not in ran.stderr, f"{line}\n{ran.stderr}"
        assert ran.returncode in {0, 1, 3}, line
        assert "\x1b" not in ran.stdout + ran.stderr, line
        done[argv[0]] = ran
    assert done["backup"].returncode == done["show"].returncode == done["export"].returncode == 0
    assert snapshot(path) == before


def test_a_value_that_commands_a_terminal_is_kept_and_shown_without_its_commands(home: Path, tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "lab")
    prefix.python()
    (prefix.path / "conda-meta" / "state").write_text(json.dumps({"env_vars": {"PROMPT": f"{ESCAPE}lab\n> "}}))
    assert run(home, "backup", "-p", prefix.path).returncode == 0
    shown = run(home, "show", "lab@latest")
    assert "PROMPT=?[31mlab?>" in shown.stdout
    exported = run(home, "export", "lab@latest").stdout
    assert "\x1b" not in exported
    assert yaml.safe_load(exported)["variables"] == {"PROMPT": f"{ESCAPE}lab\n> "}
