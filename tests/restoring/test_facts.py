from __future__ import annotations

from pathlib import Path

import pytest

from envkeep.model.record import Origin
from envkeep.planning.facts import LocalFacts, LocalPath
from envkeep.restoring.facts import gather_facts, without_folder
from support.records import dist, record


@pytest.mark.parametrize("url", ["file://server/share/a-1.0-py3-none-any.whl", "file:////server/share/a-1.0-py3-none-any.whl"])
def test_a_file_server_is_not_asked_for_a_file_of_unknown_origin(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(_: Path) -> bool:
        raise AssertionError("it was looked at")

    source = record(conda=(), distributions=(dist("a", origin=Origin(kind="archive", url=url)),), python=None)
    monkeypatch.setattr(Path, "exists", touched)
    facts = gather_facts(source, {}, ask_servers=False)
    assert facts.paths == {url: LocalPath(kind=None, on_server=True)}


def test_what_is_moved_away_is_not_there(tmp_path: Path) -> None:
    inside, outside = (tmp_path / "env" / "src" / "a").as_uri(), (tmp_path / "env2").as_uri()
    there = LocalPath(kind="directory")
    facts = without_folder(LocalFacts(subdir="linux-64", paths={inside: there, outside: there}), tmp_path / "env")
    assert facts.paths == {inside: LocalPath(kind=None), outside: there}
