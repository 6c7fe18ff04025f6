"""A backup that reads nothing, because nothing moved; and never where something did."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envkeep
from envkeep import __version__
from envkeep.capturing.capture import capture
from envkeep.formats.requirements_txt import write
from envkeep.keeping.backup import backup
from envkeep.keeping.unchanged import look, look_as_configured
from envkeep.model.content import content_digest
from envkeep.store import seen
from envkeep.store.seen import holds, read_seen, seen_file, signature
from envkeep.store.store import Store
from support.changing import CHANGES, Lab
from support.prefixes import install

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkeep.store.layout import Backup, StoredEnvironment
    from support.channel import Index

# the kernel stamps files with a clock of 4 ms (CONFIG_HZ=250), 16 ms on Windows
_TICK = 0.02


def settle(prefix: Path, store: Store) -> None:
    """Back up until nothing is left to do."""
    for _ in range(2):
        time.sleep(_TICK)
        backup(prefix, store)
    time.sleep(_TICK)


def last_digest(prefix: Path, store: Store) -> str | None:
    stored = store.find_environment(prefix)
    assert stored is not None
    return store.backups(stored)[-1].digest


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("change", CHANGES[1:], ids=lambda change: change.__name__.strip("_"))
def test_each_change_is_seen(change: Callable[[Lab, int], None], tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    for prepared in ("_develop", "_conda_install", "_pip_install", "_pinned", "_pip_is_at_work"):
        if prepared != change.__name__:
            next(each for each in CHANGES if each.__name__ == prepared)(lab, 0)
    if change.__name__ == "_git_comes_back":
        (lab.project / ".git").rename(lab.project / "gone.git")
    if change.__name__ == "_git_branch":
        (lab.project / ".git" / "HEAD").write_text("3" * 40)
    settle(lab.prefix, store)
    assert look(lab.prefix, store) is not None
    change(lab, 1)
    assert envkeep.export(format="requirements", prefix=lab.prefix, home=store.home) == write(
        capture(lab.prefix), name_indexes=True
    )
    result = backup(lab.prefix, store)
    assert result.kept is not None
    assert result.kept.digest == content_digest(capture(lab.prefix))


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_metadata_that_is_a_link_into_a_cache_which_is_emptied(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    info = lab.pip_install("six", "1.0")
    (info / "METADATA").rename(tmp_path / "cached")
    (info / "METADATA").symlink_to(tmp_path / "cached")
    settle(lab.prefix, store)
    assert look(lab.prefix, store) is not None
    (tmp_path / "cached").unlink()
    assert look(lab.prefix, store) is None
    kept = backup(lab.prefix, store).kept
    assert kept is not None
    assert kept.digest == content_digest(capture(lab.prefix))


@pytest.mark.usefixtures("at_once")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 3)), min_size=2, max_size=8))
def test_the_last_backup_is_always_what_is_there(steps: list[tuple[Callable[[Lab, int], None], int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "home")
        lab = Lab(Path(folder))
        for change, draw in steps:
            change(lab, draw)
            for _ in range(2):
                time.sleep(_TICK)
                backup(lab.prefix, store)
                assert last_digest(lab.prefix, store) == content_digest(capture(lab.prefix))


@pytest.mark.usefixtures("at_once")
def test_where_nothing_moved_nothing_is_read(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    result = backup(lab.prefix, store)
    assert (result.kept, result.record) == (None, None)
    assert result.previous is not None
    assert result.previous.digest == content_digest(capture(lab.prefix))
    assert result.problems == capture(lab.prefix).problems
    told = envkeep.backup(lab.prefix, home=store.home)
    assert told is not None
    assert pickle.loads(pickle.dumps(told)).previous == copy.deepcopy(told).previous == result.previous
    # the code of an editable checkout is edited all day, and modules are compiled
    (lab.project / "module.py").write_text("x = 1")
    assert backup(lab.prefix, store).record is None
    assert backup(lab.prefix, store, afresh=True).record is not None
    assert backup(lab.prefix, store, force=True).kept is not None


@pytest.mark.usefixtures("at_once")
def test_hundreds_of_packages_that_pip_just_installed_are_no_more_to_look_at(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    for number in range(500):
        info = lab.pip_install(f"fresh{number}", "1.0")
        (info / "RECORD").write_text(f"fresh{number}.py,sha256=a,1\n{info.name}/INSTALLER,sha256=b,4\n{info.name}/RECORD,,\n")
    settle(lab.prefix, store)
    assert look(lab.prefix, store) is not None
    note = json.loads(Path(seen_file(str(store.home), str(lab.prefix))).read_text())
    assert len(note["still"]) < 60
    # one that is not finished is looked at for itself
    unfinished = lab.pip_install("slow", "1.0")
    settle(lab.prefix, store)
    (unfinished / "RECORD").write_text("slow.py,sha256=c,1\n")
    (unfinished / "direct_url.json").write_text(json.dumps({"url": "https://example.org/slow.whl", "archive_info": {}}))
    assert backup(lab.prefix, store).kept is not None


def note_of(prefix: Path, store: Store) -> Path:
    return Path(seen_file(str(store.home), str(prefix)))


def as_if_within_a_tick(note: Path) -> None:
    """Make what is noted of the store's files what stands there now, as if they had moved within the clock's grain."""
    raw = json.loads(note.read_text())
    assert raw["young"]
    raw["still"].update({path: signature(path) for path in raw["young"]})
    note.write_text(json.dumps(raw))


@pytest.mark.usefixtures("at_once")
def test_what_was_kept_just_now_is_known_and_its_files_are_read_until_they_are_at_rest(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    time.sleep(_TICK)
    kept = backup(lab.prefix, store).kept
    assert kept is not None
    monkeypatch.setattr(seen, "_GRAIN", 3600 * 10**9)
    known = look(lab.prefix, store)
    assert known is not None
    assert known.backup == kept
    note = note_of(lab.prefix, store)
    young = json.loads(note.read_text())["young"]
    assert {str(kept.txt), str(kept.folder), str(kept.environment.path)} <= young.keys()
    monkeypatch.setattr(seen, "_GRAIN", 0)
    time.sleep(_TICK)
    assert look(lab.prefix, store) is not None
    assert json.loads(note.read_text()) == {**json.loads(note.read_text()), "young": {}}
    assert look(lab.prefix, store) is not None


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("file", ["", "explicit.txt", "manifest.json"])
def test_a_backup_edited_within_the_tick_of_its_making_is_made_again(file: str, tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    time.sleep(_TICK)
    kept = backup(lab.prefix, store).kept
    assert kept is not None
    assert kept.folder is not None
    edited = kept.folder / file if file else kept.txt
    # as long as it was, and still a manifest
    edited.write_bytes(edited.read_bytes().replace(b"0", b"1"))
    as_if_within_a_tick(note_of(lab.prefix, store))
    assert look(lab.prefix, store) is None


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("when", ["before it is noted", "within the tick"])
def test_a_list_that_pymodaq_writes_beside_what_is_kept_is_looked_at(
    when: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)

    def write_list() -> None:
        folder = store.path / lab.prefix.name
        text = f"# executable: {lab.prefix}/bin/python\n# version: 3.12.1\nanother==1.0\n"
        (folder / "20990101120000_environment.txt").write_text(text)

    if when == "before it is noted":
        rotate = Store.rotate

        def rotated(*args: Any) -> Any:
            gone = rotate(*args)
            write_list()
            return gone

        monkeypatch.setattr(Store, "rotate", rotated)
    time.sleep(_TICK)
    assert backup(lab.prefix, store).kept is not None
    monkeypatch.undo()
    monkeypatch.setattr(seen, "_GRAIN", 0)
    if when == "within the tick":
        write_list()
        as_if_within_a_tick(note_of(lab.prefix, store))
    assert look(lab.prefix, store) is None
    assert backup(lab.prefix, store).kept is not None


def _cache_is_emptied(lab: Lab, _kept: Path) -> None:
    (lab.prefix.parent / "cached").unlink()


def _prefix_is_another(lab: Lab, _kept: Path) -> None:
    lab.prefix.rename(lab.prefix.with_name("elsewhere"))
    shutil.copytree(lab.prefix.with_name("elsewhere"), lab.prefix, symlinks=True)


def _record_is_removed(_lab: Lab, kept: Path) -> None:
    (kept / "record.json.gz").unlink()


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
@pytest.mark.parametrize("change", [_cache_is_emptied, _prefix_is_another, _record_is_removed])
def test_what_changes_while_a_backup_is_written_is_not_taken_for_what_was_captured(
    change: Callable[[Lab, Path], None], tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    info = lab.pip_install("six", "1.0")
    (info / "METADATA").rename(tmp_path / "cached")
    (info / "METADATA").symlink_to(tmp_path / "cached")
    rotate = Store.rotate

    def rotated(self: Store, environment: StoredEnvironment) -> tuple[Backup, ...]:
        folder = self.backups(environment)[-1].folder
        assert folder is not None
        change(lab, folder)
        return rotate(self, environment)

    time.sleep(_TICK)
    monkeypatch.setattr(Store, "rotate", rotated)
    assert backup(lab.prefix, store).kept is not None
    monkeypatch.setattr(Store, "rotate", rotate)
    assert look(lab.prefix, store) is None
    assert look_as_configured(str(lab.prefix), str(store.home)) is None


@pytest.mark.usefixtures("at_once")
def test_a_note_that_somebody_removed_is_not_written_again(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    time.sleep(_TICK)
    backup(lab.prefix, store)
    time.sleep(_TICK)
    note = note_of(lab.prefix, store)
    known = read_seen(str(note))
    assert known is not None
    assert known.young
    note.unlink()
    assert holds(str(note), known)
    assert not note.exists()


@pytest.mark.usefixtures("at_once")
def test_a_copied_home_goes_by_no_note_of_the_first(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    assert look_as_configured(str(lab.prefix), str(store.home)) is not None
    shutil.copytree(store.home, tmp_path / "copied")
    shutil.rmtree(tmp_path / "copied" / "environments")
    assert look_as_configured(str(lab.prefix), str(tmp_path / "copied")) is None
    if sys.platform != "win32":
        (tmp_path / "link").symlink_to(store.home)
        assert look_as_configured(str(lab.prefix), str(tmp_path / "link")) is not None


def test_what_moved_a_moment_ago_is_looked_at_again(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    backup(lab.prefix, store)
    backup(lab.prefix, store)
    assert look(lab.prefix, store) is None


@pytest.mark.usefixtures("at_once")
def test_a_backup_that_is_gone_or_touched_is_made_again(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    previous = backup(lab.prefix, store).previous
    assert previous is not None
    assert previous.folder is not None
    (previous.folder / "explicit.txt").write_text("cut short")
    again = backup(lab.prefix, store)
    assert again.kept is not None
    settle(lab.prefix, store)
    shutil.rmtree(store.path)
    assert backup(lab.prefix, store).kept is not None


@pytest.mark.usefixtures("at_once")
def test_another_limit_rotates_though_nothing_moved(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    backup(lab.prefix, store, force=True)
    backup(lab.prefix, store, force=True)
    settle(lab.prefix, store)
    fewer = Store(store.home, limit=1)
    assert look(lab.prefix, fewer) is None
    assert len(backup(lab.prefix, fewer).rotated) == 1


@pytest.mark.usefixtures("at_once")
def test_a_tag_is_put_on_though_nothing_moved(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    tagged = backup(lab.prefix, store, tag="paper").previous
    assert tagged is not None
    assert tagged.tags == ("paper",)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 1),
        ("schema", 4),
        ("young", None),
        ("written_by", "0.0.0"),
        ("taken", 0),
        # an id of its own: two processes that share the tests have to name it alike
        pytest.param("taken", time.time_ns() + 10**12, id="taken-later"),
        ("asked", "3.9.0"),
        ("prefix", "/elsewhere"),
        ("store", "/elsewhere"),
        ("still", None),
        ("problems", [["odd"]]),
    ],
)
def test_a_note_that_does_not_fit_counts_for_nothing(key: str, value: object, tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    note = Path(seen_file(str(store.home), str(lab.prefix)))
    raw = json.loads(note.read_text())
    assert raw["written_by"] == __version__
    assert look(lab.prefix, store) is not None
    note.write_text(json.dumps({**raw, key: value}))
    assert look(lab.prefix, store) is None
    assert backup(lab.prefix, store).record is not None


@pytest.mark.usefixtures("at_once")
def test_a_note_cut_short_or_in_the_way_harms_nothing(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    note = Path(seen_file(str(store.home), str(lab.prefix)))
    whole = note.read_bytes()
    for damage in (b"", whole[:-5], b"\x00" * len(whole), b"[]", b"[" * 100_000):
        note.write_bytes(damage)
        assert read_seen(str(note)) is None
        assert backup(lab.prefix, store).kept is None
        time.sleep(_TICK)
    shutil.rmtree(note.parent)
    note.parent.write_text("a file in the way")
    assert backup(lab.prefix, store).kept is None


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_note_is_its_owners_alone(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    notes = list((store.home / "seen").iterdir())
    assert {stat.S_IMODE(note.stat().st_mode) for note in notes} == {0o600}
    assert stat.S_IMODE((store.home / "seen").stat().st_mode) == 0o700


@pytest.mark.usefixtures("at_once")
def test_an_environment_that_cannot_be_read_whole_is_read_each_time(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    (lab.prefix / "conda-meta" / "broken-1.0-0.json").write_text("{")
    settle(lab.prefix, store)
    assert look(lab.prefix, store) is None


@pytest.mark.usefixtures("at_once")
def test_what_pip_and_uv_do_to_a_venv_is_seen(tmp_path: Path, store: Store, index: Index) -> None:
    prefix = tmp_path / "venv"
    venv.create(prefix, with_pip=False, symlinks=os.name != "nt")
    python = prefix / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wheel = index.wheel("colorlog", "6.9.0")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "-q"]
    steps = [[*pip, "install", "--no-deps", "--no-index", str(wheel)], [*pip, "uninstall", "-y", "colorlog"]]
    uv = shutil.which("uv", path=os.path.dirname(sys.executable))  # noqa: PTH120
    if uv is not None:
        steps += [
            [uv, "pip", "install", "-q", "--offline", "--no-deps", "--no-index", "--python", str(python), str(wheel)],
            [uv, "pip", "uninstall", "-q", "--python", str(python), "colorlog"],
        ]
    settle(prefix, store)
    for step in steps:
        assert look(prefix, store) is not None
        subprocess.run(step, check=True)
        assert backup(prefix, store).kept is not None
        settle(prefix, store)


@pytest.mark.usefixtures("at_once")
def test_our_own_python_is_not_taken_for_what_an_updated_one_would_be(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(lab.prefix))
    settle(lab.prefix, store)
    assert look(lab.prefix, store) is not None
    monkeypatch.setattr(sys, "version", "3.99.0 (another)")
    assert look(lab.prefix, store) is None


@pytest.mark.usefixtures("at_once")
def test_a_look_by_way_of_a_link_is_one_of_its_own(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    settle(lab.prefix, store)
    install(lab.prefix, "bzip2=1.0=h0")
    other = tmp_path / "other" / "lab"
    other.parent.mkdir()
    other.symlink_to(lab.prefix)
    assert backup(other, store).kept is not None
    assert backup(lab.prefix, store).kept is not None or look(lab.prefix, store) is None
