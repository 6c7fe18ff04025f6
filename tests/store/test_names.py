"""Folder names and tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.store.names import folder_name, is_folder_name, tag_fault, unused_name


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("microscope", "microscope"),
        ("py3.12_torch-2.1+cu121", "py3.12_torch-2.1+cu121"),
        ("my env@home", "my-env-home"),
        (".venv", "venv"),
        ("..", "environment"),
        ("a/../../b", "a-..-..-b"),
        ("C:\\envs\\x", "C-envs-x"),
        ("Größe", "Größe"),
        ("con", "con_"),
        ("Aux.1", "Aux_.1"),
        ("", "environment"),
    ],
)
def test_a_name_becomes_a_folder(name: str, folder: str) -> None:
    assert folder_name(name) == folder
    assert is_folder_name(folder)


@given(st.text(max_size=300))
def test_a_folder_name_is_always_fit(name: str) -> None:
    folder = folder_name(name)
    assert 0 < len(folder) <= 101
    assert folder[0] not in ".-"
    assert folder[-1] not in ". "
    assert not set(folder) & set('/\\@:*?"<>| \n\0')
    assert folder_name(folder) == folder


def test_names_are_told_apart_without_case() -> None:
    assert unused_name("Lab", "/b/Lab", ["lab"], None) == "Lab-2"
    assert unused_name("Lab", "/b/Lab", ["lab", "LAB-2"], None) == "Lab-3"


def test_a_rival_gives_the_part_in_which_the_paths_differ() -> None:
    assert unused_name("scope", "/opt/envs/scope", ["Scope"], "/lab/Scope/.venv") == "scope-envs"
    assert unused_name("venv", r"C:\work\b\venv", ["venv"], r"C:\work\a\venv") == "venv-b"
    assert unused_name("venv", "/x/b/venv", ["venv", "venv-b"], "/x/a/venv") == "venv-2"
    assert unused_name("venv", "/x/venv", ["venv"], "/x/venv") == "venv-2"


@pytest.mark.parametrize("tag", ["paper", "paper-2025", "2025.1", "v1.0+rc", "before_upgrade", "größe", "1a"])
def test_a_word_can_be_a_tag(tag: str) -> None:
    assert tag_fault(tag) is None
