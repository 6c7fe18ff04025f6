from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from envkeep.errors import UsageError
from envkeep.formats import export, record_json, variants
from envkeep.formats.record_json import load_gz
from envkeep.model.record import Distribution
from support.wild_records import conda_package, make_record

SECRET = "hf_abcdefghijklmnopqrstuvwx"
LAB = make_record(
    conda_package("python"),
    dists=(Distribution(name="six", version="1.17.0"),),
    variables=(("MY_API_KEY", "plain-looking"), ("INNOCENT", SECRET), ("A", "1")),
)


def test_the_files_of_a_backup() -> None:
    assert sorted(variants.file_set(LAB)) == [
        "environment.from-history.yml",
        "environment.no-builds.yml",
        "environment.yml",
        "explicit.txt",
        "record.json.gz",
    ]
    assert load_gz(variants.file_set(LAB)["record.json.gz"], "x") == LAB


def test_a_venv_has_no_files_of_condas() -> None:
    venv = make_record(dists=(Distribution(name="six", version="1"),), kind="venv")
    assert sorted(variants.file_set(venv)) == ["environment.yml", "record.json.gz"]


def test_secrets_are_in_the_record_alone() -> None:
    files = {**variants.file_set(LAB), ".txt": variants.requirements(LAB)}
    record = files.pop("record.json.gz")
    assert dict(load_gz(record, "x").variables)["INNOCENT"] == SECRET
    for data in files.values():
        assert SECRET.encode() not in data
        assert b"plain-looking" not in data


def test_an_export_of_the_record_has_no_secrets_unless_asked() -> None:
    text = export.export(LAB, "record-json")
    assert SECRET not in text
    assert "plain-looking" not in text
    found = record_json.loads(text.encode(), "x")
    assert found.variables == (("A", "1"),)
    assert "INNOCENT" in found.problems[0].message
    assert SECRET in export.export(LAB, "record-json", with_secrets=True)
    assert export.export(replace(LAB, variables=()), "record-json") == record_json.dumps(replace(LAB, variables=())).decode()


def test_the_same_environment_at_another_time_gives_the_same_files_but_the_record() -> None:
    later = replace(LAB, captured_at=LAB.captured_at + timedelta(days=1))
    one, other = variants.file_set(LAB), variants.file_set(later)
    assert variants.requirements(LAB) == variants.requirements(later)
    assert [name for name in one if one[name] != other[name]] == ["record.json.gz"]


# lock files need hashes that no record holds; they have tests of their own
@pytest.mark.parametrize("format_", [each for each in export.FORMATS if each not in {"conda-lock", "pylock"}])
def test_every_format_has_text(format_: str) -> None:
    assert export.export(LAB, format_).endswith("\n")


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="'toml' is no format") as caught:
        export.export(LAB, "toml")
    assert caught.value.remedy is not None
    assert "portable" in caught.value.remedy
