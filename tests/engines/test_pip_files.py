"""Where pip's settings are read from: held against pip's own word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from envkeep.capturing.indexes import configured_indexes
from envkeep.engines.pip_files import pip_files
from envkeep.engines.pip_settings import pip_settings

_PLACES = ("xdg-a/pip/pip.conf", "xdg-b/pip/pip.conf", "home/.pip/pip.conf", "home/.config/pip/pip.conf", "named.conf")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the places are Linux's")
@pytest.mark.parametrize(
    ("there", "named"),
    [
        (_PLACES[:1], False),
        (_PLACES[:2], False),
        (_PLACES[:3], False),
        (_PLACES[:4], True),
        (_PLACES, True),
        ((_PLACES[1], _PLACES[3]), True),
    ],
)
def test_of_several_files_that_counts_which_counts_for_pip(tmp_path: Path, there: tuple[str, ...], named: bool) -> None:
    for place in there:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[global]\nindex-url = {(tmp_path / place).parent.as_uri()}\n")
    environ = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": f"{tmp_path / 'xdg-a'}:{tmp_path / 'xdg-b'}"}
    if named:
        environ["PIP_CONFIG_FILE"] = str(tmp_path / "named.conf")
    command = [sys.executable, "-m", "pip", "download", "nothing", "--no-deps", "--disable-pip-version-check"]
    said = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environ}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    (counts,) = (line.rpartition(" ")[2] for line in said.stdout.splitlines() if line.startswith("Looking in indexes: "))
    assert pip_settings(environ).index_url == counts
    assert configured_indexes(None, environ).main[0] == counts


def test_the_environments_own_file_comes_before_the_named_one(tmp_path: Path) -> None:
    named = tmp_path / "named.conf"
    found = list(pip_files({"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(named)}, tmp_path / "env"))
    assert found[-3:] == [tmp_path / "env" / "pip.conf", tmp_path / "env" / "pip.ini", named]
    assert list(pip_files({"PIP_CONFIG_FILE": os.devnull}, tmp_path)) == []


def test_nobodys_home_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    assert all("pip" in path.name for path in pip_files({}))
