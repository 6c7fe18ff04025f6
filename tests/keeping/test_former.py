"""A backup that reads again only what moved since the last one, and never takes an old reading for a new one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envkeep
from envkeep import __version__
from envkeep.capturing import conda_meta, distribution, interpreter, reinstalled
from envkeep.capturing.capture import capture
from envkeep.capturing.former import Former
from envkeep.keeping.backup import backup
from envkeep.keeping.former import capture_beside, former_of
from envkeep.store import readings as readings_module
from envkeep.store.readings import read_readings
from envkeep.store.seen import seen_file
from envkeep.store.store import Store
from support.captures import alike, forget_what_was_read
from support.changing import CHANGES, IN_PLACE, Lab
from support.prefixes import install
from support.trees import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkeep.model.record import PythonInfo, Record

# the kernel stamps files with a clock of 4 ms (CONFIG_HZ=250), 16 ms on Windows
_TICK = 0.02


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of packages and distributions that are read, by name."""
    found: list[str] = []

    def watched(module: object, function: str) -> None:
        read = getattr(module, function)

        def read_and_tell(path: str | Path, limit: int) -> Any:
            name = Path(path).name
            found.append(name if Path(path).parent.name == "conda-meta" else f"{Path(path).parent.name}/{name}")
            return read(path, limit)

        monkeypatch.setattr(module, function, read_and_tell)

    watched(conda_meta, "read_file")
    watched(distribution, "read_bytes")
    watched(reinstalled, "read_bytes")
    return found


def back_up(prefix: Path, store: Store) -> Record:
    time.sleep(_TICK)
    record = backup(prefix, store, afresh=True).record
    time.sleep(_TICK)
    assert record is not None
    return record


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("another_process", [False, True], ids=["same process", "another process"])
@pytest.mark.parametrize("copied", [False, True], ids=["made here", "copied"])
@pytest.mark.parametrize("change", [*CHANGES, *IN_PLACE], ids=lambda change: change.__name__.strip("_"))
def test_after_each_change_the_record_is_what_an_uncached_capture_gives(
    change: Callable[[Lab, int], None], copied: bool, another_process: bool, tmp_path: Path, store: Store
) -> None:
    lab = Lab(tmp_path)
    first = {"_develop", "_conda_install", "_pip_install", "_pinned", "_pip_is_at_work", "_conda_installs_a_distribution"}
    first |= {"_copied_without_times"} if copied else set()
    for prepared in (*CHANGES, *IN_PLACE):
        if prepared.__name__ in first:
            prepared(lab, 0)
    back_up(lab.prefix, store)
    for draw in (1, 2):
        change(lab, draw)
        if another_process:
            forget_what_was_read()
        assert alike(without_states(back_up(lab.prefix, store)), capture(lab.prefix, ask_git=False))


@pytest.mark.usefixtures("at_once")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from((*CHANGES, *IN_PLACE)), st.integers(0, 3), st.booleans()), min_size=2, max_size=8))
def test_whatever_came_before_the_record_is_what_an_uncached_capture_gives(
    steps: list[tuple[Callable[[Lab, int], None], int, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "home")
        lab = Lab(Path(folder))
        for change, draw, another_process in steps:
            change(lab, draw)
            time.sleep(_TICK)
            if another_process:
                forget_what_was_read()
            record = backup(lab.prefix, store, afresh=True).record
            assert record is not None
            assert alike(without_states(record), capture(lab.prefix, ask_git=False))


def without_states(record: Record) -> Record:
    dists = [
        dist if dist.origin is None else replace(dist, origin=replace(dist.origin, dirty=None, unpushed=None))
        for dist in record.distributions
    ]
    return replace(record, distributions=tuple(dists))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("times", list(permutations((1, 2, 3))))
def test_of_three_records_of_a_package_the_same_is_said_whichever_was_known_before(
    tmp_path: Path, store: Store, times: tuple[int, ...]
) -> None:
    lab = Lab(tmp_path)
    versions = ("1.2", "1.0", "1.1")
    record = back_up(lab.prefix, store)
    for added in (versions[:1], versions[1:]):
        for version in added:
            install(lab.prefix, f"lib={version}=h0")
            at = times[versions.index(version)] * 10**9
            os.utime(lab.prefix / "conda-meta" / f"lib-{version}-h0.json", ns=(at, at))
        record = back_up(lab.prefix, store)
    assert alike(without_states(record), capture(lab.prefix, ask_git=False))


@pytest.mark.usefixtures("at_once")
def test_only_what_moved_is_read_again(tmp_path: Path, store: Store, reads: list[str]) -> None:
    lab = Lab(tmp_path)
    lab.pip_install("six", "1.0")
    lab.pip_install("attrs", "1.0")
    back_up(lab.prefix, store)
    assert {"zlib-1.3-h0.json", "six-1.0.dist-info/METADATA"} <= set(reads)
    reads.clear()
    install(lab.prefix, "xz=5.1=h1")
    lab.pip_install("six", "1.1")
    record = back_up(lab.prefix, store)
    # what an editable install says of its folder is read each time, for the checkout there may have moved
    assert {name for name in reads if not name.startswith("editable-")} == {
        "xz-5.1-h1.json",
        *(f"six-1.1.dist-info/{name}" for name in ("METADATA", "direct_url.json", "RECORD", "INSTALLER", "WHEEL")),
    }
    assert [package.name for package in record.conda] == ["xz", "zlib"]
    assert [(dist.name, dist.version) for dist in record.distributions] == [
        ("attrs", "1.0"),
        ("editable", "1.0"),
        ("six", "1.1"),
    ]


@pytest.mark.usefixtures("at_once")
def test_what_this_process_found_is_carried_over_whatever_lies_beside_it(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    attrs, six = lab.conda_install("attrs", "1.0"), lab.conda_install("six", "1.0")
    # one of pip's that is imported in the place of conda's, which stays
    newer = lab.site / "six-1.1.dist-info"
    shutil.copytree(six, newer)
    (newer / "METADATA").write_text("Metadata-Version: 2.1\nName: six\nVersion: 1.1\n\n")
    asked: list[str] = []
    unmoved = Former.unmoved

    def unmoved_and_tell(self: Former, folder: Any, owners: Any) -> Any:
        found = unmoved(self, folder, owners)
        asked.extend(found)
        return found

    monkeypatch.setattr(Former, "unmoved", unmoved_and_tell)
    for version in "123":
        lab.pip_install("tool", version)
        asked.clear()
        record = back_up(lab.prefix, store)
        assert alike(without_states(record), capture(lab.prefix, ask_git=False))
        assert [dist.version for dist in record.distributions if dist.name == "six"] == ["1.1"]
    assert asked == [attrs.name]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("another_process", [False, True], ids=["same process", "another process"])
def test_whose_a_copied_distribution_is_is_not_read_again(
    tmp_path: Path, store: Store, reads: list[str], another_process: bool
) -> None:
    lab = Lab(tmp_path)
    infos = of_conda_and_over_conda_s(lab)
    first = back_up(lab.prefix, store)
    assert {f"{info.name}/RECORD" for info in infos} < set(reads)
    assert (owner_of("attrs", first), owner_of("numpy", first)) == ("attrs", None)
    reads.clear()
    if another_process:
        forget_what_was_read()
    install(lab.prefix, "xz=5.1=h1")
    record = back_up(lab.prefix, store)
    assert {name for name in reads if not name.startswith("editable-")} == {"xz-5.1-h1.json"}
    assert record.distributions == first.distributions
    assert alike(without_states(record), capture(lab.prefix, ask_git=False))


@pytest.mark.usefixtures("at_once")
def test_whose_a_distribution_is_that_could_not_be_read_is_asked_again(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    _, of_pip = of_conda_and_over_conda_s(lab)
    read: Callable[[str | Path, int], bytes] = getattr(reinstalled, "read_bytes")  # noqa: B009 - what that module calls

    def fail(path: str | Path, limit: int) -> bytes:
        if Path(path) == of_pip / "RECORD":
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path, limit)

    with monkeypatch.context() as patch:
        patch.setattr(reinstalled, "read_bytes", fail)
        assert owner_of("numpy", back_up(lab.prefix, store)) == "numpy"
    assert owner_of("numpy", back_up(lab.prefix, store)) is None


@pytest.mark.usefixtures("at_once")
def test_whose_a_distribution_is_is_asked_again_where_the_record_was_away_for_a_moment(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    of_conda_and_over_conda_s(lab)
    meta, aside = lab.prefix / "conda-meta", lab.prefix / "aside"
    read: Callable[[str | Path, int], bytes] = getattr(reinstalled, "read_bytes")  # noqa: B009 - what that module calls

    def away(path: str | Path, limit: int) -> bytes:
        meta.rename(aside)
        try:
            return read(path, limit)
        finally:
            aside.rename(meta)

    with monkeypatch.context() as patch:
        patch.setattr(reinstalled, "read_bytes", away)
        assert owner_of("numpy", back_up(lab.prefix, store)) == "numpy"
    assert owner_of("numpy", back_up(lab.prefix, store)) is None


@pytest.mark.usefixtures("at_once")
def test_whose_a_distribution_is_that_is_listed_twice_depends_on_which_path_leads_there(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    info = lab.conda_install("numpy", "2.0")
    record = lab.prefix / "conda-meta" / "numpy-2.0-py_0.json"
    raw = json.loads(record.read_text())
    (own,) = raw["paths_data"]["paths"]
    other = {**own, "sha256": "0" * 64, "sha256_in_prefix": "0" * 64}
    raw["paths_data"]["paths"] = [{**own, "_path": f"site-packages/{info.name}/RECORD"}, other]
    raw["files"] = [entry["_path"] for entry in raw["paths_data"]["paths"]]
    record.write_text(json.dumps(raw))
    os.utime(info, ns=(time.time_ns(), time.time_ns()))
    assert owner_of("numpy", back_up(lab.prefix, store)) == "numpy"
    # the first path leads elsewhere now
    (lab.prefix / "site-packages").mkdir()
    assert owner_of("numpy", back_up(lab.prefix, store)) == owner_of("numpy", capture(lab.prefix))


def of_conda_and_over_conda_s(lab: Lab) -> tuple[Path, Path]:
    """Return the metadata of two that conda lists, younger than its records: one as conda linked it, one reinstalled by pip."""
    attrs, numpy = lab.conda_install("attrs", "2.0"), lab.conda_install("numpy", "2.0")
    (numpy / "RECORD").write_text(f"numpy.py,sha256=b,1\n{numpy.name}/INSTALLER,,\n")
    for info in (attrs, numpy):
        os.utime(info, ns=(time.time_ns(), time.time_ns()))
    return attrs, numpy


def owner_of(name: str, record: Record) -> str | None:
    return next(dist.conda_package for dist in record.distributions if dist.name == name)


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no time of change")
def test_a_file_edited_in_place_with_its_time_put_back_is_read_again(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    info = lab.pip_install("six", "1.0")
    back_up(lab.prefix, store)
    metadata, meta = info / "METADATA", lab.prefix / "conda-meta" / "zlib-1.3-h0.json"
    for path, old, new in ((metadata, "Version: 1.0", "Version: 2.0"), (meta, '"build_number": 0', '"build_number": 7')):
        before = path.stat()
        text = path.read_text()
        path.write_text(text.replace(old, new))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_mtime_ns == before.st_mtime_ns
    record = back_up(lab.prefix, store)
    assert next(dist.version for dist in record.distributions if dist.name == "six") == "2.0"
    assert alike(without_states(record), capture(lab.prefix, ask_git=False))


def test_what_moved_a_moment_ago_is_read_again(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    backup(lab.prefix, store)
    readings = read_readings(store.home, str(lab.prefix))
    assert readings is not None
    assert not readings.packages
    assert not readings.distributions


@pytest.mark.usefixtures("at_once")
def test_what_had_a_problem_is_read_and_told_each_time(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    (lab.pip_install("six", "1.0") / "RECORD").unlink()
    (lab.prefix / "conda-meta" / "broken-1.0-0.json").write_text("{")
    problems = back_up(lab.prefix, store).problems
    assert {"no-file-list", "unreadable-record"} <= {problem.code for problem in problems}
    assert back_up(lab.prefix, store).problems == problems


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ["direct_url.json", "RECORD", "INSTALLER", "WHEEL"])
def test_what_could_not_be_read_once_is_said_and_read_the_next_time(
    name: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    info = lab.pip_install("tool", "1.0", origin={"url": "https://host/tool-1.0.tar.gz", "archive_info": {}})
    (info / "INSTALLER").write_text("pip\n")
    (info / "WHEEL").write_text("Tag: py3-none-any\n")
    read: Callable[[str | Path, int], bytes] = getattr(distribution, "read_bytes")  # noqa: B009 - what that module calls

    def fail(path: str | Path, limit: int) -> bytes:
        if Path(path) == info / name:
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path, limit)

    with monkeypatch.context() as patch:
        patch.setattr(distribution, "read_bytes", fail)
        record = back_up(lab.prefix, store)
    (problem,) = [problem for problem in record.problems if problem.package == "tool"]
    assert problem.message == f"{name} of tool cannot be read: Too many open files"
    assert alike(without_states(back_up(lab.prefix, store)), capture(lab.prefix, ask_git=False))


@pytest.mark.usefixtures("at_once")
def test_a_forced_backup_reads_everything(tmp_path: Path, store: Store, reads: list[str]) -> None:
    lab = Lab(tmp_path)
    back_up(lab.prefix, store)
    reads.clear()
    backup(lab.prefix, store, force=True)
    assert "zlib-1.3-h0.json" in reads


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 1),
        ("written_by", "0.0.0"),
        ("taken", 0),
        ("prefix", "/elsewhere"),
        ("record", "0" * 64),
        ("stamp", "20200101000000"),
        ("stamp", None),
        ("stamp", 1),
        ("stamp", "a\0b"),
        ("stamp", "\ud800"),
        ("taken", "x"),
        ("taken", None),
        ("taken", float("inf")),
        ("user", -1),
        ("packages", None),
        ("packages", {"zlib-1.3-h0.json": ["odd"]}),
        ("distributions", []),
        ("gone", []),
        ("gone", ""),
        ("gone", [[], ["nowhere"]]),
    ],
)
def test_a_note_that_does_not_fit_counts_for_nothing(
    key: str, value: object, tmp_path: Path, store: Store, reads: list[str]
) -> None:
    lab = Lab(tmp_path)
    back_up(lab.prefix, store)
    note = Path(seen_file(str(store.home), str(lab.prefix), kind="files"))
    checksum, line, end = note.read_bytes().split(b"\n")
    assert (checksum, end) == (b"%08x" % crc32(line), b"")
    raw = json.loads(line)
    assert raw["written_by"] == __version__
    text = json.dumps({**raw, key: value}).encode()
    note.write_bytes(b"%08x\n%s\n" % (crc32(text), text))
    reads.clear()
    assert alike(without_states(back_up(lab.prefix, store)), capture(lab.prefix, ask_git=False))
    assert "zlib-1.3-h0.json" in reads


@pytest.mark.usefixtures("at_once")
def test_a_note_cut_short_gone_or_in_the_way_harms_nothing(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    back_up(lab.prefix, store)
    note = Path(seen_file(str(store.home), str(lab.prefix), kind="files"))
    whole = note.read_bytes()
    for damage in (b"", whole[:-5], b"\x00" * len(whole), b"[]", b"[" * 100_000):
        note.write_bytes(damage)
        assert read_readings(store.home, str(lab.prefix)) is None
        assert backup(lab.prefix, store, afresh=True).kept is None
    shutil.rmtree(note.parent)
    assert backup(lab.prefix, store, afresh=True).kept is None
    shutil.rmtree(note.parent)
    note.parent.write_text("a file in the way")
    install(lab.prefix, "xz=5.1=h1")
    assert backup(lab.prefix, store).kept is not None


@pytest.mark.usefixtures("at_once")
def test_a_backup_that_is_not_as_it_was_written_is_no_former_capture(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    first = backup(lab.prefix, store).kept
    assert first is not None
    assert first.folder is not None
    stored = store.find_environment(lab.prefix)
    time.sleep(_TICK)
    assert is_of_use(former_of(lab.prefix, store, stored))
    (first.folder / "record.json.gz").write_bytes(b"something else")
    assert not is_of_use(former_of(lab.prefix, store, stored))
    assert alike(without_states(back_up(lab.prefix, store)), capture(lab.prefix, ask_git=False))
    store.forget(store.backups(stored))  # type: ignore[arg-type]
    assert not is_of_use(former_of(lab.prefix, store, stored))


def is_of_use(former: Former) -> bool:
    readings = former._readings
    if readings is None:
        return False
    file, row = next(iter(readings.packages.items()))
    return former.package(file, row.stand) is not None


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Pythons that are started."""
    found: list[str] = []
    ask = interpreter._ask

    def ask_and_tell(executable: Path) -> PythonInfo | str:
        found.append(str(executable))
        return ask(executable)

    monkeypatch.setattr(interpreter, "_ask", ask_and_tell)
    return found


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(os.name == "nt", reason="there is no such link")
def test_a_python_is_not_started_again_where_nothing_moved(tmp_path: Path, store: Store, starts: list[str]) -> None:
    lab = Lab(tmp_path)
    python = lab.prefix / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(os.path.realpath(sys.executable))
    first = back_up(lab.prefix, store).python
    assert first is not None
    assert first.source == "interpreter"
    assert back_up(lab.prefix, store).python == first
    assert starts == [str(python)]
    (lab.prefix / "pyvenv.cfg").write_text("home = elsewhere")
    back_up(lab.prefix, store)
    assert starts == [str(python)] * 2
    python.unlink()
    shutil.copy(os.path.realpath(sys.executable), python)
    back_up(lab.prefix, store)
    assert starts == [str(python)] * 3


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(os.name == "nt", reason="a script for sh")
@pytest.mark.parametrize("then", ["3.12.9", None])
def test_a_script_in_python_s_place_is_asked_each_time(tmp_path: Path, store: Store, then: str | None) -> None:
    lab = Lab(tmp_path)
    told, python = tmp_path / "answer", lab.prefix / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\nexec cat '{told}'\n")
    python.chmod(0o755)
    told.write_text("3.12.1\ncpython\n\n3.12.1 (main)\n")
    back_up(lab.prefix, store)
    if then is None:
        told.unlink()
    else:
        told.write_text(f"{then}\ncpython\n\n{then} (main)\n")
    assert alike(capture_beside(lab.prefix, store), capture(lab.prefix))


@pytest.mark.usefixtures("at_once")
def test_a_package_whose_record_goes_and_comes_back_is_whose_it_is_now(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    metadata = lab.pip_install("six", "1.0").relative_to(lab.prefix).as_posix()
    (lab.prefix / metadata / "METADATA").touch()
    for owner in ("one", "two", "one"):
        for old in (lab.prefix / "conda-meta").glob("*-1.0-0.json"):
            old.unlink()
        raw = {"name": owner, "version": "1.0", "build": "0", "files": [f"{metadata}/METADATA"]}
        (lab.prefix / "conda-meta" / f"{owner}-1.0-0.json").write_text(json.dumps(raw, indent=2))
        record = back_up(lab.prefix, store)
        assert next(dist.conda_package for dist in record.distributions if dist.name == "six") == owner
    assert alike(capture_beside(lab.prefix, store), capture(lab.prefix))


@pytest.mark.usefixtures("at_once")
def test_a_note_of_another_user_counts_for_nothing(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path)
    back_up(lab.prefix, store)
    monkeypatch.setattr(readings_module, "_last", None)
    assert read_readings(store.home, str(lab.prefix)) is not None
    monkeypatch.setattr(readings_module, "_last", None)
    monkeypatch.setattr(readings_module, "_user", lambda: 65534)
    assert read_readings(store.home, str(lab.prefix)) is None


@pytest.mark.usefixtures("at_once")
def test_no_letter_of_a_note_can_change_unseen(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path)
    back_up(lab.prefix, store)
    note = Path(seen_file(str(store.home), str(lab.prefix), kind="files"))
    whole = note.read_bytes()
    for place in range(0, len(whole), 7):
        note.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        monkeypatch.setattr(readings_module, "_last", None)
        assert read_readings(store.home, str(lab.prefix)) is None


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_a_pipe_in_the_place_of_a_note_blocks_nobody(tmp_path: Path, store: Store) -> None:
    lab = Lab(tmp_path)
    backup(lab.prefix, store)
    for note in (store.home / "seen").iterdir():
        note.unlink()
    for kind in ("", "files"):
        os.mkfifo(seen_file(str(store.home), str(lab.prefix), kind=kind))
    assert backup(lab.prefix, store).kept is None


@pytest.mark.usefixtures("at_once")
def test_a_capture_beside_a_store_reads_what_moved_and_notes_nothing(tmp_path: Path, store: Store, reads: list[str]) -> None:
    lab = Lab(tmp_path)
    back_up(lab.prefix, store)
    before = snapshot(store.home)
    install(lab.prefix, "xz=5.1=h1")
    reads.clear()
    record = capture_beside(lab.prefix, store)
    assert "xz-5.1-h1.json" in reads
    assert "zlib-1.3-h0.json" not in reads
    assert alike(record, capture(lab.prefix))
    assert snapshot(store.home) == before


def test_a_capture_beside_no_store_or_wrong_settings_reads_everything(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    home = tmp_path / "none"
    assert alike(envkeep.capture(lab.prefix, home=home), capture(lab.prefix))
    assert not home.exists()
    home.mkdir()
    (home / "config.toml").write_text("limit = 'many'")
    assert alike(envkeep.capture(lab.prefix, home=home), capture(lab.prefix))
    (home / "config.toml").unlink()
    (home / "environments").write_text("a file in the way")
    assert alike(envkeep.capture(lab.prefix, home=home), capture(lab.prefix))
