"""Every shell example of README and docs is run, in the order of its page, and prints what the page shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.examples import blocks, difference, in_words, same_place

if TYPE_CHECKING:
    from docs.conftest import Lab
    from support.examples import Example

_ROOT = Path(__file__).parents[2]
_PAGES = [
    page
    for page in (_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md")))
    if any(block.runs for block in blocks(page.read_text(encoding="utf-8")))
]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="the pages' examples are for bash")


def test_there_are_examples() -> None:
    assert _ROOT / "README.md" in _PAGES


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.relative_to(_ROOT).as_posix())
def test_the_page_shows_what_is_printed(page: Path, lab: Lab) -> None:
    text = page.read_text(encoding="utf-8")
    stamps: dict[str, str] = {}
    faults: list[str] = []
    written: list[tuple[tuple[int, int], str]] = []
    for block in blocks(text):
        if block.runs:
            outputs = [_run(example, lab, stamps, faults) for example in block.examples()]
            if block.language == "console":
                written.append((block.span, "".join(outputs).rstrip("\n") + "\n"))
    if os.environ.get("ENVKEEP_TEST_DOCS_UPDATE"):
        for (start, end), output in reversed(written):
            text = text[:start] + output + text[end:]
        page.write_text(text, encoding="utf-8")
        return
    assert not faults, "\n\n".join([*faults, "CONTRIBUTING.md says how a page is written anew"])


def _run(example: Example, lab: Lab, stamps: dict[str, str], faults: list[str]) -> str:
    """Run an example, note how it differs from the page, and return it as the page should have it."""
    command = in_words(example.command, {**lab.words, **stamps})
    printed, status = lab.shell.run(command)
    printed = same_place(printed, lab.root, lab.words)
    assert "envkeep" not in command or "Traceback" not in printed, printed
    head = "$ " + example.command.replace("\n", "\n> ") + "\n"
    if example.output is None:
        assert status == 0, f"line {example.line}: the hidden command {command!r} ended with {status}:\n{printed}"
        return head
    fault = difference(example.output, printed, stamps)
    if fault is None:
        return head + (example.output + "\n\n" if example.output else "")
    faults.append(f"line {example.line}: $ {example.command}\n{fault}")
    return head + (printed.strip("\n") + "\n\n" if printed.strip() else "")
