"""Our files of a prefix held against what real conda 26.7.1 and micromamba 2.8.1 printed for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from envkeep.capturing.capture import capture
from envkeep.formats import environment_yml, explicit, requirements_txt

if TYPE_CHECKING:
    from envkeep.model.record import Record

FULL = Path(__file__).parents[1] / "data" / "captures" / "full"
CONDA = FULL / "conda"
# where ours differs on purpose: docs/reference/differences-from-conda.md
IN_COMMENTS = {"my-editable-pkg", "toolz", "vcspkg"}


@pytest.fixture(scope="module")
def record() -> Record:
    return capture(FULL / "prefix", start_python=False)


def conda_says(name: str) -> dict[str, Any]:
    found = yaml.safe_load((CONDA / name).read_text())
    assert isinstance(found, dict)
    return found


def split(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    *lines, last = document["dependencies"]
    return (lines, last["pip"]) if isinstance(last, dict) else ([*lines, last], [])


@pytest.mark.parametrize(("variant", "name"), [("environment-yml", "env_export.out"), ("no-builds", "env_export_nb.out")])
def test_conda_lines_channels_and_pip_names_are_condas(record: Record, variant: environment_yml.Variant, name: str) -> None:
    text = environment_yml.write(record, variant)
    ours, theirs = yaml.safe_load(text), conda_says(name)
    assert split(ours)[0] == split(theirs)[0]
    assert ours["channels"] == theirs["channels"]
    assert ours["variables"] == theirs["variables"]
    assert split(ours)[1] == [line for line in split(theirs)[1] if line.partition("==")[0] not in IN_COMMENTS]
    for missing in IN_COMMENTS:
        assert f"#   {missing}==" in text


def test_from_history_asks_for_the_same(record: Record) -> None:
    ours, theirs = yaml.safe_load(environment_yml.write(record, "from-history")), conda_says("env_export_fh.out")
    spelled = {"six[version='>=1.17']": "six>=1.17"}
    assert split(ours)[0] == [spelled.get(line, line) for line in split(theirs)[0]]
    # conda leaves both out
    assert ours["channels"] == conda_says("env_export.out")["channels"]
    assert "flask-cors==4.0.0" in split(ours)[1]


def test_from_history_asks_for_what_micromamba_says(record: Record) -> None:
    theirs = yaml.safe_load((FULL / "micromamba" / "export_fh.out").read_text())
    ours = yaml.safe_load(environment_yml.write(record, "from-history"))
    assert sorted(split(ours)[0]) == sorted(line.rpartition("::")[2] for line in split(theirs)[0])
    assert ours["channels"] == theirs["channels"]


def urls(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith(("#", "@"))]


def test_the_explicit_list_is_condas_in_condas_order(record: Record) -> None:
    assert urls(explicit.write(record)) == urls((CONDA / "list_explicit.out").read_text())
    theirs = [line.replace("#", "#sha256:") for line in urls((CONDA / "list_sha.out").read_text())]
    assert urls(explicit.write(record, "sha256")) == theirs


def test_the_txt_names_every_python_package_once(record: Record) -> None:
    lines = requirements_txt.write(record).splitlines()[3:]
    assert [line.removeprefix("# ").partition("==")[0].partition(" @ ")[0] for line in lines] == [
        "click",
        "Flask-Cors",
        "MarkupSafe",
        "My_Editable.Pkg",
        "pip",
        "PyYAML",
        "ruamel.yaml.clib",
        "setuptools",
        "six",
        "toolz",
        "typing_extensions",
        "vcspkg",
        "wheel",
    ]
