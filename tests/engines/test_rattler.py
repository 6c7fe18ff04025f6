from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.engines import rattler_start
from envkeep.engines.base import InstallRequest, NoProgress, SolveRequest
from envkeep.engines.dialogue import Dialogue
from envkeep.engines.rattler import RattlerEngine, cache_folder
from envkeep.engines.rattler_start import start_early
from envkeep.engines.run import run
from envkeep.engines.wire import packages_to_wire
from envkeep.errors import EngineError, TargetExistsError, UnsolvableError
from envkeep.formats.history import parse_history

if TYPE_CHECKING:
    from conftest import MakeEnv
    from engines.conftest import Mute
    from envkeep.model.record import CondaPackage
    from support.channel import Channel

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


class Counting:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.total = self.done = 0
        self.finished = False

    def start(self, label: str, total: int | None = None) -> None:
        self.labels.append(label)
        self.total = total or 0

    def advance(self, units: int = 1) -> None:
        self.done += units

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def cold(tmp_path: Path) -> RattlerEngine:
    """The engine with an empty cache."""
    return RattlerEngine({**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")})


def solve(engine: RattlerEngine, channel: Channel, *specs: str, subdir: str | None = None) -> tuple[CondaPackage, ...]:
    return engine.solve(SolveRequest(specs=specs, channels=channel.urls, subdir=subdir or channel.subdir))


def request(prefix: Path, packages: tuple[CondaPackage, ...], channel: Channel, **more: bool) -> InstallRequest:
    return InstallRequest(prefix=prefix, packages=packages, subdir=channel.subdir, **more)  # type: ignore[arg-type]


def test_solve_gives_whole_packages_sorted_by_name(engine: RattlerEngine, channel: Channel) -> None:
    packages = solve(engine, channel, f"python={channel.older_python}", "pip", "labtool")
    names = [package.name for package in packages]
    assert names == sorted(names)
    assert {"python", "openssl", "ca-certificates", "six"} < set(names)
    tool = packages[names.index("labtool")]
    assert (tool.version, tool.noarch, tool.channel, tool.timestamp) == ("0.5", "python", channel.extra, 1755614211000)
    assert tool.url == f"{channel.extra}/noarch/labtool-0.5-pyhd8ed1ab_0.conda"
    assert (len(tool.sha256 or ""), len(tool.md5 or "")) == (64, 32)
    assert tool.size == channel.artefacts("labtool")[-1].stat().st_size
    assert tool.depends == ("python >=3.8", "six >=1.16")


@pytest.mark.parametrize("subdir", ["osx-arm64", "win-64", "linux-64"])
def test_solve_for_another_platform(engine: RattlerEngine, channel: Channel, subdir: str) -> None:
    packages = solve(engine, channel, "python", "pyyaml", subdir=subdir)
    assert {package.subdir for package in packages} == {subdir, "noarch"}
    assert "pyyaml" in {package.name for package in packages}


def test_a_package_of_a_second_channel_is_found_where_the_first_has_another_build(
    engine: RattlerEngine, channel: Channel
) -> None:
    # with strict priority alone there is no answer
    packages = solve(engine, channel, "libfoo=1.3.0=lab_1", "liblab")
    assert {package.name: package.channel for package in packages} == {"libfoo": channel.extra, "liblab": channel.extra}
    assert {package.channel for package in solve(engine, channel, "libfoo=1.3.0")} == {channel.main}


@pytest.mark.parametrize(("spec", "named"), [("python=3.99", "python 3.99"), ("no-such-package", "no-such-package")])
def test_what_no_channel_has_is_named(engine: RattlerEngine, channel: Channel, spec: str, named: str) -> None:
    with pytest.raises(UnsolvableError, match=named):
        solve(engine, channel, spec)


def test_a_channel_that_is_not_there_is_named(engine: RattlerEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no-channel"):
        engine.solve(SolveRequest(specs=("six",), channels=((tmp_path / "no-channel").as_uri(),), subdir="linux-64"))


def test_available_lists_every_version(engine: RattlerEngine, channel: Channel) -> None:
    found = engine.available(["libfoo", "python"], channel.urls, channel.subdir)
    assert sorted((each.version, each.build == "lab_1") for each in found if each.name == "libfoo") == [
        ("1.2.3", False),
        ("1.3.0", False),
        ("1.3.0", True),
        ("2.0.0", False),
    ]
    assert {each.version for each in found if each.name == "python"} == set(channel.python_versions)


def test_an_installed_environment_runs_from_where_it_is(make_env: MakeEnv, channel: Channel) -> None:
    prefix = make_env([f"python={channel.older_python}", "pip", "pyyaml", "labtool"], name="with space")
    done = run(
        [str(prefix / "bin" / "python"), "-I", "-c", "import sys, six, labtool; print(sys.version.split()[0], sys.prefix)"]
    )
    assert done.stdout.split(maxsplit=1) == [channel.older_python, f"{prefix}\n"], done.stderr
    assert run([str(prefix / "bin" / "labtool")]).stdout == "labtool 0.5\n"
    assert (prefix / "lib" / "pkgconfig" / "openssl.pc").read_text() == f"prefix={prefix}\n"


def test_history_says_what_was_asked_for(make_env: MakeEnv) -> None:
    prefix = make_env(["libfoo=1.2", "liblab"])
    block = parse_history((prefix / "conda-meta" / "history").read_text()).transactions[0]
    assert block.update_specs == ("libfoo=1.2", "liblab")
    assert [each.rpartition("::")[2].rsplit("-", 1)[0] for each in block.added] == ["liblab-0.7", "libfoo-1.2.3"]


def test_progress_reaches_its_total(engine: RattlerEngine, channel: Channel, tmp_path: Path) -> None:
    progress = Counting()
    engine.install(request(tmp_path / "env", solve(engine, channel, "libfoo", "liblab"), channel), progress)
    assert progress.labels == ["downloading and linking"]
    assert progress.done == progress.total == 4
    assert progress.finished


def test_url_and_hash_alone_are_enough(cold: RattlerEngine, channel: Channel, tmp_path: Path) -> None:
    whole = solve(cold, channel, f"python={channel.older_python}", "six")
    bare = tuple(
        replace(
            package, size=None, timestamp=None, depends=(), constrains=(), noarch=None, build_number=0, license=None, sha256=None
        )
        for package in whole
    )
    cold.install(request(tmp_path / "env", bare, channel), NoProgress())
    for package in whole:
        meta = json.loads(
            (tmp_path / "env" / "conda-meta" / f"{package.name}-{package.version}-{package.build}.json").read_text()
        )
        assert (tuple(meta["depends"]), meta["build_number"], meta.get("noarch")) == (
            package.depends,
            package.build_number,
            package.noarch,
        )
    assert list((tmp_path / "env" / "lib").glob("python*/site-packages/six.py"))


@pytest.mark.parametrize("kept", ["sha256", "md5"])
@pytest.mark.parametrize("warm", [False, True])
def test_a_wrong_hash_is_refused_and_nothing_is_left(
    cold: RattlerEngine, channel: Channel, tmp_path: Path, kept: str, warm: bool
) -> None:
    packages = solve(cold, channel, "libfoo", "liblab")
    if warm:
        cold.install(request(tmp_path / "first", packages, channel), NoProgress())
    wrong = {"sha256": None, "md5": None, kept: "0" * (64 if kept == "sha256" else 32)}
    damaged = tuple(replace(package, **wrong) if package.name == "liblab" else package for package in packages)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match=f"liblab-0.7-.* is not the artefact that was recorded: its {kept} is"):
        cold.install(request(tmp_path / "new" / "env", damaged, channel), NoProgress())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kept", ["sha256", "md5"])
@pytest.mark.parametrize("warm", [False, True])
def test_a_wrong_hash_over_the_network_is_refused_too(
    cold: RattlerEngine, channel: Channel, tmp_path: Path, http_root: str, kept: str, warm: bool
) -> None:
    packages = served(solve(cold, channel, "libfoo", "liblab"), channel, http_root)
    if warm:
        cold.install(request(tmp_path / "first", packages, channel), NoProgress())
    wrong = {"sha256": None, "md5": None, kept: "0" * (64 if kept == "sha256" else 32)}
    damaged = tuple(replace(package, **wrong) if package.name == "liblab" else package for package in packages)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="hash mismatch"):
        cold.install(request(tmp_path / "env", damaged, channel), NoProgress())
    assert not (tmp_path / "env").exists()


def served(packages: tuple[CondaPackage, ...], channel: Channel, root: str) -> tuple[CondaPackage, ...]:
    return tuple(replace(package, url=(package.url or "").replace(channel.path.as_uri(), root)) for package in packages)


def test_a_missing_artefact_is_named_and_nothing_is_left(cold: RattlerEngine, channel: Channel, tmp_path: Path) -> None:
    ours = channel.copy(tmp_path / "channel")
    packages = solve(cold, ours, "libfoo", "liblab")
    ours.artefacts("liblab")[0].unlink()
    assert [name for name, _ in cold.unavailable(packages, NoProgress())] == ["liblab"]
    report = cold.install(request(tmp_path / "env", packages, channel), NoProgress())
    assert [name for name, _ in report.unavailable] == ["liblab"]
    assert "is not there" in report.unavailable[0][1]
    assert not (tmp_path / "env").exists()


def test_what_is_cached_is_available_though_its_artefact_has_gone(cold: RattlerEngine, channel: Channel, tmp_path: Path) -> None:
    ours = channel.copy(tmp_path / "channel")
    packages = solve(cold, ours, "liblab")
    cold.install(request(tmp_path / "first", packages, channel), NoProgress())
    ours.artefacts("liblab")[0].unlink()
    assert cold.unavailable(packages, NoProgress()) == ()
    assert cold.unavailable([replace(packages[0], sha256="0" * 64)], NoProgress()) != ()
    assert not cold.install(request(tmp_path / "env", packages, channel, offline=True), NoProgress()).unavailable


def test_a_file_that_was_replaced_is_refused_and_what_is_cached_is_still_taken(
    cold: RattlerEngine, channel: Channel, tmp_path: Path
) -> None:
    ours = channel.copy(tmp_path / "channel")
    packages = solve(cold, ours, "liblab")
    artefact = ours.artefacts("liblab")[0]
    good = artefact.read_bytes()
    artefact.write_bytes(good + b"x")
    with pytest.raises(
        EngineError, match=r"is not the artefact that was recorded: its sha256 is .*\nGet the right file of liblab"
    ):
        cold.install(request(tmp_path / "env", packages, channel), NoProgress())
    assert not (tmp_path / "env").exists()
    artefact.write_bytes(good)
    cold.install(request(tmp_path / "first", packages, channel), NoProgress())
    artefact.write_bytes(b"neither that artefact nor any")
    cold.install(request(tmp_path / "env", packages, channel), NoProgress())
    assert list((tmp_path / "env" / "conda-meta").glob("liblab-*.json"))


def test_a_server_is_asked_for_each_artefact(cold: RattlerEngine, channel: Channel, http_root: str) -> None:
    there = served(solve(cold, channel, "libfoo=1.2", "six"), channel, http_root)
    gone = replace(there[0], version="9", url=(there[0].url or "") + ".gone.conda")
    private = replace(there[0], version="8", url=f"{http_root}/private/linux-64/x-1-0.conda")
    nowhere = replace(there[0], version="7", url="http://127.0.0.1:9/x/linux-64/x-1-0.conda")
    progress = Counting()
    found = cold.unavailable([*there, gone, private, nowhere], progress)
    assert [reason.partition(" for ")[0] for _, reason in found] == [
        "127.0.0.1 answers 404 File not found",
        "127.0.0.1 answers 401 Unauthorized",
        "127.0.0.1 cannot be reached",
    ]
    # a log-in that is missing and a network that is down say nothing of what is there
    assert [reason.gone for _, reason in found] == [True, False, False]
    assert progress.done == len(there) + 3


def test_a_server_that_never_answers_is_given_up(
    cold: RattlerEngine, channel: Channel, http_root: str, mute: Mute, free_port: int
) -> None:
    there = served(solve(cold, channel, "libfoo=1.2"), channel, http_root)
    silent = tuple(replace(there[0], version=f"9.{at}", url=f"{mute.root}/main/noarch/x-9.{at}-0.conda") for at in range(300))
    closed = tuple(
        replace(there[0], version=f"8.{at}", url=f"http://localhost:{free_port}/main/noarch/x-8.{at}-0.conda")
        for at in range(300)
    )
    progress = Counting()
    found = cold.unavailable([*silent, *closed, *there], progress)
    assert len(found) == progress.done - len(there) == 600
    # as many as are asked at once, each with its one retry, and some lines of luck
    assert 1 <= mute.connections < 150
    assert found[299][1] == "127.0.0.1 cannot be reached"
    assert found[599][1] == "localhost cannot be reached"


def test_of_many_packages_without_sha256_none_is_taken_for_a_cached_one(
    cold: RattlerEngine, channel: Channel, tmp_path: Path
) -> None:
    packages = solve(cold, channel, "libfoo", "liblab")
    cold.install(request(tmp_path / "first", packages, channel), NoProgress())
    foo, lab = (next(each for each in packages if each.name == name) for name in ("libfoo", "liblab"))
    # more than go into one pattern; the last of the names is in the last one
    others = [
        replace(lab, name=f"z{at}.and_on", url="http://127.0.0.1:9/x/noarch/x-1-0.conda", sha256=None) for at in range(2500)
    ]
    lab = replace(lab, url="http://127.0.0.1:9/x/noarch/x-1-0.conda", sha256=None, md5="0" * 32)
    for wanted in ([foo, *others, lab], [foo, lab, *others]):
        missing = {name for name, _ in cold.unavailable(wanted, NoProgress(), offline=True)}
        assert missing == {lab.name, *(each.name for each in others)}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fn": "the lab's file.zip"}, "names no artefact: its fn says \"the lab's file.zip\"\nAn artefact's name ends in"),
        ({"fn": None, "url": "https://example.org/files/lab"}, "names no artefact: its url says 'lab'"),
        ({"fn": "x-1-0.conda", "url": "https://x-1-0.conda"}, "names no artefact: its url is https://x-1-0.conda"),
        ({"version": "1..!x"}, "cannot be installed from: malformed version string"),
        ({"sha256": "no hash"}, "cannot be installed from: non-hexadecimal number"),
    ],
)
def test_what_a_record_cannot_say_is_named(engine: RattlerEngine, channel: Channel, wrong: dict[str, Any], said: str) -> None:
    package = replace(solve(engine, channel, "libfoo=1.2")[0], **wrong)
    with pytest.raises(EngineError, match=re.escape(f"the record of the conda package {package.spec} {said}")):
        engine.unavailable([package], NoProgress())


def test_credentials_come_from_the_users_own_settings(
    channel: Channel, tmp_path: Path, http_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = tmp_path / "auth.json"
    auth.write_text('{"127.0.0.1": {"BasicHTTP": {"username": "lab", "password": "open sesame"}}}')
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache"), "RATTLER_AUTH_FILE": str(auth)}
    private = served(solve(RattlerEngine(), channel, "liblab"), channel, f"{http_root}/private")
    assert RattlerEngine(environ).unavailable(private, NoProgress()) == ()
    assert not RattlerEngine(environ).install(request(tmp_path / "env", private, channel), NoProgress()).unavailable
    assert "sesame" not in next((tmp_path / "env" / "conda-meta").glob("liblab-*.json")).read_text()


def test_offline_uses_the_cache_alone(cold: RattlerEngine, channel: Channel, tmp_path: Path, http_root: str) -> None:
    packages = served(solve(cold, channel, "liblab"), channel, http_root)
    report = cold.install(request(tmp_path / "env", packages, channel, offline=True), NoProgress())
    assert report.unavailable == (("liblab", "it is not in the cache, and the network is not to be used"),)
    assert not (tmp_path / "env").exists()
    cold.install(request(tmp_path / "first", packages, channel), NoProgress())
    assert not cold.install(request(tmp_path / "env", packages, channel, offline=True), NoProgress()).unavailable


def test_offline_solve_uses_what_was_read_before(cold: RattlerEngine, channel: Channel, http_root: str) -> None:
    url = f"{http_root}/main"
    asked = SolveRequest(specs=("libfoo",), channels=(url,), subdir=channel.subdir, offline=True)
    with pytest.raises(EngineError):
        cold.solve(asked)
    online = cold.solve(replace(asked, offline=False))
    assert cold.solve(asked) == online


@posix_only
def test_link_scripts_run_only_on_request_and_their_failure_is_told(
    engine: RattlerEngine, channel: Channel, tmp_path: Path
) -> None:
    packages = solve(engine, channel, "labpost", "labfail")
    report = engine.install(request(tmp_path / "without", packages, channel), NoProgress())
    assert (report.scripts_run, report.scripts_failed) == ((), ())
    assert not (tmp_path / "without" / "var" / "labpost.stamp").exists()
    report = engine.install(request(tmp_path / "with", packages, channel, link_scripts=True), NoProgress())
    assert (report.scripts_run, report.scripts_failed) == (("labpost",), ("labfail",))
    assert (tmp_path / "with" / "var" / "labpost.stamp").exists()


def test_an_existing_target_is_not_touched(engine: RattlerEngine, channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(TargetExistsError):
        engine.install(request(tmp_path, (), channel), NoProgress())
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_may_be_the_target_and_stays_one_when_it_fails(
    engine: RattlerEngine, channel: Channel, tmp_path: Path
) -> None:
    target = tmp_path / "env"
    target.mkdir()
    packages = solve(engine, channel, "liblab")
    with pytest.raises(EngineError):
        engine.install(request(target, (replace(packages[0], sha256="0" * 64),), channel), NoProgress())
    assert list(target.iterdir()) == []
    engine.install(request(target, packages, channel), NoProgress())
    assert (target / "conda-meta").is_dir()


def test_a_channel_that_is_not_there_is_told_with_what_to_do(cold: RattlerEngine, channel: Channel, tmp_path: Path) -> None:
    # port 9 refuses; a folder that is none; a cache that is empty
    for url, offline, advice in (
        ("http://127.0.0.1:9/lab", False, "Check the network"),
        ((tmp_path / "nowhere").as_uri(), False, "Check how the channel is spelled"),
        ("http://127.0.0.1:9/lab", True, "Leave out --offline"),
    ):
        with pytest.raises(EngineError) as caught:
            cold.solve(SolveRequest(specs=("liblab",), channels=(url,), subdir=channel.subdir, offline=offline))
        assert (caught.value.remedy or "").startswith(advice), caught.value


def started_workers(monkeypatch: pytest.MonkeyPatch) -> list[Dialogue]:
    """Return a list that every process of the engine will be in."""
    workers: list[Dialogue] = []
    # an engine of a former test that goes in the middle of this one would leave its process
    gc.collect()

    class Noted(Dialogue):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            workers.append(self)

    monkeypatch.setattr("envkeep.engines.dialogue.Dialogue", Noted)
    return workers


def test_one_process_answers_all_requests(
    cold: RattlerEngine, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started_workers(monkeypatch)
    cold.wake()
    packages = solve(cold, channel, "liblab")
    assert cold.unavailable(packages, NoProgress()) == ()
    with pytest.raises(UnsolvableError):
        solve(cold, channel, "no-such-package")
    cold.install(request(tmp_path / "env", packages, channel), NoProgress())
    assert len(workers) == 1
    # its variables say that there is no network
    cold.install(request(tmp_path / "again", packages, channel, offline=True), NoProgress())
    assert [worker.is_open for worker in workers] == [False, True]


def test_a_process_that_was_started_early_is_taken_by_the_engine_of_its_variables(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started_workers(monkeypatch)
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    start_early(environ)
    assert len(workers) == 1
    assert solve(RattlerEngine(environ), channel, "liblab")
    assert len(workers) == 1, "no other was started"
    start_early({**environ, "ENVKEEP_CACHE": str(tmp_path / "other")})
    assert solve(RattlerEngine(environ), channel, "liblab")
    assert [worker.is_open for worker in workers] == [True, False], "what the first engine left is taken, the other one ends"
    start_early(environ)
    assert len(workers) == 2, "there is one"
    offline = RattlerEngine(environ)
    offline.wake(offline=True)
    assert [worker.is_open for worker in workers] == [False, False, True], "its variables say that there is no network"


def test_what_one_engine_leaves_idle_serves_another(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = started_workers(monkeypatch)
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    packages = solve(RattlerEngine(environ), channel, "liblab")
    RattlerEngine(environ).install(request(tmp_path / "env", packages, channel), NoProgress())
    assert (tmp_path / "env" / "conda-meta").is_dir()
    assert solve(RattlerEngine(environ), channel, "liblab") == packages
    assert len(workers) == 1
    assert solve(RattlerEngine({**environ, "LAB": "1"}), channel, "liblab") == packages
    assert [worker.is_open for worker in workers] == [False, True], "other variables, another process"


def test_what_failed_to_install_serves_nobody_else(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = started_workers(monkeypatch)
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    (package, *_) = solve(RattlerEngine(environ), channel, "liblab")
    damaged = replace(package, sha256="0" * 64)
    with pytest.raises(EngineError):
        RattlerEngine(environ).install(request(tmp_path / "env", (damaged,), channel), NoProgress())
    assert [worker.is_open for worker in workers] == [False]


def test_an_idle_process_is_not_kept_for_ever(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = started_workers(monkeypatch)
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    monkeypatch.setattr(rattler_start, "_IDLE", 0.2)
    monkeypatch.setattr(rattler_start, "_MARGIN", 0.2)
    assert solve(RattlerEngine(environ), channel, "liblab")

    process = workers[0]._child.process
    deadline = time.monotonic() + 30
    # nobody asks how it is
    while process.returncode is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.returncode == 0
    assert not workers[0].is_open
    assert solve(RattlerEngine(environ), channel, "liblab")
    assert len(workers) == 2


def test_a_process_that_was_taken_again_waits_for_its_first_request(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started_workers(monkeypatch)
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    monkeypatch.setattr(rattler_start, "_IDLE", 0.5)
    monkeypatch.setattr(rattler_start, "_MARGIN", 0.1)
    packages = solve(RattlerEngine(environ), channel, "liblab")
    second = RattlerEngine(environ)
    second.wake()
    time.sleep(1)
    assert solve(second, channel, "liblab") == packages
    assert len(workers) == 1


@posix_only
def test_another_user_is_not_served_by_what_the_former_left(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started_workers(monkeypatch)
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    assert solve(RattlerEngine(environ), channel, "liblab")
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert solve(RattlerEngine(environ), channel, "liblab")
    assert [worker.is_open for worker in workers] == [False, True]


@posix_only
def test_a_fork_has_an_engine_of_its_own_and_leaves_its_parent_s_alone(channel: Channel, tmp_path: Path) -> None:
    code = (
        "import gc, os, sys, time\n"
        "from envkeep.engines import rattler_start\n"
        "from envkeep.engines.rattler import RattlerEngine\n"
        "names, channels, subdir = ['liblab'], sys.argv[1:3], sys.argv[3]\n"
        "engine = RattlerEngine()\n"
        "found = engine.available(names, channels, subdir)\n"
        "del engine\n"
        "gc.collect()\n"
        "left = rattler_start._waiting[0].process\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    sys.exit(0 if RattlerEngine().available(names, channels, subdir) == found else 1)\n"
        "deadline, ended = time.monotonic() + 30, (0, 0)\n"
        "while ended[0] == 0 and time.monotonic() < deadline:\n"
        "    ended = os.waitpid(child, os.WNOHANG)\n"
        "    time.sleep(0.01)\n"
        "print(ended == (child, 0), left.is_open, RattlerEngine().available(names, channels, subdir) == found)\n"
        "if ended[0] == 0:\n"
        "    os.kill(child, 9)\n"
    )
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    argv = [sys.executable, "-W", "ignore", "-c", code, *channel.urls, channel.subdir]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout == "True True True\n", done.stderr


def test_what_cannot_be_started_early_is_started_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    start_early(os.environ)
    with pytest.raises(EngineError, match="cannot run"):
        RattlerEngine().wake()


def test_a_process_that_was_killed_meanwhile_is_started_anew(
    cold: RattlerEngine, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started_workers(monkeypatch)
    cold.wake()
    workers[0].close(at_once=True)
    assert solve(cold, channel, "liblab")
    assert len(workers) == 2


def test_nothing_goes_on_after_an_installation_that_failed(
    cold: RattlerEngine, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started_workers(monkeypatch)
    ours = channel.copy(tmp_path / "channel")
    packages = solve(cold, ours, "libfoo", "liblab")
    ours.artefacts("liblab")[0].unlink()
    # what is being linked would go on being linked, into a prefix that has been removed
    assert cold.install(request(tmp_path / "env", packages, channel), NoProgress()).unavailable
    assert [worker.is_open for worker in workers] == [False]


@posix_only
def test_ctrl_c_stops_the_installation_and_leaves_nothing(
    channel: Channel, engine: RattlerEngine, tmp_path: Path, slow_root: str
) -> None:
    packages = served(solve(engine, channel, "libfoo", "liblab"), channel, slow_root)
    cold = RattlerEngine({**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")})

    def interrupt() -> None:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        cold.install(request(tmp_path / "env", packages, channel), NoProgress())
    assert not (tmp_path / "env").exists()


@posix_only
def test_the_worker_ends_when_its_parent_is_killed(
    channel: Channel, engine: RattlerEngine, tmp_path: Path, slow_root: str
) -> None:
    packages = served(solve(engine, channel, "liblab"), channel, slow_root)
    code = (
        "import json, os, sys\nfrom pathlib import Path\n"
        "from envkeep.engines.base import InstallRequest, NoProgress\nfrom envkeep.engines.rattler import RattlerEngine\n"
        "from envkeep.engines.wire import packages_from_wire\n"
        "packages = packages_from_wire(json.loads(sys.argv[1]))\n"
        "request = InstallRequest(prefix=Path(sys.argv[2]), packages=packages, subdir=sys.argv[3])\n"
        "RattlerEngine().install(request, NoProgress())\n"
    )
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    argv = [sys.executable, "-c", code, json.dumps(packages_to_wire(packages)), str(tmp_path / "env"), channel.subdir]
    parent = subprocess.Popen(argv, env=environ)
    worker = wait_for_worker(parent.pid)
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the worker goes on alone")


def wait_for_worker(parent: int) -> int:
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc")
    children = Path(f"/proc/{parent}/task/{parent}/children")
    for _ in range(200):
        found = children.read_text().split()
        if found:
            time.sleep(0.5)
            return int(found[0])
        time.sleep(0.05)
    raise AssertionError("no worker was started")


def test_the_cache_is_where_it_was_asked_to_be(tmp_path: Path) -> None:
    assert cache_folder({"ENVKEEP_CACHE": str(tmp_path), "RATTLER_CACHE_DIR": "/elsewhere"}) == tmp_path
    assert cache_folder({"RATTLER_CACHE_DIR": str(tmp_path)}) == tmp_path


def test_a_missing_library_is_said_with_its_remedy(tmp_path: Path, channel: Channel) -> None:
    # a folder earlier on the path, in which rattler cannot be imported
    (tmp_path / "rattler.py").write_text("raise ImportError('no rattler here')\n")
    engine = RattlerEngine({**os.environ, "PYTHONPATH": str(tmp_path)})
    with pytest.raises(EngineError, match=r'pip install "envkeep\[engine\]"'):
        solve(engine, channel, "six")
