"""Ours beside what conda 26.7.1 and micromamba 2.8.1 printed of the same prefixes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.capturing.capture import capture
from envkeep.model.names import normalise
from support.listed import listed_as_captured

if TYPE_CHECKING:
    from envkeep.model.record import Record

CAPTURES = Path(__file__).parents[1] / "data" / "captures"


def read(folder: str) -> Record:
    prefix = CAPTURES / folder / "prefix"
    return listed_as_captured(prefix, capture(prefix, start_python=False, environ={}), {})


def load(path: str) -> dict[str, Any]:
    import yaml

    raw = yaml.safe_load((CAPTURES / path).read_text("utf-8"))
    assert isinstance(raw, dict)
    return raw


@pytest.mark.parametrize(
    ("folder", "output"), [("full", "conda/env_export.out"), ("rev", "conda/export.out"), ("full", "micromamba/export.out")]
)
def test_environment_yml(folder: str, output: str) -> None:
    record = read(folder)
    printed = load(f"{folder}/{output}")
    *packages, section = printed["dependencies"]
    assert [package.spec for package in record.conda] == packages
    names = [f"{found.name}=={found.version}" for found in record.pip]
    if output.startswith("conda"):
        names = [f"{normalise(found.name)}=={found.version}" for found in record.pip]
        assert dict(record.variables) == printed["variables"]
    assert names == section["pip"]
    assert list(dict.fromkeys(package.channel for package in record.conda)) == printed["channels"]


@pytest.mark.parametrize("folder", ["full", "rev"])
def test_urls_and_hashes_of_the_explicit_list(folder: str) -> None:
    lines = (CAPTURES / folder / "conda" / "list_explicit.out").read_text("utf-8").splitlines()
    printed = {line for line in lines if "#" in line and "://" in line}
    assert {f"{package.url}#{package.md5}" for package in read(folder).conda} == printed


def test_where_pips_packages_came_from() -> None:
    origins = {found.name: found.origin for found in read("full").pip}
    assert origins["PyYAML"] is None
    vcs, wheel, edit = origins["vcspkg"], origins["toolz"], origins["My_Editable.Pkg"]
    assert vcs is not None
    assert (vcs.kind, vcs.url, vcs.commit) == (
        "vcs",
        "file:///home/lab/projects/vcspkg",
        "99f470582cf2144ef61d038a99ce6b2e547698ce",
    )
    assert wheel is not None
    assert (wheel.kind, wheel.url) == ("archive", "file:///home/lab/downloads/toolz-1.0.0-py3-none-any.whl")
    assert edit is not None
    assert (edit.kind, edit.editable) == ("directory", True)


def test_two_readings_are_equal() -> None:
    from datetime import datetime, timezone

    now = datetime(2025, 1, 31, tzinfo=timezone.utc)
    prefix = CAPTURES / "full" / "prefix"
    assert capture(prefix, now=now, environ={}) == capture(prefix, now=now, environ={})
