from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.engines.base import NoProgress, PipReport, PipRequest
from envkeep.engines.pip import PipInstaller
from envkeep.engines.pip_settings import pip_settings
from envkeep.engines.pythons import make_venv
from envkeep.engines.run import run
from envkeep.engines.select import find_installer
from envkeep.engines.uv import UvInstaller, find_uv
from envkeep.errors import InstallerError, UsageError
from support.projects import git_commit, make_project, make_wheel

if TYPE_CHECKING:
    from conftest import MakeEnv
    from envkeep.engines.base import Installer
    from support.channel import Channel, Index

needs_uv = pytest.mark.skipif(find_uv(os.environ) is None, reason="uv is not installed")


@pytest.fixture(params=["pip", pytest.param("uv", marks=needs_uv)])
def installer(request: pytest.FixtureRequest, index: Index) -> Installer:
    return PipInstaller() if request.param == "pip" else UvInstaller()


@pytest.fixture(scope="module")
def pattern(make_env: MakeEnv, channel: Channel) -> Path:
    prefix = make_env([f"python={channel.older_python}", "pip", "idna=3.7"], name="pattern")
    # pip compiled once, and not in every test
    run([str(prefix / "bin" / "python"), "-m", "compileall", "-q", "-j0", str(prefix / "lib")])
    return prefix


@pytest.fixture
def python(pattern: Path, tmp_path: Path) -> Path:
    """The Python of an environment with pip and conda's idna 3.7; links to the files of one that is made once."""
    prefix = tmp_path / "envs" / "lab env"
    shutil.copytree(pattern, prefix, symlinks=True, copy_function=os.link)
    return prefix / "bin" / "python"


def install(installer: Installer, python: Path, *lines: str, **more: object) -> PipReport:
    return installer.install(PipRequest(python=str(python), requirements=lines, **more), NoProgress())  # type: ignore[arg-type]


def installed(python: Path) -> dict[str, tuple[str, dict[str, object] | None]]:
    code = (
        "import importlib.metadata as m, json\n"
        "print(json.dumps({d.metadata['Name']: (d.version, d.read_text('direct_url.json')) for d in m.distributions()}))"
    )
    found: dict[str, tuple[str, str | None]] = json.loads(run([str(python), "-I", "-c", code]).stdout)
    return {name: (version, None if url is None else json.loads(url)) for name, (version, url) in found.items()}


def test_every_kind_of_origin_at_once(installer: Installer, python: Path, git_repo: Path, tmp_path: Path, index: Index) -> None:
    commit = git_commit_of(git_repo)
    (git_repo / "later.txt").write_text("later")
    git_commit(git_repo, "second")
    wheel = make_wheel(tmp_path / "my wheels", "labwheel", "1.2.3")
    folder = make_project(tmp_path / "my folder", "labdir", "0.4")
    checkout = make_project(tmp_path / "checkout", "lab-edit", "0.5", script=True)
    lines = (
        "labindex==1.0",
        f"labvcs @ git+{git_repo.as_uri()}@{commit}",
        f"labwheel @ {wheel.as_uri()}",
        f"labdir @ {folder.as_uri()}",
        f"-e {checkout}",
    )
    report = install(installer, python, *lines)
    assert report == PipReport(installed=lines)
    found = installed(python)
    assert found["labindex"] == ("1.0", None)
    assert found["labvcs"][0] == "1.2.3"
    assert (found["labvcs"][1] or {})["vcs_info"]["commit_id"] == commit  # type: ignore[index]
    assert (found["labwheel"][1] or {})["url"] == wheel.as_uri()
    assert (found["labdir"][1] or {})["dir_info"] in ({}, {"editable": False})
    assert (found["lab-edit"][1] or {})["dir_info"] == {"editable": True}
    assert run([str(python.parent / "lab-edit")]).stdout.strip() == "lab-edit 0.5"


def git_commit_of(repository: Path) -> str:
    return (repository / ".git" / "refs" / "heads" / "main").read_text().strip()


def test_no_dependency_comes_along(installer: Installer, python: Path) -> None:
    assert install(installer, python, "labneeds==0.3").failed == ()
    assert "labindex" not in installed(python)
    assert install(installer, python, "labneeds==0.3", deps=True).failed == ()
    assert installed(python)["labindex"][0] == "1.1"


def test_one_bad_line_does_not_fail_the_rest(installer: Installer, python: Path, tmp_path: Path) -> None:
    gone = (tmp_path / "gone-1-py3-none-any.whl").as_uri()
    lines = ("labindex==1.0", "no-such-thing==1.0", "emoji==2.14.0", f"gone @ {gone}")
    report = install(installer, python, *lines)
    assert report.installed == ("labindex==1.0", "emoji==2.14.0")
    assert [line for line, _ in report.failed] == [lines[1], lines[3]]
    assert "no-such-thing" in report.failed[0][1]
    assert "\n" not in report.failed[0][1]
    assert {"labindex", "emoji"} < set(installed(python))


def test_hashes_are_compared_and_may_stand_on_some_lines_only(installer: Installer, python: Path, index: Index) -> None:
    import hashlib

    right = hashlib.sha256(index.wheel("labindex", "1.0").read_bytes()).hexdigest()
    wrong = f"emoji==2.14.0 --hash=sha256:{'0' * 64}"
    report = install(installer, python, f"labindex==1.0 --hash=sha256:{right}", wrong, "humanize==4.10.0")
    assert len(report.installed) == 2
    assert [line for line, _ in report.failed] == [wrong]
    assert "emoji" not in installed(python)


def test_a_package_of_conda_gives_way_even_to_its_own_version(installer: Installer, python: Path) -> None:
    assert install(installer, python, "idna==3.7").failed == ()
    site = next(python.parent.parent.glob("lib/python3*/site-packages"))
    assert (site / "idna-3.7.dist-info" / "INSTALLER").read_text().strip() == installer.name
    assert install(installer, python, "idna==3.10").failed == ()
    assert [each.name for each in site.glob("idna-*.dist-info")] == ["idna-3.10.dist-info"]


@pytest.mark.parametrize(
    "line",
    [
        "six\n--index-url http://evil",
        "--index-url http://evil",
        "x @ http://h/${SECRET}/x.whl",
        "-r more.txt",
        "six \\",
        "-e${X}",
    ],
)
def test_what_would_be_obeyed_is_refused(installer: Installer, python: Path, line: str) -> None:
    report = install(installer, python, line, "labindex==1.0")
    assert report.installed == ("labindex==1.0",)
    assert [each for each, _ in report.failed] == [line]


def test_settings_that_would_put_packages_elsewhere_have_no_say(
    python: Path, index: Index, tmp_path: Path, request: pytest.FixtureRequest, installer: Installer
) -> None:
    (tmp_path / "constraints.txt").write_text("labindex==1.1\n")
    elsewhere = str(tmp_path / "elsewhere")
    settings = {
        "PIP_TARGET": elsewhere,
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_CONSTRAINT": str(tmp_path / "constraints.txt"),
        "UV_CONSTRAINT": str(tmp_path / "constraints.txt"),
        "UV_TARGET": elsewhere,
        "PYTHONPATH": elsewhere,
    }
    ours = type(installer)({**os.environ, **settings})  # type: ignore[call-arg]
    assert install(ours, python, "labindex==1.0").failed == ()
    assert installed(python)["labindex"][0] == "1.0"
    assert not Path(elsewhere).exists()


def test_an_index_that_was_consented_to_is_asked_besides_the_users(
    installer: Installer, python: Path, index: Index, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    wheel = index.wheel("labindex", "1.0")
    (mine / "labindex").mkdir(parents=True)
    (mine / "labindex" / "index.html").write_text(f'<!DOCTYPE html><a href="{wheel.as_uri()}">{wheel.name}</a>')
    ours = type(installer)({**os.environ, "PIP_INDEX_URL": mine.as_uri(), "UV_DEFAULT_INDEX": mine.as_uri()})  # type: ignore[call-arg]
    assert install(ours, python, "labindex==1.0", "emoji==2.14.0").failed[0][0] == "emoji==2.14.0"
    assert not install(ours, python, "labindex==1.0", "emoji==2.14.0", index_urls=(index.url,)).failed


def test_find_links_are_enough_offline(installer: Installer, python: Path, index: Index) -> None:
    assert not install(installer, python, "labindex==1.0", find_links=(str(index.find_links),), offline=True).failed
    failed = install(
        installer, python, "x @ http://127.0.0.1:9/x-1-py3-none-any.whl", "y @ git+https://127.0.0.1:9/y", offline=True
    ).failed
    assert len(failed) == 2


@needs_uv
def test_uv_looks_where_pip_is_configured_to(python: Path, index: Index, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = {index.url}\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_DEFAULT", "PIP_"))}
    assert not install(UvInstaller({**environ, "PIP_CONFIG_FILE": str(config)}), python, "labindex==1.0").failed


def test_pip_settings_are_read_by_pips_rules(tmp_path: Path) -> None:
    user = tmp_path / ".pip"
    user.mkdir()
    (user / "pip.conf").write_text(
        "[global]\nindex_url = http://user\nextra-index-url =\n    http://one\n    http://two\n[install]\nno-index = yes\n"
    )
    own = tmp_path / "own.conf"
    own.write_text("[install]\nfind-links = /wheels\n")
    broken = tmp_path / "broken.conf"
    broken.write_bytes(b"\xff[")
    environ = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PIP_CONFIG_FILE": str(own)}
    if sys.platform != "win32":
        found = pip_settings({**environ, "PIP_CONFIG_FILE": str(tmp_path / "nowhere.conf"), "PIP_FIND_LINKS": "/wheels"})
        assert (found.index_url, found.extra_index_urls, found.no_index) == ("http://user", ("http://one", "http://two"), True)
        assert found.find_links == ("/wheels",)
        # as `pip config list` shows it
        found = pip_settings(environ)
        assert (found.index_url, found.find_links, found.no_index) == (None, ("/wheels",), False)
    assert pip_settings({**environ, "PIP_INDEX_URL": "http://variable"}).index_url == "http://variable"
    pip_settings({**environ, "PIP_CONFIG_FILE": str(broken)})
    assert pip_settings({"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}).index_url is None


def test_an_environment_without_pip_is_said_with_its_remedies(
    make_env: MakeEnv, channel: Channel, tmp_path: Path, index: Index
) -> None:
    bare = make_env([f"python={channel.older_python}"], prefix=tmp_path / "bare") / "bin" / "python"
    with pytest.raises(InstallerError, match=r"has no pip\n.*uv.*-m ensurepip"):
        install(PipInstaller(), bare, "labindex==1.0")
    with pytest.raises(InstallerError, match=r"has no pip\n.*-m ensurepip"):
        find_installer("pip", bare)
    assert not list((tmp_path / "bare").glob("lib/python3*/site-packages/pip"))


@needs_uv
def test_uv_needs_no_pip(make_env: MakeEnv, channel: Channel, tmp_path: Path, index: Index) -> None:
    bare = make_env([f"python={channel.older_python}"], prefix=tmp_path / "bare") / "bin" / "python"
    installer = find_installer(None, bare)
    assert installer.name == "uv"
    assert not install(installer, bare, "labindex==1.0").failed


def test_a_python_that_is_not_there_is_an_error(installer: Installer, tmp_path: Path) -> None:
    with pytest.raises(InstallerError, match="none"):
        install(installer, tmp_path / "none", "labindex==1.0")


def test_an_unknown_installer_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="poetry"):
        find_installer("poetry", tmp_path)  # type: ignore[arg-type]


def test_a_venv_takes_packages_too(installer: Installer, tmp_path: Path) -> None:
    make_venv(Path(sys.executable), tmp_path / "venv", with_pip=installer.name == "pip", installer=installer.name)
    python = tmp_path / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    assert not install(installer, python, "labindex==1.1").failed
    assert installed(python)["labindex"][0] == "1.1"
