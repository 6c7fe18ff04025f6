from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkeep.engines.base import SolveRequest
from envkeep.engines.rattler import RattlerEngine
from envkeep.errors import RefusedError, UnsolvableError
from envkeep.model.record import EnvironmentInfo, Record, Requested
from envkeep.model.specification import Requirement, Specification
from envkeep.planning.facts import LocalFacts
from envkeep.planning.make import make_plan
from envkeep.restoring.settle import settle, step_down
from support.records import conda, dist, python, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envkeep.model.record import CondaPackage
    from envkeep.planning.plan import Plan
    from support.channel import Channel


def solved(engine: RattlerEngine, channel: Channel, *specs: str) -> tuple[CondaPackage, ...]:
    return engine.solve(SolveRequest(specs=specs, channels=channel.urls, subdir=channel.subdir))


def lab(engine: RattlerEngine, channel: Channel, *specs: str) -> Record:
    """A record of what the channel gives for some specs, as if it had been captured."""
    version = channel.older_python
    info = EnvironmentInfo(name="lab", prefix="/envs/lab", kind="conda", subdir=channel.subdir)
    packages = solved(engine, channel, f"python=={version}", *specs)
    return record(
        environment=info, python=python(version), conda=packages, requested=Requested(specs=(f"python={version}", *specs))
    )


def plan_of(source: Record | Specification, channel: Channel, *, subdir: str | None = None, **options: object) -> Plan:
    facts = LocalFacts(subdir=subdir or channel.subdir)
    return make_plan(source, target="/envs/new", facts=facts, channels=channel.urls, **options)  # type: ignore[arg-type]


def packages(plan: Plan) -> dict[str, CondaPackage]:
    assert plan.conda_step is not None
    assert plan.conda_step.settled
    assert plan.conda_step.specs == ()
    return {package.name: package for package in plan.conda_step.packages}


def test_artefacts_that_are_there_are_kept_as_they_are(engine: RattlerEngine, channel: Channel) -> None:
    source = lab(engine, channel, "six", "pyyaml")
    plan = settle(plan_of(source, channel), engine)
    assert plan.conda_step is not None
    assert plan.conda_step.packages == source.conda
    assert plan.steps_down == ()


def test_only_what_is_gone_steps_down_and_each_is_named(channel: Channel, tmp_path: Path) -> None:
    # with a cache of its own: what other tests installed would not be gone
    engine = RattlerEngine({**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")})
    mine = channel.copy(tmp_path / "channels")
    source = lab(engine, mine, "libfoo=1.2.3", "six")
    gone = [package for package in source.conda if package.name in {"libfoo", "six"}]
    for package in gone:
        (artefact,) = (path for path in mine.artefacts(package.name) if path.name == package.fn)
        artefact.unlink()
    plan = settle(plan_of(source, mine), engine)
    found = packages(plan)
    assert {item.name: item.end for item in plan.steps_down} == {"libfoo": "other-version", "six": "other-version"}
    assert all("not there" in item.why for item in plan.steps_down)
    assert found["libfoo"].version != "1.2.3"
    held = {package.name: package for package in source.conda if package.name not in {"libfoo", "six"}}
    assert {name: found[name] for name in held} == held
    with pytest.raises(RefusedError, match="libfoo"):
        settle(plan_of(source, mine, strict=True), engine)


def test_a_package_without_url_comes_back_in_its_version(engine: RattlerEngine, channel: Channel) -> None:
    source = lab(engine, channel, "six")
    bare = tuple(replace(item, url=None, sha256=None, md5=None) if item.name == "six" else item for item in source.conda)
    plan = settle(plan_of(replace(source, conda=bare), channel), engine)
    assert packages(plan) == {package.name: package for package in source.conda}
    assert [(item.name, item.end) for item in plan.steps_down] == [("six", "same-version")]


@pytest.mark.parametrize("subdir", ["osx-arm64", "win-64"])
def test_another_platform_gets_the_same_versions_and_what_it_lacks_is_named(
    engine: RattlerEngine, channel: Channel, subdir: str
) -> None:
    if subdir == channel.subdir:
        pytest.skip("it is this machine's")
    source = lab(engine, channel, "pyyaml", "six")
    odd = replace(source.conda[0], name="only-here", version="1.0", url=None)
    plan = settle(plan_of(replace(source, conda=(*source.conda, odd)), channel, subdir=subdir), engine)
    found = packages(plan)
    assert {package.subdir for package in found.values()} <= {subdir, "noarch"}
    recorded = {package.name: package.version for package in source.conda}
    assert {name: package.version for name, package in found.items() if name in recorded} == {
        name: version for name, version in recorded.items() if name in found
    }
    assert "only-here" in {item.name for item in plan.cannot}


def test_a_version_that_is_gone_steps_down_alone(engine: RattlerEngine, channel: Channel) -> None:
    source = lab(engine, channel, "six", "pyyaml")
    old = tuple(replace(item, version="0.0.1") if item.name == "six" else item for item in source.conda)
    plan = settle(plan_of(replace(source, conda=old), channel, fidelity="same-version"), engine)
    assert [(item.name, item.end) for item in plan.steps_down] == [("six", "other-version")]
    assert "has no version 0.0.1" in plan.steps_down[0].why
    recorded = {package.name: package.version for package in source.conda if package.name != "six"}
    assert {name: packages(plan)[name].version for name in recorded} == recorded


@pytest.mark.parametrize("fidelity", [None, "requested", "pip"])
def test_a_python_that_no_channel_has_is_one_clear_error(engine: RattlerEngine, channel: Channel, fidelity: str | None) -> None:
    source = lab(engine, channel, "six")
    lost = tuple(
        replace(item, version="3.9.1", build="h0_0", url=f"{channel.main}/{channel.subdir}/python-3.9.1-h0_0.conda")
        if item.name == "python"
        else item
        for item in source.conda
    )
    source = replace(source, conda=lost, python=python("3.9.1"))
    with pytest.raises(UnsolvableError) as caught:
        settle(plan_of(source, channel, fidelity=fidelity), engine)
    assert "Python 3.9.1" in caught.value.fact
    assert caught.value.remedy is not None
    assert any(version in caught.value.remedy for version in channel.python_versions)
    assert "-c" in caught.value.remedy


def test_a_list_gets_its_python_and_pip(engine: RattlerEngine, channel: Channel) -> None:
    version = channel.older_python
    requirement = Requirement(name="six", text="six==1.16.0", version="1.16.0", line=1)
    source = Specification(source="x.txt", python=version, requirements=(requirement,))
    found = packages(settle(plan_of(source, channel), engine))
    assert found["python"].version == version
    assert "pip" in found


def test_what_is_settled_is_left_alone(engine: RattlerEngine, channel: Channel) -> None:
    plan = settle(plan_of(lab(engine, channel, "six"), channel), engine)
    assert settle(plan, engine) is plan


def test_what_nothing_on_the_channels_replaces_comes_from_the_index(channel: Channel, tmp_path: Path) -> None:
    engine = RattlerEngine({**os.environ, "ENVKEEP_CACHE": str(tmp_path / "cache")})
    mine = channel.copy(tmp_path / "channels")
    source = lab(engine, mine, "pip", "attrs", "six")
    attrs = dist("attrs", next(item.version for item in source.conda if item.name == "attrs"), conda_package="attrs")
    source = replace(source, distributions=(attrs,))
    for artefact in (*mine.artefacts("attrs"), *(path for path in mine.artefacts("six") if "1.17" in path.name)):
        artefact.unlink()
    plan = settle(plan_of(source, mine), engine)
    found = packages(plan)
    assert "attrs" not in found
    assert found["six"].version == "1.16.0"
    assert plan.pip_step is not None
    assert [line.text for line in plan.pip_step.lines] == [f"attrs=={attrs.version}"]
    assert {(item.name, item.end) for item in plan.steps_down} == {("attrs", "pip"), ("six", "other-version")}
    assert "package index" in next(item.why for item in plan.steps_down if item.name == "attrs")
    # what is no Python package has no stand-in, and offline nothing has
    for other in (plan_of(replace(source, distributions=()), mine), plan_of(source, mine, offline=True)):
        assert ("attrs", "missing") in {(item.name, item.end) for item in settle(other, engine).steps_down}


class Picky:
    """An engine whose channels hold every package in another build, which go together only where one of them is left out."""

    def __init__(self, misfit: str) -> None:
        self.misfit = misfit
        self.solves = 0

    def available(self, names: Sequence[str], *_: object, **__: object) -> tuple[CondaPackage, ...]:
        return tuple(
            conda(name, "1.0", "other_1", url=f"https://lab.example/c/noarch/{name}-1.0-other_1.conda") for name in names
        )

    def solve(self, request: SolveRequest) -> tuple[CondaPackage, ...]:
        self.solves += 1
        names = [spec.partition("=")[0].partition("[")[0].strip() for spec in request.specs]
        if self.misfit in names:
            raise UnsolvableError(f"{self.misfit} does not go with the others")
        return self.available(names)


@pytest.mark.parametrize(("misfit", "moved"), [("p1", 1), ("p45", 60)])
def test_of_many_lost_packages_the_misfit_is_found_or_all_come_from_the_index(misfit: str, moved: int) -> None:
    names = [f"p{at}" for at in range(60)]
    source = record(
        environment=EnvironmentInfo(name="lab", prefix="/envs/lab", kind="conda", subdir="linux-64"),
        python=python("3.12.1"),
        conda=tuple(conda(name, "1.0", "0", url=f"https://lab.example/c/noarch/{name}-1.0-0.conda") for name in names),
        distributions=tuple(dist(name, "1.0", conda_package=name) for name in names),
    )
    plan = make_plan(source, target="/envs/new", facts=LocalFacts(subdir="linux-64"), channels=("https://lab.example/c",))
    engine = Picky(misfit)
    found = step_down(plan, dict.fromkeys(names, "gone"), engine)  # type: ignore[arg-type]
    assert found.pip_step is not None
    assert len(found.pip_step.lines) == moved
    assert misfit in {line.name for line in found.pip_step.lines}
    # not some for each of the sixty
    assert engine.solves < 100


def test_a_strict_refusal_says_a_reason_once() -> None:
    names = ("libfoo", "liblab", "six")
    source = record(
        conda=tuple(
            conda(name, "1.0", "0", url=f"https://lab.example/c/noarch/{name}-1.0-0.conda", md5="0" * 32) for name in names
        )
    )
    plan = make_plan(source, target="/envs/new", facts=LocalFacts(subdir="linux-64"), strict=True)
    with pytest.raises(RefusedError, match=r"gone: libfoo, six: lab\.example cannot be reached; liblab: it went"):
        step_down(
            plan,
            {"six": "lab.example cannot be reached", "liblab": "it went", "libfoo": "lab.example cannot be reached"},
            Picky("none"),  # type: ignore[arg-type]
        )
