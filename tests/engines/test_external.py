from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.engines.base import EngineName, InstallRequest, NoProgress, SolveRequest
from envkeep.engines.external import CommandEngine
from envkeep.errors import EngineError, RefusedError, UnsolvableError
from envkeep.model.record import CondaPackage

if TYPE_CHECKING:
    from collections.abc import Callable

    from engines.conftest import Mute
    from envkeep.engines.rattler import RattlerEngine
    from support.channel import Channel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")

# stands in for conda or the mambas: notes how it was started, prints what it is told to, makes what an explicit file names
_STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path
here = Path(__file__).parent
arguments = sys.argv[1:]
if arguments == ["--version"]:
    print((here / "version").read_text()); sys.exit(0)
with open(here / "calls", "a") as file:
    file.write(json.dumps({{"argv": arguments, "env": dict(os.environ)}}) + "\\n")
if "--file" in arguments:
    text = Path(arguments[arguments.index("--file") + 1]).read_text()
    (here / "explicit.txt").write_text(text)
    prefix = Path(arguments[arguments.index("--prefix") + 1])
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").write_text("all of them")
    print("Executing transaction: done")
print((here / ("answer-" + arguments[0])).read_text() if (here / ("answer-" + arguments[0])).exists() else "")
sys.exit(int((here / "status").read_text()) if (here / "status").exists() else 0)
"""
SIX = CondaPackage(
    name="six",
    version="1.17.0",
    build="pyhd8ed1ab_0",
    subdir="noarch",
    url="https://conda.anaconda.org/conda-forge/noarch/six-1.17.0-pyhd8ed1ab_0.conda",
    md5="a770dfbba372402de6f682b507fcca7f",
    sha256="ab" * 32,
    size=100,
    depends=("python >=3.8",),
)
RECORD = {
    "name": "six",
    "version": "1.17.0",
    "build": "pyhd8ed1ab_0",
    "build_number": 0,
    "channel": "https://conda.anaconda.org/conda-forge/noarch",
    "subdir": "noarch",
    "fn": "six-1.17.0-pyhd8ed1ab_0.conda",
    "md5": "a770dfbba372402de6f682b507fcca7f",
    "sha256": "ab" * 32,
    "url": "https://lab:secret@conda.anaconda.org/conda-forge/noarch/six-1.17.0-pyhd8ed1ab_0.conda",
    "depends": ["python >=3.8"],
    "constrains": [],
    "noarch": "python",
    "license": "MIT",
    "timestamp": 1733380938000,
    "size": 100,
}


class StandIn:
    """A program called ``conda`` (or ...) and what it was started with."""

    def __init__(self, folder: Path, name: EngineName, version: str) -> None:
        self.folder = folder
        self.path = folder / name
        self.path.write_text(_STAND_IN.format(python=sys.executable))
        self.path.chmod(0o755)
        (folder / "version").write_text(version)

    def answer(self, verb: str, value: object) -> None:
        (self.folder / f"answer-{verb}").write_text(json.dumps(value))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    @property
    def argv(self) -> list[str]:
        return [str(each) for each in self.calls[-1]["argv"]]


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[..., tuple[CommandEngine, StandIn]]:
    def make(name: EngineName = "conda", version: str = "conda 26.7.1", **environ: str) -> tuple[CommandEngine, StandIn]:
        program = StandIn(tmp_path, name, version)
        return CommandEngine(name, program.path, {**os.environ, **environ}), program

    return make


def install(engine: CommandEngine, prefix: Path, *packages: CondaPackage, **more: Any) -> Any:
    return engine.install(InstallRequest(prefix=prefix, packages=packages, subdir="linux-64", **more), NoProgress())


@pytest.mark.parametrize(
    ("name", "version", "wanted"),
    [
        ("conda", "conda 26.7.1", ["--no-default-packages"]),
        ("mamba", "mamba 1.5.8\nconda 24.1.2", ["--no-default-packages"]),
        ("mamba", "2.0.5", ["--platform", "linux-64"]),
        ("micromamba", "2.8.1", ["--platform", "linux-64"]),
    ],
)
def test_explicit_create(stand_in: Any, tmp_path: Path, name: EngineName, version: str, wanted: list[str]) -> None:
    engine, program = stand_in(name, version)
    prefix = tmp_path / "new env"
    install(engine, prefix, SIX)
    argv = program.argv
    assert argv[:5] == ["create", "--yes", "--prefix", str(prefix), "--file"]
    assert argv[6:] == wanted
    assert (program.folder / "explicit.txt").read_text() == f"# platform: linux-64\n@EXPLICIT\n{SIX.url}#{SIX.md5}\n"
    assert not Path(argv[5]).exists()


def test_offline_is_passed_on(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in()
    install(engine, tmp_path / "env", SIX, offline=True)
    assert program.argv[-1] == "--offline"


def test_a_package_without_md5_is_named_by_sha256(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in()
    install(engine, tmp_path / "env", replace(SIX, md5=None))
    assert f"{SIX.url}#sha256:{SIX.sha256}\n" in (program.folder / "explicit.txt").read_text()


@pytest.mark.parametrize(
    ("name", "version", "wanted"), [("conda", "conda 26.7.1", "--no-default-packages"), ("micromamba", "2.8.1", "--platform")]
)
def test_solve_asks_for_a_dry_run_of_these_channels_alone(stand_in: Any, name: EngineName, version: str, wanted: str) -> None:
    engine, program = stand_in(name, version)
    program.answer("create", {"success": True, "actions": {"FETCH": [], "LINK": [RECORD]}})
    request = SolveRequest(specs=("six>=1.17",), channels=("conda-forge", "file:///srv/lab"), subdir="osx-arm64", offline=True)
    packages = engine.solve(request)
    argv = program.argv
    assert argv[:4] == ["create", "--dry-run", "--json", "--yes"]
    channels = argv[argv.index("--override-channels") :]
    assert channels[:5] == ["--override-channels", "--channel", "conda-forge", "--channel", "file:///srv/lab"]
    assert wanted in argv
    assert argv[-2:] == ["--offline", "six>=1.17"]
    environ = program.calls[-1]["env"]
    assert (environ["CONDA_SUBDIR"], environ["CONDA_OVERRIDE_OSX"]) == ("osx-arm64", "11.0")
    assert [(each.name, each.channel, each.noarch, each.auth) for each in packages] == [("six", "conda-forge", "python", "user")]
    assert packages[0].url == SIX.url


def test_what_conda_has_cached_is_read_there(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in()
    names_only = {"dist_name": "six-1.17.0-pyhd8ed1ab_0", "name": "six", "version": "1.17.0", "build_string": "pyhd8ed1ab_0"}
    program.answer("create", {"success": True, "actions": {"LINK": [names_only]}})
    program.answer("info", {"pkgs_dirs": [str(tmp_path / "no"), str(tmp_path / "pkgs")]})
    request = SolveRequest(specs=("six",), channels=("conda-forge",), subdir="linux-64")
    with pytest.raises(EngineError, match=r"six-1\.17\.0-pyhd8ed1ab_0 in its cache"):
        engine.solve(request)
    record = tmp_path / "pkgs" / "six-1.17.0-pyhd8ed1ab_0" / "info" / "repodata_record.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps(RECORD))
    assert engine.solve(request)[0].md5 == SIX.md5


def test_available_reads_both_ways_of_printing(stand_in: Any) -> None:
    engine, program = stand_in()
    program.answer("search", {"six": [RECORD, {**RECORD, "version": "1.16.0"}], "six-like": [{**RECORD, "name": "six-like"}]})
    assert [each.version for each in engine.available(["six"], ["conda-forge"], "linux-64")] == ["1.17.0", "1.16.0"]
    assert program.argv == ["search", "--json", "--override-channels", "--channel", "conda-forge", "--subdir", "linux-64", "six"]
    program.answer(
        "search", {"query": {"type": "search"}, "result": {"pkgs": [{**RECORD, "build_string": RECORD["build"], "build": ""}]}}
    )
    assert [each.build for each in engine.available(["six"], ["conda-forge"], "linux-64")] == ["pyhd8ed1ab_0"]


def test_a_name_that_no_channel_knows_has_no_versions(stand_in: Any) -> None:
    engine, program = stand_in()
    program.answer("search", {"exception_name": "PackagesNotFoundInChannelsError", "message": "not available"})
    (program.folder / "status").write_text("1")
    assert engine.available(["nosuch"], ["conda-forge"], "linux-64") == ()


def test_an_impossible_request_is_unsolvable_and_quotes_command_and_answer(stand_in: Any) -> None:
    engine, program = stand_in()
    program.answer("create", {"exception_name": "PackagesNotFoundError", "message": "not available:\n  - python=3.99"})
    (program.folder / "status").write_text("1")
    with pytest.raises(UnsolvableError) as caught:
        engine.solve(SolveRequest(specs=("python=3.99",), channels=("conda-forge",), subdir="linux-64"))
    assert f"`{program.path} create --dry-run --json" in caught.value.fact
    assert "- python=3.99" in caught.value.fact


def test_a_failed_run_is_quoted_and_leaves_nothing(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in()
    (program.folder / "status").write_text("4")
    with pytest.raises(EngineError, match=r"create --yes.* failed with status 4:\n[^$]*Executing transaction"):
        install(engine, tmp_path / "deep" / "env", SIX, offline=True)
    assert not (tmp_path / "deep").exists()


def test_credentials_of_a_channel_are_not_quoted(stand_in: Any) -> None:
    engine, program = stand_in()
    program.answer("create", {"exception_name": "CondaHTTPError", "message": "401 for https://lab:secret@host/chan"})
    with pytest.raises(EngineError) as caught:
        engine.solve(SolveRequest(specs=("six",), channels=("https://lab:secret@host/chan",), subdir="linux-64"))
    assert "secret" not in str(caught.value)


def test_settings_of_an_activated_environment_have_no_say(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in(
        CONDA_PREFIX="/x",
        CONDA_CREATE_DEFAULT_PACKAGES="numpy",
        CONDA_CHANNELS="evil",
        PYTHONPATH="/x",
        CONDA_PKGS_DIRS="/p",
        CONDA_SSL_VERIFY="no",
    )
    install(engine, tmp_path / "env", SIX)
    environ = program.calls[-1]["env"]
    assert not {"CONDA_PREFIX", "CONDA_CREATE_DEFAULT_PACKAGES", "CONDA_CHANNELS", "PYTHONPATH"} & set(environ)
    assert (environ["CONDA_PKGS_DIRS"], environ["CONDA_SSL_VERIFY"], environ["CONDA_SUBDIR"]) == ("/p", "no", "linux-64")


def test_history_says_what_was_asked_for_and_not_every_package(stand_in: Any, tmp_path: Path) -> None:
    engine, _ = stand_in()
    install(engine, tmp_path / "env", SIX, requested=("six>=1.17",))
    history = (tmp_path / "env" / "conda-meta" / "history").read_text()
    assert "six[version='>=1.17']" in history
    assert "all of them" not in history


def test_link_scripts_that_cannot_be_left_out_are_refused(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in()
    with pytest.raises(RefusedError, match=r"conda always runs link scripts.*six"):
        install(engine, tmp_path / "env", SIX, may_have_scripts=("six",))
    assert not (program.folder / "calls").exists()
    assert not (tmp_path / "env").exists()
    install(engine, tmp_path / "env", SIX, may_have_scripts=("six",), link_scripts=True)


def test_a_wrong_hash_is_refused_before_anything_starts(
    stand_in: Any, tmp_path: Path, channel: Channel, engine: RattlerEngine
) -> None:
    packages = engine.solve(SolveRequest(specs=("liblab",), channels=channel.urls, subdir=channel.subdir))
    outside, program = stand_in()
    with pytest.raises(EngineError, match="its md5 is"):
        install(outside, tmp_path / "env", replace(packages[0], md5="0" * 32))
    assert install(outside, tmp_path / "env", replace(packages[0], url="file:///no/x-1-0.conda")).unavailable[0][0] == "liblab"
    assert not (program.folder / "calls").exists()
    assert not (tmp_path / "env").exists()


def test_lines_are_passed_on_as_they_come(stand_in: Any, tmp_path: Path) -> None:
    _, program = stand_in()
    seen: list[str] = []
    install(CommandEngine("conda", program.path, os.environ, seen.append), tmp_path / "env", SIX)
    assert "Executing transaction: done" in seen


def test_servers_are_asked_for_artefacts(stand_in: Any, http_root: str, channel: Channel) -> None:
    engine, _ = stand_in()
    there = f"{http_root}/main/noarch/repodata.json"
    packages = [
        replace(SIX, name=name, url=url) for name, url in (("a", there), ("b", there + "x"), ("c", "http://127.0.0.1:9/x"))
    ]
    found = dict(engine.unavailable([*packages, replace(SIX, name="d", url=None)], NoProgress()))
    assert set(found) == {"b", "c", "d"}
    assert "404" in found["b"]
    assert {name: reason.gone for name, reason in found.items()} == {"b": True, "c": False, "d": False}


def test_a_server_that_never_answers_is_given_up(stand_in: Any, mute: Mute) -> None:
    engine, _ = stand_in()
    packages = [replace(SIX, name=f"six-{at}", url=f"{mute.root}/noarch/six-{at}.conda") for at in range(100)]
    found = dict(engine.unavailable(packages, NoProgress()))
    assert len(found) == 100
    assert 1 <= mute.connections < 50
    assert found["six-99"] == "127.0.0.1 cannot be reached"


def test_offline_its_cache_is_looked_at(stand_in: Any, tmp_path: Path) -> None:
    engine, program = stand_in()
    program.answer("info", {"pkgs_dirs": [str(tmp_path / "pkgs")]})
    archive = replace(SIX, name="archive", fn="archive-1.conda")
    unpacked = replace(SIX, name="unpacked", fn=None)
    other = replace(SIX, name="other", fn=None, md5="0" * 32, sha256="0" * 64)
    for name in ("unpacked", "other"):
        folder = tmp_path / "pkgs" / f"{name}-1.17.0-pyhd8ed1ab_0" / "info"
        folder.mkdir(parents=True)
        (folder / "repodata_record.json").write_text(json.dumps(RECORD))
    (tmp_path / "pkgs" / "archive-1.conda").touch()
    found = dict(engine.unavailable([archive, unpacked, other, replace(SIX, name="gone")], NoProgress(), offline=True))
    assert set(found) == {"other", "gone"}
    assert "network" in found["gone"]
    program.answer("search", {"six": [RECORD]})
    assert engine.available(["six"], ["conda-forge"], "linux-64", offline=True)
    assert "--offline" in program.argv


def test_a_package_behind_credentials_is_not_said_to_be_gone(stand_in: Any, http_root: str) -> None:
    engine, _ = stand_in()
    assert engine.unavailable([replace(SIX, url=f"{http_root}/main/nothing", auth="token")], NoProgress()) == ()


@pytest.mark.skipif("ENVKEEP_TEST_CONDA" not in os.environ, reason="ENVKEEP_TEST_CONDA names no conda, mamba or micromamba")
def test_a_real_one_makes_the_same_environment_as_the_embedded_engine(
    channel: Channel, engine: RattlerEngine, tmp_path: Path
) -> None:
    program = Path(os.environ["ENVKEEP_TEST_CONDA"])
    real = CommandEngine(program.stem, program, {**os.environ, "CONDA_PKGS_DIRS": str(tmp_path / "pkgs")})  # type: ignore[arg-type]
    request = SolveRequest(
        specs=(f"python={channel.older_python}", "pip", "pyyaml", "labpost"), channels=channel.urls, subdir=channel.subdir
    )
    packages = engine.solve(request)
    assert real.solve(request) == packages
    assert real.solve(request) == packages
    mac = replace(request, subdir="osx-arm64", specs=("python", "pip", "pyyaml"))
    assert real.solve(mac) == engine.solve(mac)
    assert set(real.available(["libfoo"], channel.urls, channel.subdir)) == set(
        engine.available(["libfoo"], channel.urls, channel.subdir)
    )
    report = real.install(
        InstallRequest(prefix=tmp_path / "env", packages=packages, subdir=channel.subdir, link_scripts=True), NoProgress()
    )
    assert report.scripts_run == ("labpost",)
    assert {each.name for each in (tmp_path / "env" / "conda-meta").glob("*.json")} == {
        f"{each.name}-{each.version}-{each.build}.json" for each in packages
    }
