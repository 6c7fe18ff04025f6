from __future__ import annotations

import json
from dataclasses import replace

from envkeep.model.record import EnvironmentInfo
from envkeep.planning.facts import LocalFacts
from envkeep.planning.fidelity import LADDER, reaches
from envkeep.planning.make import make_plan
from envkeep.report.plain import plain
from envkeep.report.plan import plan_text
from support.records import conda, dist, record


def test_a_plan_as_json_says_what_each_step_is_and_tells_no_secret() -> None:
    package = conda("python", "3.12.1", url="https://example.org/c/linux-64/python-3.12.1-0.conda")
    source = record(conda=(package,), variables=(("API_TOKEN", "hunter2"),))
    plan = make_plan(source, target="/envs/new", facts=LocalFacts(subdir="linux-64"), with_secrets=True)
    shown = plain(plan)
    assert [step["step"] for step in shown["steps"]] == ["make-conda", "set-variables", "verify"]
    assert shown["steps"][1]["names"] == ["API_TOKEN"]
    assert "hunter2" not in json.dumps(shown) + repr(plan)


def test_a_nearer_rung_reaches_a_lower_one_and_never_the_reverse() -> None:
    for index, asked in enumerate(LADDER):
        assert [reaches(reached, asked) for reached in LADDER] == [position <= index for position in range(len(LADDER))]
        assert not reaches(None, asked)


def test_a_plan_names_channels_where_it_takes_something_from_them() -> None:
    venv = replace(
        record(distributions=(dist("six"),)),
        environment=EnvironmentInfo(name="lab", prefix="/envs/lab", kind="venv", subdir="linux-64"),
    )
    facts = LocalFacts(subdir="linux-64", pythons=("3.12.1",))
    assert "channels" not in plan_text(make_plan(venv, target="/envs/new", facts=facts))
    # no such Python here, so that a conda environment takes its place
    assert "channels" in plan_text(make_plan(venv, target="/envs/new", facts=replace(facts, pythons=())))
