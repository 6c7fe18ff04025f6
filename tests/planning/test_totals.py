from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkeep.model.record import Origin
from envkeep.model.specification import Requirement, Specification
from envkeep.planning.facts import LocalFacts, LocalPath
from envkeep.planning.make import make_plan

if TYPE_CHECKING:
    from envkeep.planning.plan import Plan

INDEX = "the package index of your pip or uv settings"


def plan_of(facts: LocalFacts | None = None, **fields: object) -> Plan:
    source = Specification(source="x.yml", channels=("conda-forge",), **fields)  # type: ignore[arg-type]
    return make_plan(source, target="/envs/new", facts=facts or LocalFacts(subdir="linux-64"))


def contacts(**fields: object) -> set[str]:
    return {contact.where for contact in plan_of(None, **fields).contacts}


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ("six", {"conda.anaconda.org"}),
        ("https://chan.example/lab::six", {"conda.anaconda.org", "chan.example"}),
        ("six[url=https://one.example/x/noarch/six-1.0-0.conda]", {"conda.anaconda.org", "one.example"}),
        ("https://one.example/x/noarch/six-1.0-0.conda", {"conda.anaconda.org", "one.example"}),
        ("six[channel=file:///srv/chan]", {"conda.anaconda.org", "/srv/chan"}),
        ("six[channel='file://server/chan']", {"conda.anaconda.org", "server"}),
    ],
)
def test_a_spec_that_names_a_place_of_its_own(spec: str, where: set[str]) -> None:
    assert contacts(conda_specs=(spec,)) == where


def test_indexes_are_asked_for_what_is_built_too() -> None:
    pinned = {"python": "3.11.7"}
    wheel = Origin(kind="archive", url="https://w.example/a-1-py3-none-any.whl")
    there = Requirement(name="a", text=f"a @ {wheel.url}", line=1, origin=wheel)
    assert INDEX not in contacts(requirements=(there,), **pinned)
    source = Origin(kind="vcs", url="https://g.example/b", vcs="git", commit="a" * 40)
    assert INDEX in contacts(requirements=(Requirement(name="b", text="b", line=1, origin=source),), **pinned)
    assert INDEX in contacts(requirements=(Requirement(name="c", text="c==1", version="1", line=1),), **pinned)


def test_a_file_server_is_no_local_path() -> None:
    origin = Origin(kind="archive", url="file://server/share/a-1.0-py3-none-any.whl")
    facts = LocalFacts(subdir="linux-64", paths={origin.url: LocalPath(kind=None, on_server=True)})
    plan = plan_of(facts, python="3.11.7", requirements=(Requirement(name="a", text="a", line=1, origin=origin),))
    (lost,) = plan.cannot
    assert "file server" in lost.reason
    asked = LocalFacts(subdir="linux-64", paths={origin.url: LocalPath(kind="file")})
    plan = plan_of(asked, python="3.11.7", requirements=(Requirement(name="a", text="a", line=1, origin=origin),))
    assert "server" in {contact.where for contact in plan.contacts}
