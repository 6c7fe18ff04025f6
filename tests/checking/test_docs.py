from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_names_every_code_with_its_rank() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "envkeep" / "checking").glob("*.py"))
    codes = set(re.findall(r'code="([a-z-]+)"', source))
    page = (ROOT / "docs" / "reference" / "check.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([a-z, -]+) \| [^|]+ \|$", page, re.MULTILINE))
    assert len(codes) > 20
    assert codes == set(rows)
    for rank, code in re.findall(r'rank="([a-z-]+)",\s*code="([a-z-]+)"', source):
        assert rank in rows[code].split(", ")
