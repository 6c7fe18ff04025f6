from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings

from envkeep.diffing.diff import diff
from envkeep.formats import requirements_txt, requirements_txt_reader
from envkeep.formats.load import load_file
from envkeep.model.record import Origin
from envkeep.model.specification import RefusedLine, Requirement, Specification
from support.records import conda, dist, record, records

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.model.record import Record


def wanted(name: str, version: str | None = None, **fields: object) -> Requirement:
    text = f"{name}=={version}" if version else name
    return Requirement(name=name, version=version, text=text, line=1, **fields)  # type: ignore[arg-type]


LIVE = record(
    conda=(conda("numpy", "1.26.4", "py312_0"), conda("zlib", "1.3")),
    distributions=(dist("Flask-Cors", "4.0"), dist("numpy", "1.26.4", conda_package="numpy"), dist("rich", "13.7.1")),
)


def test_a_pip_freeze_is_held_against_all_python_packages() -> None:
    old = Specification(
        source="20250131112405_environment.txt",
        python="3.12.1",
        requirements=(wanted("flask_cors", "4.0.0"), wanted("numpy", "1.25"), wanted("six", "1.16")),
    )
    changes = diff(old, LIVE)
    assert [change.line() for change in changes] == ["↑ numpy 1.25 -> 1.26.4 (pip)", "+ rich 13.7.1 (pip)", "- six 1.16 (pip)"]
    assert len(changes.uncompared) == 1
    assert "20250131112405_environment.txt lists Python packages only" in changes.summary()


def test_an_environment_yml_is_held_against_conda_and_pip() -> None:
    new = Specification(
        source="environment.yml",
        conda_specs=("conda-forge::numpy=1.26.4=py312_1", "zlib=1.3", "scipy>=1.10"),
        requirements=(wanted("Flask-Cors", "4.0"), wanted("rich")),
    )
    changes = diff(LIVE, new)
    assert [change.line() for change in changes] == [
        "~ numpy 1.26.4 (conda; build py312_0 -> py312_1)",
        "+ scipy (conda)",
    ]
    text = " ".join(changes.uncompared)
    assert "environment.yml does not say which Python" in text
    assert "gives no version of scipy, rich" in text


def test_an_explicit_list_is_held_by_build() -> None:
    spec = Specification(source="explicit.txt", artefacts=(conda("numpy", "1.26.4", "py312_0"),), requirements=())
    changes = diff(spec, LIVE)
    assert [change.line() for change in changes] == ["+ zlib 1.3 (conda)"]
    assert "explicit.txt holds no Python packages of pip" in changes.uncompared


def test_origins_are_compared_by_place_and_commit() -> None:
    at = Origin(kind="vcs", url="https://example.org/lab.git", vcs="git", commit="1" * 40)
    live = record(distributions=(dist("lab", "0.3", origin=at),))
    same = Specification(source="a.txt", python="3.12", requirements=(wanted("lab", origin=at),))
    assert not diff(same, live).changes
    index = Specification(source="a.txt", python="3.12", requirements=(wanted("lab", "0.3"),))
    (change,) = diff(index, live)
    assert change.kind == "crossgrade"
    assert change.detail == "index -> git https://example.org/lab.git at 111111111111"


CHECKOUT = Origin(
    kind="directory",
    url="file:///home/me/src/tool-main",
    editable=True,
    commit="1" * 40,
    remote="git@example.org:lab/tool.git",
)


def as_listed(tmp_path: Path, *lines: str) -> Specification:
    """Return what is read of a list as PyMoDAQ keeps it: the lines of ``pip freeze`` without its comments."""
    text = "\n".join(["# executable: /x/bin/python", "# version: 3.12.1 (main)", "", *lines, ""])
    path = tmp_path / "20250131112405_environment.txt"
    path.write_text(text)
    loaded = load_file(path)
    assert isinstance(loaded, Specification)
    return loaded


@pytest.mark.parametrize(
    "line",
    [
        "-e /home/me/src/tool-main",
        f"-e git+ssh://git@example.org/lab/tool.git@{'1' * 40}#egg=stage_driver",
        "-e git+ssh://git@example.org/lab/tool.git@" + "1" * 40,
    ],
)
def test_an_editable_project_is_known_by_its_place(tmp_path: Path, line: str) -> None:
    live = record(distributions=(dist("stage-driver", "0.4", origin=CHECKOUT), dist("six", "1.17.0")))
    listed = as_listed(tmp_path, line, "six==1.17.0")
    assert diff(listed, live).changes == diff(live, listed).changes == ()


def test_another_commit_or_place_of_an_editable_project_is_a_change(tmp_path: Path) -> None:
    live = record(distributions=(dist("stage-driver", "0.4", origin=CHECKOUT),))
    later = as_listed(tmp_path, f"-e git+ssh://git@example.org/lab/tool.git@{'2' * 40}#egg=stage-driver")
    (change,) = diff(later, live)
    assert change.line().startswith("~ stage-driver 0.4 (pip; editable ssh://")
    elsewhere = as_listed(tmp_path, "-e /home/you/src/tool-main")
    assert [each.kind for each in diff(elsewhere, live)] == ["install", "remove"]


def test_python_and_refused_lines() -> None:
    refused = RefusedLine(line=3, text="--index-url https://x", reason="r")
    spec = Specification(source="a.txt", python="3.10", refused=(refused,))
    changes = diff(spec, record())
    assert [change.line() for change in changes] == ["* Python 3.10 -> 3.12.1"]
    assert any("line 3" in reason for reason in changes.uncompared)


def test_two_files() -> None:
    one = Specification(source="a.txt", python="3.12.1", requirements=(wanted("six", "1.16"),))
    other = Specification(source="b.txt", python="3.12.1", requirements=(wanted("six", "1.17"),))
    assert [change.kind for change in diff(one, other)] == ["upgrade"]


def test_what_a_file_leaves_out_by_rule_is_no_change() -> None:
    held = record(
        conda=(conda("pip", "24.0"), conda("six", "1.16", altered="overwritten")),
        distributions=(dist("pip", "24.0", conda_package="pip"), dist("setuptools", "70.0"), dist("six", "1.17")),
    )
    freeze = Specification(source="a.txt", python="3.12.1", requirements=(wanted("six", "1.17"),))
    assert not diff(freeze, held).changes
    assert not diff(held, freeze).changes
    yml = Specification(
        source="a.yml",
        python="3.12.1",
        conda_specs=("pip=24.0=0",),
        requirements=(wanted("six", "1.17"), wanted("setuptools", "70.0")),
    )
    assert not diff(yml, held).changes
    with_both = Specification(source="a.yml", conda_specs=("pip=24.0", "six=1.16"), requirements=yml.requirements)
    assert not diff(with_both, held).changes


@settings(deadline=None)
@given(records())
def test_a_records_own_list_differs_from_it_in_nothing(held: Record) -> None:
    spec = requirements_txt_reader.read(requirements_txt.write(held).encode(), "own.txt")
    # not what pip cannot be asked for, nor the second of one name: those are comments
    assume(len(spec.requirements) == len(held.distributions))
    assert not diff(spec, held).changes
