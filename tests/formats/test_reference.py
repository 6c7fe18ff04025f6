"""What the reference pages say of the formats is held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from envkeep.formats import export, record_json, requirements_txt_reader
from envkeep.formats.wire import Shape

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "shape", [value for value in vars(record_json).values() if isinstance(value, Shape)], ids=lambda shape: shape._type.__name__
)
def test_every_key_of_the_record_is_on_its_page(shape: Shape) -> None:
    words = set(re.findall(r"`(\w+)`", page("record-json.md")))
    assert {field.key for field in shape._fields} <= words


def test_the_example_of_the_txt_reads() -> None:
    text = page("backup-txt.md")
    lines = [line.removeprefix("    ") for line in text.splitlines() if line.startswith("    ")]
    assert len(lines) == 6
    example = "\n".join([*lines[:2], "", *lines[2:]]).replace("1f2e…", "1f2e")
    found = requirements_txt_reader.read(example.encode(), "x")
    assert found.python == "3.12.3"
    assert [item.name for item in found.requirements] == ["my-driver", "PySide6", "PySide6_Addons", "scope-tools"]
    assert found.requirements[0].origin is not None
    assert found.requirements[0].origin.remote == "https://host/my-driver.git"
    assert not found.refused


def test_every_variant_is_on_its_page() -> None:
    text = page("environment-yml.md")
    for variant in export.FORMATS[:4]:
        assert f"| `{variant}` |" in text
