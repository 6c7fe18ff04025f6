"""Lines that fit a terminal."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.report.folding import fold, terminal_width

_lines = st.lists(st.sampled_from(["a", "b", " ", "é", "\x1b[31m", "\x1b[0m", "\n"]), max_size=200).map("".join)


@given(text=_lines, width=st.integers(min_value=1, max_value=60))
def test_no_word_is_lost_and_no_line_is_longer_than_it_has_to_be(text: str, width: int) -> None:
    folded = fold(text, width)
    assert folded.split() == text.split()
    for line in folded.split("\n"):
        plain = re.sub("\x1b[^m]*m", "", line)
        assert len(plain) <= width or len(plain.split()) <= 1


def test_what_fits_is_left_alone() -> None:
    assert fold("a  table   row\n\n  indented", 20) == "a  table   row\n\n  indented"


def test_what_follows_is_indented_further() -> None:
    assert fold("  fact: one two three four", 16) == "  fact: one two\n      three four"


def test_a_path_stays_whole() -> None:
    assert fold("at /a/very/long/path/to/copy here", 20) == "at\n    /a/very/long/path/to/copy\n    here"


def test_colour_takes_no_room() -> None:
    assert fold("\x1b[32mone two\x1b[0m", 7) == "\x1b[32mone two\x1b[0m"


@pytest.mark.parametrize("columns", ["", "0", "x"])
def test_no_terminal_has_no_width(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width(io.StringIO()) is None
