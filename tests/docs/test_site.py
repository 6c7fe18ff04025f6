"""The site builds without a warning and is read without network; every page has its place, every example can be read."""

from __future__ import annotations

import json
import logging
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.examples import NOT_RUN, Block, blocks, missing_options

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_PAGES = (_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md")), *sorted((_ROOT / "recipes").rglob("*.md")))
_BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(_ROOT).as_posix()}:{block.line}")
    for page in _PAGES
    for block in blocks(page.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``mkdocs build --strict`` does, with nothing to fetch from."""
    pytest.importorskip("material")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.utils import CountHandler

    folder = tmp_path_factory.mktemp("site")
    counter = CountHandler()
    counter.setLevel(logging.WARNING)
    log = logging.getLogger("mkdocs")
    log.addHandler(counter)
    try:
        build(load_config(str(_ROOT / "mkdocs.yml"), site_dir=str(folder)))
    finally:
        log.removeHandler(counter)
    assert counter.get_counts() == [], "run mkdocs build --strict to see the warnings"
    return folder


def test_it_builds_without_warnings(site: Path) -> None:
    assert len(list(site.rglob("*.html"))) > 15


def test_it_is_read_without_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|link|img|iframe)[^>]*?(?:src|href)="?(https?:[^" >]*)', page.read_text(encoding="utf-8"))
        assert [url for url in loaded if "rel=canonical" not in url] == [], page.name


def test_every_page_has_its_place() -> None:
    nav = yaml.safe_load((_ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    pages = sorted(page.relative_to(_ROOT / "docs").as_posix() for page in (_ROOT / "docs").rglob("*.md"))
    assert sorted(_leaves(nav)) == pages, "mkdocs.yml's nav names each page once"


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
        return
    for each in node.values() if isinstance(node, dict) else node:
        yield from _leaves(each)


def test_readme_links_to_what_is_there() -> None:
    for page in (_ROOT / "README.md", *(_ROOT / "recipes").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert ":" in target or (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("block", _BLOCKS)
def test_each_block_can_be_read(block: Block) -> None:
    """Data parses, shell is shell, and envkeep's commands have the options that the page gives them, run or not."""
    assert block.language, "say what it is: console, yaml, text"
    if block.language in {"yaml", "yml"} and "--8<--" not in block.text:
        yaml.safe_load(block.text)
    elif block.language == "json":
        json.loads(block.text)
    elif block.language == "python":
        # a signature alone, as the reference of the API shows them
        bare = (
            re.fullmatch(r"(@\w+\n)*(async )?(def|class) [^\n].*[^:]", block.text.strip(), re.DOTALL) and "\n\n" not in block.text
        )
        compile(f"{block.text.rstrip()}: ..." if bare else block.text, "example", "exec")
    elif block.language == "toml":
        _toml(block.text)
    elif block.language in {"sh", "bash"}:
        _is_shell(block.text)
    elif block.language in {"console", "hidden"}:
        examples = list(block.examples())
        assert examples
        assert block.runs or re.fullmatch(f"{NOT_RUN}: .+", block.title)
        for example in examples:
            _is_shell(example.command)
            if example.command.startswith("envkeep"):
                assert missing_options(example.command) == set()


def _toml(text: str) -> None:
    import importlib

    try:
        toml = importlib.import_module("tomllib")
    except ModuleNotFoundError:
        toml = importlib.import_module("tomli")
    toml.loads(text)


def _is_shell(text: str) -> None:
    if shutil.which("bash"):
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
