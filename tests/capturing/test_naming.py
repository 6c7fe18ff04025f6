from __future__ import annotations

from pathlib import Path

import pytest

from envkeep.capturing.naming import conda_name, environment_name, is_root_prefix
from support.wild_prefixes import wild_conda, wild_venv


@pytest.fixture
def root(tmp_path: Path) -> Path:
    prefix = wild_conda(tmp_path / "miniforge3")
    prefix.record("conda", "24.1.0")
    (prefix.path / "condabin").mkdir()
    return prefix.path


def test_the_root_prefix_is_base(root: Path) -> None:
    assert environment_name(root, "conda", {}) == "base"
    assert conda_name(root, {}) == "base"


def test_micromambas_root_is_what_its_variable_says(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "mamba")
    assert not is_root_prefix(prefix.path, {})
    assert is_root_prefix(prefix.path, {"MAMBA_ROOT_PREFIX": str(prefix.path)})
    assert conda_name(prefix.path, {"CONDA_EXE": str(prefix.path / "bin" / "conda")}) == "base"


def test_an_environment_with_conda_in_it_is_not_base(root: Path) -> None:
    prefix = wild_conda(root / "envs" / "dev")
    prefix.record("conda", "24.1.0")
    (prefix.path / "condabin").mkdir()
    assert environment_name(prefix.path, "conda", {}) == "dev"
    assert conda_name(prefix.path, {}) == "dev"


def test_an_environment_elsewhere_has_its_path_for_conda_only(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "somewhere" / "lab")
    assert conda_name(prefix.path, {}) == str(prefix.path)
    assert environment_name(prefix.path, "conda", {}) == "lab"
    assert conda_name(prefix.path, {}, (tmp_path / "somewhere",)) == "lab"


@pytest.mark.parametrize(
    ("place", "config", "name"),
    [
        ("proj/.venv", "", "proj"),
        ("proj/venv", "prompt = .venv\n", "proj"),
        ("proj/env", "prompt = 'lab'\n", "lab"),
        (".virtualenvs/pymodaq-dev", "", "pymodaq-dev"),
        ("proj/.venv", "prompt = '../../evil/name'\n", "..-..-evil-name"),
        ("proj/.venv", "prompt = a/b\\c:d\n", "a-b-c-d"),
        ("proj/.venv", "prompt = ..\n", "proj"),
        ("proj/.venv", "prompt =  \n", "proj"),
    ],
)
def test_names_of_venvs(tmp_path: Path, place: str, config: str, name: str) -> None:
    prefix = wild_venv(tmp_path / place, config)
    assert environment_name(prefix.path, "venv", {}) == name


@pytest.mark.parametrize(
    ("place", "name"),
    [("proj/.pixi/envs/default", "proj"), ("proj/.pixi/envs/docs", "proj-docs"), ("proj/env", "proj"), ("proj/.venv", "proj")],
)
def test_conda_environments_inside_projects(tmp_path: Path, place: str, name: str) -> None:
    prefix = wild_conda(tmp_path / place)
    assert environment_name(prefix.path, "conda", {}) == name


@pytest.mark.parametrize(("place", "name"), [("3.11.7", "python-3.11.7"), ("usr", "system-python"), ("Python312", "Python312")])
def test_bare_interpreters(tmp_path: Path, place: str, name: str) -> None:
    assert environment_name(tmp_path / place, "interpreter", {}) == name
    assert environment_name(Path("/usr"), "interpreter", {}) == "system-python"
