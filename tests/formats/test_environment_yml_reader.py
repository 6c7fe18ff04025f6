from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.errors import BadFormatError
from envkeep.formats.environment_yml_reader import read

# conda-facts, section 5: files as people publish them
MESS = """\
name: C:\\Users\\me\\envs\\lab
channels: !!python/tuple
  - nodefaults
  - conda-forge
  - https://me:pw@conda.example/t/tk-123/chan
  - https://conda.example/${TOKEN}/chan
  - "-evil"
dependencies:
  - python=3.10
  - iopath=
  - numpy >=1.26,<2
  - conda-forge::six=1.17.0=pyhd8ed1ab_0
  - "--file=other.txt"
  - libgcc 5
  - bad name here please
  - ""
  - pip:
      - -r requirements.txt
      - -e .
      - --extra-index-url https://other.example/simple
      - requests==2.31.0
      - "mine @ git+https://host.example/m.git@main"
  - npm:
      - left-pad
variables:
  NUM: 1
  YES: yes
  EMPTY:
  "BAD NAME": x
  NESTED: {a: b}
prefix: C:\\Users\\me\\envs\\lab
colour: blue
"""


def test_a_file_with_every_oddity() -> None:
    found = read(MESS.encode(), "env.yml")
    assert found.name is None
    assert found.channels == ("conda-forge", "https://conda.example/chan")
    assert found.conda_specs == (
        "python=3.10",
        "iopath",
        "numpy>=1.26,<2",
        "conda-forge::six==1.17.0=pyhd8ed1ab_0",
        "libgcc==5",
    )
    assert found.python == "3.10"
    assert [item.text for item in found.requirements] == ["requests==2.31.0", "mine @ git+https://host.example/m.git@main"]
    assert found.variables == (("NUM", "1"), ("YES", "yes"), ("EMPTY", ""))
    refused = {item.line: item for item in found.refused}
    assert sorted(refused) == [6, 7, 13, 15, 18, 19, 20, 23]
    assert "environment variable" in refused[6].reason
    assert refused[20].allow == "--allow-index https://other.example/simple"
    assert refused[18].text == "-r requirements.txt"
    problems = "\n".join(found.problems)
    for words in (
        "line 1: name is",
        "line 10: 'iopath=' is read as 'iopath'",
        "line 16",
        "'colour'",
        "pip is not among",
        "BAD NAME",
    ):
        assert words in problems
    assert "pw" not in repr(found)
    assert "tk-123" not in repr(found)


def test_numbers_stay_as_they_are_written() -> None:
    found = read(b"dependencies:\n- python=3.10\nvariables:\n  A: 3.10\n  B: 1e3\n  C: 0o17\n  D: 1:30\n", "x")
    assert found.python == "3.10"
    assert found.variables == (("A", "3.10"), ("B", "1e3"), ("C", "0o17"), ("D", "1:30"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dependencies:\n- **jax[cuda12]==0.6.1**\n", "x:2 is no YAML"),
        ("dependencies:\n\t- a\n", "is no YAML"),
        ("dependencies: [a, b\n", "is no YAML"),
        ("a: 1\n---\nb: 2\n", "is no YAML"),
        ("dependencies: &a [*b]\n", "is no YAML"),
        ("\x07", "is no YAML"),
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("- a\n- b\n", "has no keys"),
        ("just words\n", "has no keys"),
        ("name: lab\n", "no dependencies"),
        ("dependencies: " + "[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_environment_file_is_one_clear_error(text: str, words: str) -> None:
    with pytest.raises(BadFormatError, match=words) as caught:
        read(text.encode(), "x")
    assert "\n" not in caught.value.fact


def test_lists_that_are_no_lists() -> None:
    found = read(b"channels: conda-forge\ndependencies:\n- {pip: numpy==1.0}\n- [a]\nvariables: [A=1]\n", "x")
    assert found.channels == ("conda-forge",)
    assert [item.text for item in found.requirements] == ["numpy==1.0"]
    assert len(found.problems) == 5


def test_empty_sections_and_null_names() -> None:
    found = read(b"name: null\nchannels:\ndependencies: ~\nvariables:\n", "x")
    assert (found.name, found.channels, found.conda_specs, found.variables, found.problems) == (None, (), (), (), ())


def test_a_name_of_micromambas_export_is_none() -> None:
    assert read(b"name: \nchannels:\ndependencies:\n- python\n", "x").name is None


def test_json_and_utf16() -> None:
    text = '{"name": "lab", "dependencies": ["python=3.12.3=h1_0", {"pip": ["six==1.0"]}]}'
    for data in (text.encode(), text.encode("utf-16")):
        found = read(data, "x")
        assert found.name == "lab"
        assert found.conda_specs == ("python==3.12.3=h1_0",)


def test_aliases_are_not_expanded_to_a_bomb() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    found = read("\n".join([*lines, "dependencies: *a11"]).encode(), "x")
    assert len(found.problems) < 40


def test_a_list_that_holds_itself_ends() -> None:
    assert read(b"dependencies: &a\n- python\n- *a\n", "x").conda_specs == ("python",)


def test_an_index_of_the_pip_section_is_admitted_by_name() -> None:
    data = b"dependencies:\n- pip\n- pip:\n  - --extra-index-url https://a.example/simple\n"
    assert read(data, "x", allow_index=["https://a.example/simple"]).index_urls == ("https://a.example/simple",)


_words = st.sampled_from(
    [
        *("name:", "channels:", "dependencies:", "- ", "  - ", "pip:", "\n", "python", "=3.1", "{", "}", "[", "]"),
        *("*a", "&a", ": ", "'", "!x ", "#", "|", "${X}"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_words, max_size=25).map("".join) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_nothing_raises_anything_else(text: str) -> None:
    try:
        read(text.encode(), "x")
    except BadFormatError:
        pass
