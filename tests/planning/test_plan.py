from __future__ import annotations

import json

from envkeep.planning.facts import LocalFacts
from envkeep.planning.fidelity import LADDER, reaches
from envkeep.planning.make import make_plan
from envkeep.report.plain import plain
from support.records import conda, record


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
