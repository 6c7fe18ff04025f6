from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_problem_is_on_its_page() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "envkeep" / "capturing").glob("*.py"))
    codes = set(re.findall(r'(?:code=|_unreadable\()"([a-z-]+)"', sources))
    page = (ROOT / "docs" / "reference" / "problems.md").read_text("utf-8")
    assert codes == set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE))
    assert len(codes) > 15
