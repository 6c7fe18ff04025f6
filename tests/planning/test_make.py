from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.errors import RefusedError, UsageError
from envkeep.model.record import EnvironmentInfo, Origin, Record, Requested
from envkeep.model.specification import Requirement, Specification
from envkeep.planning.facts import LocalFacts
from envkeep.planning.fidelity import LADDER
from envkeep.planning.make import make_plan
from envkeep.planning.plan import (
    InstallPip,
    MakeConda,
    MakeVenv,
    Plan,
    RecordRequested,
    SetVariables,
    StepDown,
    Verify,
    WritePinned,
)
from support.records import conda, dist, python, record, records

HERE = LocalFacts(subdir="linux-64")
URL = "https://conda.anaconda.org/conda-forge/linux-64"


def artefact(name: str, version: str = "1.0", build: str = "0", **fields: object):  # type: ignore[no-untyped-def]
    return conda(
        name, version, build, **{"url": f"{URL}/{name}-{version}-{build}.conda", "sha256": "a" * 64, "size": 10, **fields}
    )


def lab(**fields: object) -> Record:
    given: dict[str, object] = {
        "conda": (artefact("numpy", "1.26.4"), artefact("pip", "24.0"), artefact("python", "3.12.1")),
        "distributions": (
            dist("numpy", "1.26.4", conda_package="numpy"),
            dist("pip", "24.0", conda_package="pip"),
            dist("six", "1.16.0"),
        ),
        "requested": Requested(specs=("python=3.12", "numpy>=1.20")),
        **fields,
    }
    return record(**given)


def conda_step(plan: Plan) -> MakeConda:
    assert plan.conda_step is not None
    return plan.conda_step


def specification(**fields: object) -> Specification:
    return Specification(source="list.txt", **fields)  # type: ignore[arg-type]


def requirement(name: str, version: str | None = None, line: int = 1, **fields: object) -> Requirement:
    text = f"{name}=={version}" if version else name
    return Requirement(name=name, version=version, text=text, line=line, **fields)  # type: ignore[arg-type]


def test_a_record_on_its_own_platform_is_made_of_its_artefacts() -> None:
    plan = make_plan(lab(), target="/envs/new", facts=HERE)
    step = conda_step(plan)
    assert (plan.asked, plan.start, plan.name) == ("exact", "exact", "new")
    assert [package.name for package in step.packages] == ["numpy", "pip", "python"]
    assert step.specs == ()
    assert step.python == "3.12.1"
    assert plan.download == 30
    assert plan.steps_down == ()
    assert plan.contacts[0].where == "conda.anaconda.org"


def test_the_steps_come_in_the_order_they_are_done_in() -> None:
    source = lab(variables=(("DATA", "/data"),), pinned=("numpy 1.26.*",))
    plan = make_plan(source, target="/envs/new", facts=HERE)
    assert [type(step) for step in plan.steps] == [MakeConda, RecordRequested, WritePinned, SetVariables, InstallPip, Verify]
    assert plan.steps[1] == RecordRequested(specs=("python=3.12", "numpy>=1.20"))


def test_only_what_is_not_condas_is_left_to_pip_and_nothing_is_resolved() -> None:
    step = make_plan(lab(), target="/envs/new", facts=HERE).pip_step
    assert step is not None
    assert [line.text for line in step.lines] == ["six==1.16.0"]
    assert not step.deps


def test_another_platform_is_solved_for_the_same_versions_and_says_why() -> None:
    plan = make_plan(lab(), target="/envs/new", facts=LocalFacts(subdir="osx-arm64"))
    assert (plan.asked, plan.start) == ("exact", "same-version")
    assert conda_step(plan).specs == ("numpy==1.26.4", "pip==24.0", "python==3.12.1")
    assert plan.steps_down[0].why == "it was recorded on linux-64 and is made for osx-arm64"
    assert plan.pip_step is not None
    assert plan.pip_step.deps


def test_a_package_without_url_or_hash_steps_down_alone() -> None:
    bare = conda("numpy", "1.26.4", "py_0")
    unproven = artefact("pip", "24.0", sha256=None)
    plan = make_plan(lab(conda=(bare, unproven, artefact("python", "3.12.1"))), target="/envs/new", facts=HERE)
    step = conda_step(plan)
    assert [package.name for package in step.packages] == ["pip", "python"]
    assert step.specs == ("numpy==1.26.4",)
    assert plan.start == "exact"
    assert [(item.name, item.end) for item in plan.steps_down] == [("numpy", "same-version"), ("pip", "same-version")]


def test_requested_holds_the_versions_that_were_there() -> None:
    source = lab(requested=Requested(specs=("numpy[version='>=1.20']", "conda-forge::pip")))
    plan = make_plan(source, target="/envs/new", facts=HERE, fidelity="requested")
    assert conda_step(plan).specs == ("numpy==1.26.4", "conda-forge::pip==24.0", "python==3.12.1")
    assert plan.asked == "requested"


def test_pip_fidelity_takes_python_from_conda_and_the_rest_from_the_index() -> None:
    plan = make_plan(lab(), target="/envs/new", facts=HERE, fidelity="pip")
    assert conda_step(plan).specs == ("python==3.12.1", "pip==24.0")
    assert plan.pip_step is not None
    assert [line.text for line in plan.pip_step.lines] == ["numpy==1.26.4", "six==1.16.0"]


def test_strict_refuses_a_step_down_before_anything_is_built() -> None:
    with pytest.raises(RefusedError, match="recorded on linux-64"):
        make_plan(lab(), target="/envs/new", facts=LocalFacts(subdir="win-64"), strict=True)
    lost = dist("mine", "1.0", origin=Origin(kind="directory", url="file:///home/me/mine", editable=True))
    with pytest.raises(RefusedError, match="mine: its editable checkout is not on this machine"):
        make_plan(lab(distributions=(lost,)), target="/envs/new", facts=HERE, strict=True)


def test_variables_that_look_secret_come_back_only_when_asked() -> None:
    source = lab(variables=(("DATA", "/data"), ("API_TOKEN", "hunter2")))
    plan = make_plan(source, target="/envs/new", facts=HERE)
    (step,) = (item for item in plan.steps if isinstance(item, SetVariables))
    assert step.names == ("DATA",)
    assert [(item.kind, item.name) for item in plan.cannot] == [("variable", "API_TOKEN")]
    asked = make_plan(source, target="/envs/new", facts=HERE, with_secrets=True)
    assert "hunter2" in dict(next(item for item in asked.steps if isinstance(item, SetVariables)).variables).values()
    assert "hunter2" not in repr(asked.steps)


def test_a_mirror_takes_the_place_of_a_channel_and_the_hash_stays() -> None:
    plan = make_plan(lab(), target="/envs/new", facts=HERE, remap={"conda-forge": "https://mirror.example.org/cf"})
    step = conda_step(plan)
    assert step.packages[0].url == "https://mirror.example.org/cf/linux-64/numpy-1.26.4-0.conda"
    assert step.packages[0].sha256 == "a" * 64
    assert plan.channels == ("https://mirror.example.org/cf",)
    assert {contact.where for contact in plan.contacts} >= {"mirror.example.org"}
    assert "conda.anaconda.org" not in {contact.where for contact in plan.contacts}


def test_link_scripts_are_named_and_run_only_when_allowed() -> None:
    source = lab(conda=(artefact("python", "3.12.1", link_scripts=("post-link",)),))
    plan = make_plan(source, target="/envs/new", facts=HERE)
    assert plan.link_scripts == ("python",)
    assert not plan.run_link_scripts
    assert make_plan(source, target="/envs/new", facts=HERE, link_scripts=True).run_link_scripts


def venv(**fields: object) -> Record:
    info = EnvironmentInfo(name="lab", prefix="/venvs/lab", kind="venv", subdir="linux-64")
    return record(environment=info, distributions=(dist("pip", "24.0"), dist("six", "1.16.0")), **fields)


def test_a_venv_is_made_of_a_python_of_its_version_on_the_machine() -> None:
    plan = make_plan(venv(), target="/venvs/new", facts=replace(HERE, pythons=("3.13.0", "3.12.1")))
    assert plan.steps[0] == MakeVenv(python="3.12.1")
    assert plan.pip_step is not None
    assert [line.text for line in plan.pip_step.lines] == ["pip==24.0", "six==1.16.0"]


def test_a_venv_without_such_a_python_becomes_a_conda_environment_and_says_so() -> None:
    plan = make_plan(venv(python=python("3.9.19")), target="/venvs/new", facts=replace(HERE, pythons=("3.13.0",)))
    assert conda_step(plan).specs == ("python==3.9.19", "pip")
    assert plan.pip_step is not None
    assert [line.name for line in plan.pip_step.lines] == ["six"]
    assert "no Python 3.9.19 on this machine" in plan.notes[0]


def test_a_captured_list_is_the_whole_truth_and_a_handmade_one_is_resolved() -> None:
    captured = specification(python="3.11.7", requirements=(requirement("six", "1.16.0"),))
    plan = make_plan(captured, target="/envs/new", facts=HERE)
    assert (plan.asked, plan.start) == ("pip", "pip")
    assert conda_step(plan).specs == ("python==3.11.7", "pip")
    assert plan.channels == ("conda-forge",)
    assert plan.channels_from == "envkeep"
    assert plan.pip_step is not None
    assert not plan.pip_step.deps
    by_hand = specification(requirements=(requirement("six", "1.16.0"), requirement("numpy")))
    plan = make_plan(by_hand, target="/envs/new", facts=HERE)
    assert conda_step(plan).specs == ("python", "pip")
    assert plan.pip_step is not None
    assert plan.pip_step.deps
    assert any("does not say which Python" in note for note in plan.notes)


def test_more_than_a_list_can_give_is_a_step_down() -> None:
    captured = specification(python="3.11.7", requirements=(requirement("six", "1.16.0"),))
    plan = make_plan(captured, target="/envs/new", facts=HERE, fidelity="exact")
    assert (plan.asked, plan.start) == ("exact", "pip")
    assert plan.steps_down == (StepDown(name="", start="exact", end="pip", why="list.txt holds versions, not artefacts"),)


def test_an_environment_yml_is_solved_and_gets_pip_where_it_has_a_pip_section() -> None:
    source = specification(
        conda_specs=("python=3.11", "numpy>=1.20"), requirements=(requirement("six", "1.16.0"),), channels=("bioconda",)
    )
    plan = make_plan(source, target="/envs/new", facts=HERE)
    assert conda_step(plan).specs == ("python=3.11", "numpy>=1.20", "pip")
    assert (plan.channels, plan.channels_from) == (("bioconda",), "the file")
    assert plan.pip_step is not None
    assert plan.pip_step.deps


def test_an_explicit_list_is_made_of_its_artefacts_hash_or_not() -> None:
    source = specification(artefacts=(artefact("python", "3.12.1"), artefact("six", sha256=None)), subdir="linux-64")
    plan = make_plan(source, target="/envs/new", facts=HERE)
    assert plan.start == "exact"
    assert len(conda_step(plan).packages) == 2
    assert [item.name for item in plan.steps_down] == ["six"]
    elsewhere = make_plan(source, target="/envs/new", facts=LocalFacts(subdir="win-64"))
    assert elsewhere.start == "same-version"


def test_what_a_file_may_not_do_is_told() -> None:
    from envkeep.model.specification import RefusedLine

    line = RefusedLine(line=3, text="--index-url https://evil.example.org", reason="it names an index")
    plan = make_plan(specification(python="3.11.7", refused=(line,)), target="/envs/new", facts=HERE)
    assert plan.notes == ("list.txt:3: not taken over: it names an index",)


@pytest.mark.parametrize("source", [specification(), record(python=None)])
def test_nothing_to_restore_is_a_usage_error(source: Record | Specification) -> None:
    with pytest.raises(UsageError):
        make_plan(source, target="/envs/new", facts=HERE)


@settings(max_examples=200, deadline=None)
@given(records(), st.sampled_from([None, *LADDER]), st.sampled_from(["linux-64", "osx-arm64"]))
def test_any_record_gives_a_plan_or_one_clear_error(source: Record, fidelity: None, subdir: str) -> None:
    try:
        plan = make_plan(source, target="/envs/new", facts=LocalFacts(subdir=subdir), fidelity=fidelity)
    except UsageError:
        assert source.python is None
        return
    lines = plan.pip_step.lines if plan.pip_step else ()
    accounted = [line.name for line in lines] + [item.name for item in plan.cannot if item.kind == "pip"]
    # nothing is lost between the lines and what cannot be brought back
    assert set(accounted) >= {item.name for item in source.pip}


def test_indexes_that_the_file_names_and_that_were_allowed_are_asked() -> None:
    source = specification(python="3.11.7", index_urls=("https://a.example/simple",))
    plan = make_plan(source, target="/envs/new", facts=HERE, index_urls=("https://a.example/simple", "https://b.example/simple"))
    assert plan.index_urls == ("https://a.example/simple", "https://b.example/simple")


def test_the_index_that_a_local_version_came_from_is_named() -> None:
    torch, mine = "https://torch.example/cu121", "https://mine.example/simple"
    source = lab(
        distributions=(dist("torch", "2.1.0+cu121"), dist("six", "1.16.0")),
        index_urls=("https://pypi.org/simple", torch, mine),
        index_auth=((mine, "user"),),
    )
    (note,) = make_plan(source, target="/envs/new", facts=HERE).notes
    assert note.startswith(f"torch 2.1.0+cu121 came from an index besides PyPI, recorded as {torch}, {mine}: ")
    assert "`--allow-index URL`" in note
    assert note.endswith(f"{mine} asked for credentials; none are recorded.")
    (other,) = make_plan(source, target="/envs/new", facts=HERE, index_urls=(mine,)).notes
    assert mine not in other
    assert make_plan(source, target="/envs/new", facts=HERE, index_urls=(mine, torch)).notes == ()
    assert make_plan(replace(source, distributions=source.distributions[1:]), target="/envs/new", facts=HERE).notes == ()
