"""The parts of the reference that say what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

_DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    pytest.importorskip("rattler")
    spec = importlib.util.spec_from_file_location("_generate", _DOCS / "_generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_says_what_the_code_says(generate: ModuleType) -> None:
    pages = generate.pages()
    assert {path.name for path in pages} == {"commands.md", "exit-codes.md", "json.md", "json-schema.json", "python-api.md"}
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"run: python docs/_generate.py (it writes {path.name})"
