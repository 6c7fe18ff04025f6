from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.engines.base import NoProgress, PipRequest
from envkeep.engines.pythons import find_python, make_venv
from envkeep.engines.run import run
from envkeep.engines.uv import UvInstaller
from envkeep.errors import EngineError, InstallerError, RefusedError, TargetExistsError
from envkeep.model.content import content
from envkeep.model.record import Origin
from envkeep.restoring.prepare import Options, prepare
from envkeep.restoring.restore import environment_python, restore
from restoring.conftest import pip

if TYPE_CHECKING:
    from envkeep.engines.base import InstallerName
    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.restoring.result import RestoreResult
    from restoring.conftest import Lab
    from support.channel import Channel


def rebuild(
    source: Record | Specification, target: Path, installer: InstallerName | None = None, **options: object
) -> RestoreResult:
    prepared = prepare(source, Options(target=target, **options), os.environ)  # type: ignore[arg-type]
    return restore(prepared.plan, engine=prepared.engine, installer=installer)


def words(result: RestoreResult) -> dict[str, str]:
    return {item.name: item.outcome for item in result.verification.outcomes if item.kind not in {"requested", "pinned"}}


def not_exact(result: RestoreResult) -> list[tuple[str, str, str]]:
    return [(item.name, item.outcome, item.reason) for item in result.verification.outcomes if item.outcome != "exact"]


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_everything_comes_back_exact(lab: Lab, tmp_path: Path, installer: InstallerName) -> None:
    target = tmp_path / "a new place" / "lab"
    result = rebuild(lab.record, target, installer, with_secrets=True)
    assert not_exact(result) == []
    assert result.verification.exact
    assert result.as_asked
    assert result.steps_down == ()
    # a backup of the rebuilt environment is equal in content to the original
    assert content(capture(target)) == content(lab.record)
    python = str(environment_python(target))
    done = run([python, "-c", "import six, yaml, emoji, labvcs, labwheel, labtool, sys; print(sys.version.split()[0])"])
    assert lab.record.python is not None
    assert done.stdout.strip() == lab.record.python.version
    assert run([str(target / "bin" / "labtool")]).stdout.strip() == "labtool 0.3"
    # the checkout is linked, not copied
    assert run([python, "-c", "import labtool; print(labtool.__file__)"]).stdout.strip() == str(lab.project / "labtool.py")


def test_what_cannot_be_had_is_named_and_the_rest_comes_back(lab: Lab, tmp_path: Path) -> None:
    moved = []
    for dist in lab.record.distributions:
        origin = dist.origin
        if origin is not None and dist.name in {"labwheel", "labtool"}:
            origin = replace(origin, url=origin.url.replace("my%20lab", "not%20there"), remote=None)
        moved.append(replace(dist, origin=origin))
    source = replace(lab.record, distributions=tuple(moved))
    result = rebuild(source, tmp_path / "env")
    assert {name for name, word in words(result).items() if word == "missing"} == {"labwheel", "labtool", "LAB_TOKEN"}
    assert not result.as_asked
    assert result.verification.reached is None
    assert "not there" in str([item for item in result.plan.cannot if item.name == "labwheel"])


def test_damage_is_mended(lab: Lab, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    rebuild(lab.record, damaged)
    pip(damaged, "uninstall", "-y", "idna")
    source = capture(damaged)
    assert next(item for item in source.conda if item.name == "idna").altered == "removed"
    result = rebuild(source, tmp_path / "env")
    assert words(result)["idna"] == "mended"
    assert result.as_asked


def test_two_artefacts_gone_from_the_channel_step_down_alone(lab: Lab, channel: Channel, tmp_path: Path) -> None:
    mine = channel.copy(tmp_path / "channels")
    packages = tuple(replace(item, url=(item.url or "").replace(str(channel.path), str(mine.path))) for item in lab.record.conda)
    source = replace(lab.record, conda=packages, distributions=lab.record.distributions)
    for name in ("libfoo", "six"):
        package = next(item for item in packages if item.name == name)
        next(path for path in mine.artefacts(name) if path.name == package.fn).unlink()
    environ = {**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")}
    prepared = prepare(source, Options(target=tmp_path / "env", channels=mine.urls), environ)
    assert {item.name for item in prepared.plan.steps_down} == {"libfoo", "six"}
    result = restore(prepared.plan, engine=prepared.engine)
    found = words(result)
    assert {name for name, word in found.items() if word not in {"exact", "missing"}} == {"libfoo", "six"}
    assert not result.as_asked
    assert {item.name for item in result.steps_down} == {"libfoo", "six"}


def test_a_wrong_hash_is_refused_and_nothing_is_left(lab: Lab, channel: Channel, tmp_path: Path) -> None:
    packages = tuple(replace(item, sha256="0" * 64) if item.name == "six" else item for item in lab.record.conda)
    with pytest.raises(EngineError, match="six"):
        rebuild(replace(lab.record, conda=packages), tmp_path / "new" / "env")
    assert not (tmp_path / "new").exists()


def test_a_prefix_that_fails_half_way_is_removed_and_nothing_else(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from envkeep.engines import select

    def interrupted(*_: object) -> None:
        assert (tmp_path / "env" / "conda-meta").is_dir()
        raise KeyboardInterrupt

    monkeypatch.setattr(select, "find_installer", interrupted)
    (tmp_path / "env").mkdir()
    with pytest.raises(KeyboardInterrupt):
        rebuild(lab.record, tmp_path / "env")
    assert list((tmp_path / "env").iterdir()) == []
    assert lab.project.is_dir()


def test_an_existing_target_is_refused_before_anything_is_asked(lab: Lab) -> None:
    before = sorted(lab.prefix.rglob("*"))
    with pytest.raises(TargetExistsError):
        rebuild(lab.record, lab.prefix)
    assert sorted(lab.prefix.rglob("*")) == before


def test_strict_leaves_nothing_where_a_python_package_cannot_be_had(lab: Lab, tmp_path: Path) -> None:
    unknown = replace(next(item for item in lab.record.pip if item.name == "emoji"), version="99.0", name="emoji")
    distributions = tuple(unknown if item.name == "emoji" else item for item in lab.record.distributions)
    source = replace(lab.record, distributions=distributions, variables=())
    # before anything is built
    with pytest.raises(RefusedError, match=r"emoji: the index has no version 99\.0"):
        prepare(source, Options(target=tmp_path / "env", strict=True), os.environ)
    # what only the installation shows leaves nothing either
    plan = replace(prepare(source, Options(target=tmp_path / "env"), os.environ).plan, strict=True)
    with pytest.raises(InstallerError, match="emoji"):
        restore(plan, engine=prepare(lab.record, Options(target=tmp_path / "env"), os.environ).engine)
    assert not (tmp_path / "env").exists()
    result = rebuild(source, tmp_path / "env")
    assert {name for name, word in words(result).items() if word == "missing"} == {"emoji"}
    assert [(item.name, item.end) for item in result.steps_down] == [("emoji", "missing")]


def test_a_link_script_that_did_not_run_is_not_exact(channel: Channel, make_env: object, tmp_path: Path) -> None:
    prefix = make_env(["labpost"], name="post", channels=channel.urls, link_scripts=True)  # type: ignore[operator]
    source = capture(prefix)
    skipped = rebuild(source, tmp_path / "skipped")
    assert (words(skipped)["labpost"], words(skipped)["libfoo"]) == ("same-version", "exact")
    run_it = rebuild(source, tmp_path / "run", link_scripts=True)
    assert words(run_it)["labpost"] == "exact"
    assert run_it.as_asked


def test_a_venv_comes_back_as_one(lab: Lab, tmp_path: Path) -> None:
    old = tmp_path / "old"
    make_venv(Path(sys.executable), old, with_pip=False, installer="uv")
    request = PipRequest(python=str(old / "bin" / "python"), requirements=("emoji==2.14.0", f"-e {lab.project.as_uri()}"))
    assert not UvInstaller(os.environ).install(request, NoProgress()).failed
    source = capture(old)
    result = rebuild(source, tmp_path / "new")
    assert not_exact(result) == []
    assert (tmp_path / "new" / "pyvenv.cfg").is_file()


@pytest.mark.parametrize(("minor", "with_pip"), [("3.10", True), ("3.12", False)])
def test_a_venv_keeps_nothing_of_what_pip_was_installed_with(lab: Lab, tmp_path: Path, minor: str, with_pip: bool) -> None:
    python = find_python(minor)
    if python is None:
        pytest.skip(f"no Python {minor} on this machine")
    old = tmp_path / "old"
    make_venv(python, old, with_pip=False, installer="uv")
    # without setuptools, which the venv module of Python 3.10 puts beside pip
    requirements = ("emoji==2.14.0", lab.wheel.as_uri(), *(["pip"] if with_pip else []))
    request = PipRequest(python=str(old / "bin" / "python"), requirements=requirements)
    assert not UvInstaller(os.environ).install(request, NoProgress()).failed
    result = rebuild(capture(old), tmp_path / "new", installer="pip")
    assert not_exact(result) == []
    assert result.as_asked
    assert {item.name for item in capture(tmp_path / "new").distributions} == {
        "emoji",
        "labwheel",
        *(["pip"] if with_pip else []),
    }


def test_a_checkout_is_cloned_at_its_commit_if_asked(lab: Lab, tmp_path: Path) -> None:
    commit = run(["git", "-C", str(lab.repo), "rev-parse", "HEAD"]).stdout.strip()
    vcs = next(item for item in lab.record.pip if item.name == "labvcs")
    origin = Origin(kind="directory", url="file:///nowhere/labvcs", editable=True, commit=commit, remote=lab.repo.as_uri())
    source = replace(lab.record, distributions=(replace(vcs, origin=origin),))
    result = rebuild(source, tmp_path / "env", checkout=tmp_path / "src")
    assert (tmp_path / "src" / "labvcs" / ".git").is_dir()
    done = run([str(environment_python(tmp_path / "env")), "-c", "import labvcs; print(labvcs.__file__)"])
    assert done.stdout.strip() == str(tmp_path / "src" / "labvcs" / "labvcs.py")
    assert words(result)["labvcs"] == "same-version"
