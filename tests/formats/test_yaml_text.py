from __future__ import annotations

import io
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from envkeep.formats import yaml_text

# what has a meaning in one of the two YAMLs, or nearly
ODD = [
    *("yes", "Yes", "on", "off", "y", "N", "true", "False", "null", "Null", "~", "", " ", "1:30", "1e3", "1E3", "3.10", "1.0"),
    *("1_000", "0x1F", "0o17", "017", "0b1", ".5", "5.", "+1", "-1", ".inf", "-.INF", ".nan", "NaN", "inf", "2024-01-31", "="),
    *("<<", "a: b", "a:", ":a", "a #b", "#a", "- a", "-", "? a", "*a", "&a", "!a", "%a", "@a", "`a", "[a]", "{a}", "a,b", "'"),
    *('"', "a\nb", "a\r\n", "\ttab", "tab\t", "é", "\x85", "\u2028", "\ufeff", "\U0001f40d", "\x00", "\x7f", "|", ">"),
    *("name=1.2=h1_0", "six>=1.17,<2", "a==1.0", "numpy<2", "x264=1!157.20191217=h1de35cc_0", "file:///srv/my%20chan", "a~=1"),
    *("https://host:8080/path", "https://host:80x", "http://h:", "/opt/envs/lab", "Null=1", "a=yes", "conda-forge/label/dev"),
    *("name @ git+https://host/x.git@abc#subdirectory=y", "a=b: c", "...", "---", "--- a", "a=<1", "0=1", "1:30=2", "on-x"),
    *("C:\\envs\\my env", "1e3=1", "no."),
]


def read_by_both(text: str) -> tuple[Any, Any]:
    return yaml.safe_load(text), YAML(typ="safe", pure=True).load(io.StringIO(text))


@pytest.mark.parametrize("text", ODD)
def test_both_readers_see_the_same_string(text: str) -> None:
    lines = ["list:", *yaml_text.sequence([text], 2), "map:", *yaml_text.mapping([("key", text)], 2)]
    want = {"list": [text], "map": {"key": text}}
    assert read_by_both("\n".join(lines) + "\n") == (want, want)


@settings(max_examples=400, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_string_is_read_the_same_by_both(text: str) -> None:
    assert read_by_both(f"- {yaml_text.scalar(text)}\n") == ([text], [text])


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("ayesnoultf01.:=<>!~+-_e#@/ *&,"), max_size=8))
def test_near_misses_are_read_the_same_by_both(text: str) -> None:
    assert read_by_both(f"{yaml_text.scalar(text) if text else 'x'}: {yaml_text.scalar(text)}\n") == ({text or "x": text},) * 2


@pytest.mark.parametrize(
    "text", ["numpy", "numpy=1.26.4=py312h1_0", "six>=1.17", "flask-cors==4.0.0", "file:///srv/channels/main"]
)
def test_what_is_plain_stays_plain(text: str) -> None:
    assert yaml_text.scalar(text) == text


@given(st.text(max_size=20))
def test_a_comment_is_one_line_that_no_reader_sees(text: str) -> None:
    assert read_by_both(f"{yaml_text.comment(text)}\na: b\n") == ({"a": "b"}, {"a": "b"})
