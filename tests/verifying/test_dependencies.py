from __future__ import annotations

from envkeep.model.record import EnvironmentInfo
from envkeep.verifying.dependencies import Broken, broken_requirements, newly_broken
from support.records import dist, record


def test_what_is_missing_or_does_not_fit_is_broken_and_only_where_its_marker_holds() -> None:
    requires = (
        "six>=2",
        "numpy",
        "colorama; sys_platform == 'win32'",
        "tomli>=1; python_version < '3.11'",
        "pytest; extra == 'test'",
        "not a requirement at all",
    )
    source = record(distributions=(dist("tool", requires=requires), dist("Six", "1.16.0")))
    assert broken_requirements(source) == (
        Broken(distribution="tool", requirement="numpy", found=None),
        Broken(distribution="tool", requirement="six>=2", found="1.16.0"),
    )


def test_markers_are_those_of_the_recorded_platform() -> None:
    info = EnvironmentInfo(name="lab", prefix="C:\\lab", kind="conda", subdir="win-64")
    source = record(environment=info, distributions=(dist("tool", requires=("colorama; sys_platform == 'win32'",)),))
    assert [item.requirement for item in broken_requirements(source)] == ["colorama; sys_platform == 'win32'"]


def test_what_was_broken_before_is_no_news() -> None:
    before = record(distributions=(dist("tool", requires=("six", "numpy")), dist("numpy")))
    after = record(distributions=(dist("tool", requires=("six", "numpy")),))
    assert [item.requirement for item in newly_broken(before, after)] == ["numpy"]
