"""What people read, word for word."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envkeep.checking.files import FileFinding
from envkeep.checking.finding import Finding
from envkeep.keeping.backup import backup
from envkeep.model.record import Origin, Requested, Transaction
from envkeep.report.check import check_text
from envkeep.report.record import origin_text, record_text
from envkeep.store.store import Store
from support.command import command
from support.prefixes import conda_prefix, install, remove
from support.records import record
from support.stores import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FIRST = """\
microscope: kept {stamp} (no Python, 2 conda packages, 0 pip packages)
  {home}/environments/microscope/{stamp}_environment.txt
  the first backup of this environment
"""

_LIST = """\
microscope: 2 backups of {prefix}
  stamp           Python  conda  pip  changed      tags   note
  20250201112405  none    2      0    {marks}  paper
  20250131112405  none    2      0                        as delivered
"""

_ALL = """\
  environment  backups  newest          Python  conda  pip  prefix
  microscope   2        20250201112405  none    2      0    {prefix}
"""

_SHOW = """\
microscope@20250131112405 (as delivered)
  captured              2025-01-31 11:24:05+00:00
  prefix                {prefix}
  kind                  conda, linux-64
  Python                none
  channels              conda-forge
  requested (inferred)  bzip2, zlib
  variables             LAB_ROOM=12
                        LAB_TOKEN=(kept, not shown)
  indexes               {index}
conda: 2 packages
  bzip2  1.0.8  h4  conda-forge
  zlib   1.2    h0  conda-forge
"""

_DIFF = """\
microscope@20250131112405 -> microscope@20250201112405: 5 changes (+1 -1 {up}1 *2)
  - bzip2 1.0.8 (conda)
  + libpng 1.6 (conda; from conda-forge)
  {up} zlib 1.2 -> 1.3 (conda)
  * requested bzip2 bzip2 -> none (inferred from what nothing else needs)
  * requested libpng none -> libpng (inferred from what nothing else needs)
"""

_STATUS = """\
microscope ({prefix}): no Python, 2 conda packages, 0 pip packages
nothing changed since 20250201112405
"""

_FIND = """\
microscope@20250131112405  zlib  1.2  h0  conda
microscope@20250201112405  zlib  1.3  h0  conda  paper
"""

_ROTATION = """\
keep  microscope@20250131112405  number 1 of the newest 25
keep  microscope@20250201112405  tagged paper
"""

_FORGET = """\
would remove microscope@20250131112405
"""

_UNKNOWN = """\
error: microscope has no backup 'papr'
  Did you mean paper? There are:
    20250201112405 (2025-02-01 11:24:05, tag paper)
    20250131112405 (2025-01-31 11:24:05)
"""


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("no way to set the time zone")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def prefix(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two backups: zlib rose, libpng came, bzip2 went."""
    prefix = conda_prefix(tmp_path / "envs" / "microscope", "zlib=1.2=h0", "bzip2=1.0.8=h4")
    (prefix / "conda-meta" / "state").write_text('{"env_vars": {"LAB_ROOM": "12", "LAB_TOKEN": "hunter2hunter2"}}')
    store = Store(home / ".envkeep")
    backup(prefix, store, now=NOON, note="as delivered")
    remove(prefix, "zlib=1.2=h0")
    remove(prefix, "bzip2=1.0.8=h4")
    install(prefix, "zlib=1.3=h0")
    install(prefix, "libpng=1.6=h1")
    backup(prefix, store, now=NOON + timedelta(days=1), tag="paper")
    monkeypatch.setenv("CONDA_PREFIX", str(prefix))
    return prefix


def test_list(prefix: Path) -> None:
    assert command("list").out == _LIST.format(prefix=prefix, marks="+1 -1 ↑1 *2")
    assert command("list", encoding="ascii").out == _LIST.format(prefix=prefix, marks="+1 -1 ^1 *2")
    assert command("list", "--all").out == _ALL.format(prefix=prefix)


def test_show(prefix: Path) -> None:
    assert command("show", "latest~1").out == _SHOW.format(prefix=prefix, index=os.environ["PIP_INDEX_URL"])


def test_what_was_asked_for_is_spelled_as_in_exports() -> None:
    asked = ("six[version='>=1.17']", "no spec[")
    shown = record_text(record(requested=Requested(specs=asked)), "lab")
    assert "  requested  six>=1.17, no spec[\n" in shown + "\n"


def test_what_conda_did_before_is_told_and_of_much_the_end() -> None:
    made = Transaction(when="2025-01-31 11:24:05", command="/opt/conda/bin/conda create -n lab python", added=("a", "b"))
    crashed = Transaction(when="2025-01-31 11:25:05")
    updated = Transaction(
        when="2025-01-31 11:26:05", command=r"C:\conda\Scripts\conda-script.py update a", added=("a",), removed=("a",)
    )
    shown = record_text(record(history=(made, crashed, updated)), "lab")
    told = (
        "history: 3 transactions\n"
        "  2025-01-31 11:24:05  +2     conda create -n lab python\n"
        "  2025-01-31 11:25:05\n"
        "  2025-01-31 11:26:05  +1 -1  conda-script.py update a\n"
    )
    assert told in shown + "\n"
    much = record(history=(made, *[crashed] * 9, updated))
    assert "history: 11 transactions, the last 10 of them (-v tells all)\n" in record_text(much, "lab")
    assert "conda create" not in record_text(much, "lab")
    assert "conda create" in record_text(much, "lab", verbose=True)


def test_the_state_of_a_checkout_is_shown() -> None:
    origin = Origin(
        kind="directory", url="file:///home/me/lab", editable=True, vcs="git", commit="1" * 40, remote="git@host:lab.git"
    )
    clean = origin_text(replace(origin, dirty=False, unpushed=False))
    assert clean == "editable file:///home/me/lab, git git@host:lab.git at 111111111111"
    told = origin_text(replace(origin, dirty=True, unpushed=True))
    assert told == clean + ", uncommitted changes, commit not pushed"
    # git was not there, or would not say
    assert origin_text(origin) == clean + ", state not known"
    assert "state" not in origin_text(replace(origin, editable=False, commit=None))


def test_diff(prefix: Path) -> None:
    assert command("diff", "latest~1", "latest").out == _DIFF.format(up="↑")
    assert command("diff", "latest~1", "latest", encoding="ascii").out == _DIFF.format(up="^")


def test_status(prefix: Path) -> None:
    assert command("status").out == _STATUS.format(prefix=prefix)
    assert command().out == _STATUS.format(prefix=prefix) + "next: envkeep list; to rebuild: envkeep restore latest\n"


def test_find(prefix: Path) -> None:
    assert command("find", "zlib").out == _FIND
    assert command("find", "zlib>=2").out == "no backup holds zlib>=2\n"


def test_forget(prefix: Path) -> None:
    assert command("forget", "--dry-run").out == _ROTATION
    assert command("forget", "latest~1", "--dry-run").out == _FORGET
    assert command("forget", "latest", "--yes").out == "removed microscope@20250201112405 (tagged paper)\n"


def test_a_file_that_was_there_is_not_replaced_unsaid(prefix: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.yml"
    assert command("export", "-o", file).out == f"wrote {file}\n"
    assert command("export", "-o", file).out == f"wrote {file}, in place of the file that was there\n"


def test_doctor_goes_on_where_settings_are_wrong(prefix: Path, home: Path) -> None:
    (home / ".envkeep" / "config.toml").write_text("[nosuch]\n")
    ran = command("doctor")
    assert ran.status == 3
    assert "settings: wrong, the defaults are taken here\n" in ran.out
    assert f"{home / '.envkeep' / 'config.toml'}:1: table 'nosuch' is unknown\n" in ran.out
    assert f"store: {home / '.envkeep' / 'environments'}\n  sound\n" in ran.out
    assert command("doctor", "--json").document["result"]["settings"]["fact"]


def test_inspect_names_no_place_that_nobody_chose(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "loose.txt"
    file.write_text("six==1.16.0\n")
    out = command("inspect", file).out
    assert "plan for a new environment:\n" in out
    assert "PREFIX" not in out
    assert "install 1 Python package with its dependencies" in out
    plan = command("inspect", file, "--json").document["result"]["plan"]
    assert (plan["target"], plan["name"]) == ("", "")


def test_list_goes_on_where_the_settings_are_wrong(prefix: Path, home: Path) -> None:
    assert command("backup", "-p", prefix).status == 0
    sound = command("list", "-p", prefix)
    settings = home / ".envkeep" / "config.toml"
    settings.write_text("[nosuch]\nkey = 1\n[backup]\nlimit = 'many'\n")
    ran = command("list", "-p", prefix)
    assert (ran.status, ran.out) == (0, sound.out)
    assert ran.err == "the settings are wrong and do not count here (2 settings are wrong); see `envkeep doctor`\n"
    settings.write_text("[nosuch]\nkey = 1\n")
    assert command("list", "-p", prefix).err.startswith(
        f"the settings are wrong and do not count here ({settings}:1: table 'nosuch'"
    )


def test_many_specs_are_counted(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    specs = [f"package{number}" for number in range(37)]
    file.write_text(f"channels: [file:///nowhere]\ndependencies: [{', '.join(specs)}]\n")
    out = command("inspect", file).out
    assert "write into the history what was asked for: 37 specs\n       package0\n" in out


def test_an_unknown_backup(prefix: Path) -> None:
    assert command("show", "papr").err == _UNKNOWN


def test_a_first_backup(home: Path, tmp_path: Path) -> None:
    prefix = conda_prefix(tmp_path / "envs" / "microscope", "zlib=1.2=h0", "bzip2=1.0.8=h4")
    out = command("backup", "-p", prefix).out
    (kept,) = (home / ".envkeep").glob("environments/microscope/*_environment.txt")
    assert out == _FIRST.format(stamp=kept.name[:14], home=home / ".envkeep")


def test_problems_are_hinted_at_and_verbose_lists_them(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = conda_prefix(tmp_path / "lab", "zlib=1.2=h0")
    (prefix / "conda-meta" / "broken-1-0.json").write_text("")
    monkeypatch.setenv("CONDA_ENVS_PATH", str(tmp_path))
    hint = "  1 problem seen while reading; --verbose lists them"
    for argv in (("backup", "--all"), ("status", "-p", str(prefix))):
        told, more = command(*argv).out.splitlines(), command(*argv, "-v").out
        assert hint in told
        assert hint not in more
        assert "conda-meta/broken-1-0.json" in more
    assert command("status", "-p", prefix, "--json").document["problems"]
    assert home.exists()


def test_check_counts_what_it_lists() -> None:
    files = [FileFinding(kind="altered", path=f"lib/{name}.py", package="x", manager="conda") for name in "ab"]
    finding = Finding(rank="unclear", code="history-lost", subject="lab", fact="it is", remedy="Look.")
    assert check_text("lab", [finding], files, ()).splitlines()[-1] == "lab: 1 finding, 2 files not as installed"
    assert check_text("lab", [], files[:1], ()).splitlines()[-1] == "lab: 1 file not as installed"
    assert check_text("lab", [finding], (), ()).splitlines()[-1] == "lab: 1 finding"
    assert check_text("lab", [], (), ()) == "lab: all of it can be rebuilt"


def test_a_tag_without_a_new_backup_is_said(prefix: Path) -> None:
    assert command("backup", "-p", prefix).status == 0
    said = command("backup", "-p", prefix, "--tag", "beam").out
    first, second = said.splitlines()[:2]
    assert first.endswith("nothing new kept")
    assert second.endswith("is now tagged beam")
