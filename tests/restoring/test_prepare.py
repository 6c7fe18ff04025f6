from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkeep.errors import RefusedError, TargetExistsError, UsageError
from envkeep.model.specification import RefusedLine, Requirement, Specification
from envkeep.restoring.prepare import Options, choose_target, prepare
from envkeep.store.config import load_config
from support.records import record

if TYPE_CHECKING:
    from restoring.conftest import Lab
    from support.channel import Channel

FILE = Specification(source="x.txt", python="3.11.7", requirements=(Requirement(name="six", text="six", line=1),))


def beside(folder: Path) -> object:
    source = record()
    return replace(source, environment=replace(source.environment, prefix=str(folder / "lab")))


def target(source: object, environ: dict[str, str] | None = None, stamp: str = "20250131112405", **options: object) -> Path:
    return choose_target(source, Options(**options), environ or {}, stamp)  # type: ignore[arg-type]


def test_a_new_environment_stands_beside_the_old_one_and_says_when_it_was(tmp_path: Path) -> None:
    source = beside(tmp_path)
    assert target(source) == tmp_path / "lab-20250131112405"
    assert target(source, name="again") == tmp_path / "again"
    assert target(source, target=Path("rel") / ".." / "new") == Path.cwd() / "new"


def test_settings_count_where_nothing_was_asked_and_own_backups_are_trusted(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[restore]\nengine = "conda"\nchannels = ["conda-forge"]\n[channels]\nremap = { defaults = "conda-forge" }\n'
    )
    config = load_config(tmp_path, {})
    foreign = Options().with_settings(config, own=False)
    assert (foreign.engine, foreign.configured_channels, foreign.remap) == (
        "conda",
        ("conda-forge",),
        {"defaults": "conda-forge"},
    )
    assert (foreign.link_scripts, foreign.ask_servers) == (False, False)
    own = Options(engine="mamba", remap={}).with_settings(config, own=True)
    assert (own.engine, own.remap, own.link_scripts, own.ask_servers) == ("mamba", {}, True, True)
    assert Options(link_scripts=True).with_settings(config, own=False).link_scripts


def test_a_name_alone_goes_where_conda_would_put_it(tmp_path: Path) -> None:
    (tmp_path / "envs").mkdir()
    assert target(FILE, {"CONDA_ENVS_DIRS": str(tmp_path / "envs")}, name="lab") == tmp_path / "envs" / "lab"
    with pytest.raises(UsageError, match="nobody says where"):
        target(FILE, name="lab")


@pytest.mark.parametrize("name", ["a/b", "-x", "..", "a b", "a\nb"])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no name"):
        target(beside(tmp_path), name=name)


@pytest.mark.parametrize("name", ["it's", 'a"b', "a`b", "a\nb"])
def test_a_path_that_breaks_an_environment_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no environment can live"):
        target(FILE, target=tmp_path / name)


def test_what_is_there_is_never_built_over(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert target(FILE, target=tmp_path / "empty") == tmp_path / "empty"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for name in ("full", "dangling"):
        with pytest.raises(TargetExistsError):
            target(FILE, target=tmp_path / name)
    with pytest.raises(UsageError):
        target(FILE, target=tmp_path / "a", name="b")


def test_a_dry_run_for_another_platform_names_every_package(lab: Lab, channel: Channel, tmp_path: Path) -> None:
    other = "win-64" if channel.subdir != "win-64" else "linux-64"
    prepared = prepare(lab.record, Options(target=tmp_path / "env", subdir=other, channels=channel.urls), os.environ)
    step = prepared.plan.conda_step
    assert step is not None
    assert step.settled
    assert {package.subdir for package in step.packages} <= {other, "noarch"}
    assert prepared.plan.start == "same-version"
    assert not (tmp_path / "env").exists()


def test_where_there_is_a_checkout_the_plan_knows_its_commit(lab: Lab, channel: Channel, tmp_path: Path) -> None:
    prepared = prepare(lab.record, Options(target=tmp_path / "env"), os.environ)
    assert {item.where for item in prepared.plan.contacts} >= {str(lab.project), str(lab.wheel)}
    assert prepared.plan.download > 1_000_000
    assert [item.name for item in prepared.plan.cannot] == ["LAB_TOKEN"]


def test_lines_that_would_be_obeyed_are_listed_and_refused_all_of_them(tmp_path: Path) -> None:
    lines = (
        RefusedLine(
            line=3,
            text="-i https://a.example/simple",
            reason="it names another index",
            allow="--allow-index https://a.example/simple",
        ),
        RefusedLine(line=7, text="six==${X}", reason="it names a variable"),
    )
    source = replace(FILE, refused=lines)
    with pytest.raises(RefusedError) as caught:
        prepare(source, Options(target=tmp_path / "env", settle=False), os.environ)
    assert "x.txt:3: -i https://a.example/simple: it names another index" in caught.value.fact
    assert "x.txt:7: six==${X}" in caught.value.fact
    assert "--allow-index https://a.example/simple" in str(caught.value.remedy)
    assert "--skip-refused" in str(caught.value.remedy)
    plan = prepare(source, Options(target=tmp_path / "env", settle=False, skip_refused=True), os.environ).plan
    assert [line.text for line in plan.pip_step.lines if plan.pip_step] == ["six"]  # type: ignore[union-attr]
    assert len([note for note in plan.notes if "not taken over" in note]) == 2
