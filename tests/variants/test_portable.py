"""The file for a colleague: what was asked for of a real environment, solved by py-rattler for other systems."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml

from envkeep.capturing.capture import capture
from envkeep.engines.base import SolveRequest
from envkeep.engines.rattler import RattlerEngine
from envkeep.formats import environment_yml

if TYPE_CHECKING:
    from conftest import MakeEnv
    from envkeep.model.record import Record
    from support.channel import Channel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the suite's channel is made on POSIX")


@pytest.fixture(scope="module")
def record(make_env: MakeEnv, channel: Channel) -> Record:
    prefix = make_env([f"python={channel.older_python}", "pip", "rich", "pyyaml", "six<1.17", "libfoo<2"], name="lab")
    return capture(prefix, start_python=False)


@pytest.fixture(scope="module")
def document(record: Record) -> dict[str, list[str]]:
    found = yaml.safe_load(environment_yml.write(record, "portable"))
    assert isinstance(found, dict)
    return found


def solve(document: dict[str, list[str]], subdir: str) -> dict[str, str]:
    request = SolveRequest(specs=tuple(document["dependencies"]), channels=tuple(document["channels"]), subdir=subdir)
    return {package.name: package.version for package in RattlerEngine().solve(request)}


@pytest.mark.parametrize("subdir", ["linux-64", "osx-arm64", "win-64"])
def test_it_solves_on_every_system_to_the_versions_that_were_installed(
    record: Record, document: dict[str, list[str]], subdir: str
) -> None:
    found = solve(document, subdir)
    installed = {package.name: package.version for package in record.conda}
    asked = {text.partition("=")[0] for text in document["dependencies"]}
    assert {"python", "rich", "pyyaml", "six", "libfoo"} <= asked
    assert {name: found[name] for name in asked} == {name: installed[name] for name in asked}
    if subdir == record.environment.subdir:
        assert found == installed


def test_nothing_in_it_binds_it_to_a_system(record: Record, document: dict[str, list[str]]) -> None:
    text = environment_yml.write(record, "portable")
    assert set(document) == {"name", "channels", "dependencies"}
    assert record.environment.subdir not in text
    assert all(package.build not in text for package in record.conda)
