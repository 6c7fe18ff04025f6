"""Where pip's packages came from: PEP 610 as pip writes it, and what lies in the folder it names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.capturing.metadata import parse_direct_url
from envkeep.model.record import Origin
from support.listed import listed_as_captured
from support.wild_prefixes import wild_venv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        (
            {
                "url": "https://u:p@host/r.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"},
                "subdirectory": "s",
            },
            Origin(
                kind="vcs",
                url="https://host/r.git",
                vcs="git",
                commit="abc",
                requested_revision="main",
                subdirectory="s",
                auth="user",
            ),
        ),
        (
            {"url": "file:///d/x.whl", "archive_info": {"hash": "sha256=aa", "hashes": {"sha256": "aa"}}},
            Origin(kind="archive", url="file:///d/x.whl", hashes=(("sha256", "aa"),)),
        ),
        ({"url": "https://host/x.zip"}, Origin(kind="archive", url="https://host/x.zip")),
        ({"url": "file:///p", "dir_info": {"editable": True}}, Origin(kind="directory", url="file:///p", editable=True)),
        ({"url": "file:///p", "dir_info": {}}, Origin(kind="directory", url="file:///p")),
        ({"url": 1}, None),
        ([], None),
        (None, None),
    ],
)
def test_direct_url(direct_url: object, origin: Origin | None) -> None:
    assert parse_direct_url(json.dumps(direct_url).encode()) == origin


def checkout(path: Path, commit: str) -> Path:
    (path / ".git").mkdir(parents=True)
    (path / ".git" / "HEAD").write_text(commit + "\n")
    (path / ".git" / "config").write_text('[remote "origin"]\n\turl = git@host:lab/p.git\n')
    return path


@pytest.mark.parametrize("editable", [True, False])
def test_a_checkouts_commit_is_that_of_the_code_in_use(tmp_path: Path, editable: bool) -> None:
    project = checkout(tmp_path / "p", "a" * 40) / "python"
    project.mkdir()
    prefix = wild_venv(tmp_path / "v")
    prefix.dist("p", direct_url=json.dumps({"url": project.as_uri(), "dir_info": {"editable": editable}}))
    (found,) = listed_as_captured(prefix.path, capture(prefix.path, start_python=False, environ={}), {}).distributions
    assert found.origin is not None
    assert (found.origin.remote, found.origin.subdirectory, found.origin.vcs) == ("git@host:lab/p.git", "python", "git")
    assert found.origin.commit == ("a" * 40 if editable else None)
    assert (found.origin.dirty, found.origin.unpushed) == (None, None)


def test_an_editable_that_is_gone_is_said(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v")
    prefix.dist("p", direct_url=json.dumps({"url": (tmp_path / "gone").as_uri(), "dir_info": {"editable": True}}))
    record = listed_as_captured(prefix.path, capture(prefix.path, start_python=False, environ={}), {})
    assert [found.name for found in record.pip] == ["p"]
    assert [(problem.code, problem.package) for problem in record.problems] == [("missing-checkout", "p")]


def test_an_origin_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v")
    prefix.dist("p", direct_url="version https://git-lfs.github.com/spec/v1\n")
    record = listed_as_captured(prefix.path, capture(prefix.path, start_python=False, environ={}), {})
    assert record.pip[0].origin is None
    assert [problem.code for problem in record.problems] == ["unreadable-origin"]
