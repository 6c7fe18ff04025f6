from __future__ import annotations

import os
from pathlib import Path

import pytest

from envkeep.capturing.discovery import default_prefix, find_prefix, known_prefixes
from envkeep.errors import EnvironmentNotFoundError, NotAnEnvironmentError, UsageError
from support.wild_prefixes import wild_conda, wild_venv


@pytest.fixture
def root(tmp_path: Path) -> Path:
    prefix = wild_conda(tmp_path / "home" / "miniforge3")
    prefix.record("conda", "24.1.0")
    (prefix.path / "condabin").mkdir()
    wild_conda(prefix.path / "envs" / "lab")
    wild_conda(prefix.path / "envs" / "other")
    (prefix.path / "envs" / "no-environment").mkdir()
    return prefix.path


def environ(tmp_path: Path, **more: object) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), **{name: str(value) for name, value in more.items()}}


def test_a_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = wild_venv(tmp_path / "v").path
    monkeypatch.chdir(tmp_path)
    assert find_prefix(None, Path("v"), {}) == prefix
    link = tmp_path / "link"
    link.symlink_to(prefix)
    assert find_prefix(None, link, {}) == link
    with pytest.raises(NotAnEnvironmentError):
        find_prefix(None, tmp_path, {})


def test_both_is_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_prefix("a", tmp_path, {})


def test_names_by_condas_rules(tmp_path: Path, root: Path) -> None:
    assert find_prefix("lab", None, environ(tmp_path)) == root / "envs" / "lab"
    assert find_prefix("base", None, environ(tmp_path)) == root
    elsewhere = wild_conda(tmp_path / "elsewhere" / "lab").path
    # a configured folder goes before the root's own
    assert find_prefix("lab", None, environ(tmp_path, CONDA_ENVS_DIRS=elsewhere.parent)) == elsewhere
    (tmp_path / "home" / ".condarc").write_text(f"envs_dirs:\n  - {elsewhere.parent}\n")
    assert find_prefix("lab", None, environ(tmp_path)) == elsewhere


def test_the_users_own_go_first_where_the_root_is_read_only(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = wild_conda(tmp_path / "home" / ".conda" / "envs" / "lab").path
    assert find_prefix("lab", None, environ(tmp_path)) == root / "envs" / "lab"
    # as it is for everybody but root
    history = root / "conda-meta" / "history"
    really = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != history and really(path, mode))
    assert find_prefix("lab", None, environ(tmp_path)) == own


def test_windows_keeps_environments_in_the_users_data_as_well(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "AppData" / "Local" / "conda" / "conda" / "envs" / "lab").path
    assert find_prefix("lab", None, environ(tmp_path, LOCALAPPDATA=tmp_path / "AppData" / "Local")) == prefix


def test_conda_on_path_and_in_variables(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "apps" / "conda")
    inner = wild_conda(prefix.path / "envs" / "deep").path
    for more in (
        {"CONDA_EXE": prefix.path / "bin" / "conda"},
        {"MAMBA_ROOT_PREFIX": prefix.path},
        {"PATH": f"/usr/bin{os.pathsep}{prefix.path / 'condabin'}"},
        {"CONDA_PREFIX": inner},
    ):
        assert find_prefix("deep", None, environ(tmp_path, **more)) == inner


def test_environments_txt_and_virtualenvwrapper(tmp_path: Path, root: Path) -> None:
    listed = wild_conda(tmp_path / "data" / "listed").path
    notes = tmp_path / "home" / ".conda"
    notes.mkdir()
    (notes / "environments.txt").write_text(f"{root}\n{listed}\n/gone/env\n\n")
    wrapped = wild_venv(tmp_path / "home" / ".virtualenvs" / "pymodaq-dev").path
    assert find_prefix("listed", None, environ(tmp_path)) == listed
    assert find_prefix("pymodaq-dev", None, environ(tmp_path)) == wrapped
    project = wild_venv(tmp_path / "proj" / ".venv").path
    found = known_prefixes(environ(tmp_path), also=[project, tmp_path / "gone", listed])
    assert found == (root, root / "envs" / "lab", root / "envs" / "other", wrapped, listed, project)


def test_an_unknown_name_says_what_is_near(tmp_path: Path, root: Path) -> None:
    with pytest.raises(EnvironmentNotFoundError) as caught:
        find_prefix("labb", None, environ(tmp_path))
    assert caught.value.remedy == "Did you mean lab?"


@pytest.mark.parametrize("name", ["a/b", "..", "", "C:\\x"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        find_prefix(name, None, environ(tmp_path))


def test_two_of_a_name(tmp_path: Path) -> None:
    one, other = wild_conda(tmp_path / "a" / "x").path, wild_conda(tmp_path / "b" / "x").path
    (tmp_path / "home" / ".conda").mkdir(parents=True)
    (tmp_path / "home" / ".conda" / "environments.txt").write_text(f"{one}\n{other}\n")
    with pytest.raises(UsageError) as caught:
        find_prefix("x", None, environ(tmp_path))
    assert str(one) in caught.value.fact
    assert str(other) in caught.value.fact


def test_the_one_whose_python_comes_first_on_path(tmp_path: Path) -> None:
    conda, venv = wild_conda(tmp_path / "c").path, wild_venv(tmp_path / "v").path
    both = {"CONDA_PREFIX": str(conda), "VIRTUAL_ENV": str(venv)}
    assert default_prefix({**both, "PATH": os.pathsep.join([str(conda / "bin"), str(venv / "bin")])}) == conda
    assert default_prefix({**both, "PATH": os.pathsep.join(["/usr/bin", str(venv / "bin") + "/", str(conda / "bin")])}) == venv
    assert default_prefix({**both, "PATH": "/usr/bin"}) == venv
    assert default_prefix({"CONDA_PREFIX": str(conda), "VIRTUAL_ENV": str(tmp_path / "gone")}) == conda


def test_else_the_running_interpreter(tmp_path: Path) -> None:
    import sys

    assert find_prefix(None, None, {}) == Path(sys.prefix)
    venv = wild_venv(tmp_path / "v").path
    assert find_prefix(None, None, {"CONDA_PREFIX": str(tmp_path / "gone")}, running=venv) == venv


@pytest.mark.parametrize("mark", ["pipx_metadata.json", "uv-receipt.toml"])
def test_a_tools_private_venv_is_not_meant(tmp_path: Path, mark: str) -> None:
    venv = wild_venv(tmp_path / "envkeep").path
    (venv / mark).write_text("")
    with pytest.raises(UsageError) as caught:
        find_prefix(None, None, {}, running=venv)
    assert "-n NAME" in (caught.value.remedy or "")
    # named, it is an environment as any other
    assert find_prefix(None, venv, {}) == venv
