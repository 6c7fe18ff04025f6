"""Restores from what is no record: a backup's list alone, PyMoDAQ's, one by hand, an environment.yml, an explicit list."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.engines.run import run
from envkeep.formats import explicit, requirements_txt
from envkeep.formats.load import load_file
from envkeep.restoring.prepare import Options, prepare
from envkeep.restoring.restore import environment_python, restore

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.restoring.result import RestoreResult
    from restoring.conftest import Lab
    from support.channel import Channel, Index


def rebuild(path: Path, target: Path, channel: Channel, **options: object) -> RestoreResult:
    given: dict[str, object] = {"channels": channel.urls, **options}
    prepared = prepare(load_file(path), Options(target=target, **given), os.environ)  # type: ignore[arg-type]
    return restore(prepared.plan, engine=prepared.engine)


def words(result: RestoreResult) -> dict[str, str]:
    return {item.name: item.outcome for item in result.verification.outcomes}


def version_of(prefix: Path) -> str:
    return run([str(environment_python(prefix)), "-c", "import sys; print(sys.version.split()[0])"]).stdout.strip()


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_list_of_a_backup_is_enough(lab: Lab, channel: Channel, index: Index, tmp_path: Path) -> None:
    path = write(tmp_path / "20250131112405_environment.txt", requirements_txt.write(lab.record))
    result = rebuild(path, tmp_path / "env", channel)
    assert result.plan.start == result.plan.asked == "pip"
    assert lab.record.python is not None
    assert version_of(tmp_path / "env") == lab.record.python.version
    found = words(result)
    assert {found[name] for name in ("emoji", "labvcs", "labwheel", "labtool")} == {"same-version"}
    # the index of the tests has no wheels of what the channel has: those that conda alone had are named, the others are there
    assert {name for name, word in found.items() if word == "missing"} == {item.name for item in result.steps_down}
    assert result.as_asked is not any(word == "missing" for word in found.values())


def test_pymodaqs_list_restores_to_the_python_it_names(channel: Channel, index: Index, tmp_path: Path) -> None:
    version = channel.older_python
    text = f"# executable: /home/me/py/bin/python\n# version: {version} (main, Jan 17 2025, 18:03:48) \n[GCC 9.4.0]\n\n"
    path = write(tmp_path / "20250131112405_environment.txt", text + "humanize==4.10.0\ncolorlog==6.9.0\nnobody-has-this==1.0\n")
    result = rebuild(path, tmp_path / "env", channel)
    assert version_of(tmp_path / "env") == version
    assert words(result) == {
        "python": "exact",
        "humanize": "same-version",
        "colorlog": "same-version",
        "nobody-has-this": "missing",
    }
    assert not result.as_asked
    assert [item.name for item in result.steps_down] == ["nobody-has-this"]


def test_a_list_by_hand_is_resolved(channel: Channel, index: Index, tmp_path: Path) -> None:
    path = write(tmp_path / "requirements.txt", "humanize>=4\n")
    result = rebuild(path, tmp_path / "env", channel)
    assert words(result)["humanize"] == "same-version"
    assert result.as_asked


def test_an_environment_yml_is_solved_with_its_pip_section(channel: Channel, index: Index, tmp_path: Path) -> None:
    text = f"name: lab\ndependencies:\n  - python={channel.older_python}\n  - six\n  - pip\n  - pip:\n    - humanize==4.10.0\n"
    result = rebuild(write(tmp_path / "environment.yml", text), tmp_path / "env", channel)
    assert result.verification.reached == "same-version"
    assert result.as_asked
    assert words(result)["humanize"] == "same-version"


def test_an_explicit_list_is_exact(lab: Lab, channel: Channel, tmp_path: Path) -> None:
    path = write(tmp_path / "explicit.txt", explicit.write(lab.record))
    result = rebuild(path, tmp_path / "env", channel)
    assert {item.outcome for item in result.verification.outcomes if item.kind == "conda"} == {"exact"}
    # pip's packages are comments there
    assert len([item for item in result.verification.outcomes if item.kind == "conda"]) == len(lab.record.conda)
