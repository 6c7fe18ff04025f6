"""The worked recipes: run where a shell is enough, read where Docker or GitHub would be needed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.examples import missing_options
from support.projects import make_wheel

if TYPE_CHECKING:
    from conftest import MakeEnv
    from support.channel import Index

_RECIPES = Path(__file__).parents[2] / "recipes"
_SHELL = pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="the script is for bash")


@pytest.fixture(scope="module")
def microscope(make_env: MakeEnv, index: Index) -> Path:
    prefix = make_env(["pip", "rich", "labtool"], name="microscope")
    python = prefix / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "colorlog==6.9.0"], check=True)
    return prefix


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``envkeep``, first on PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "envkeep").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m envkeep "$@"\n')
    (tools / "envkeep").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return tools


def _run(*argv: str | Path, status: int = 0) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@_SHELL
def test_lab_pc(microscope: Path, path: Path, home: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    _run("envkeep", "backup", "-p", microscope, "--home", stick)
    script, target = _RECIPES / "lab-pc" / "rebuild.sh", tmp_path / "new lab" / "microscope"
    _run(script, stick, "microscope", target)
    proof = json.loads(Path(f"{target}.verified.json").read_text())["result"]
    assert {each["outcome"] for each in proof["outcomes"]} == {"exact"}
    assert _run(target / "bin" / "labtool").startswith("labtool")
    assert "exists already" in _run(script, stick, "microscope", target, status=1)
    assert "usage" in _run(script, stick, status=2)
    assert "telescope" in _run(script, stick, "telescope", tmp_path / "other", status=1)


@_SHELL
def test_lab_pc_says_what_came_out_otherwise(microscope: Path, path: Path, home: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    _run("envkeep", "backup", "-p", microscope, "--home", stick)
    # pip finds nothing on an index that is not there
    script = _RECIPES / "lab-pc" / "rebuild.sh"
    lost = (tmp_path / "no-index").as_uri()
    done = subprocess.run(
        [script, stick, "microscope", tmp_path / "new"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PIP_INDEX_URL": lost, "UV_DEFAULT_INDEX": lost, "UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"},
    )
    assert done.returncode == 3, done.stdout + done.stderr
    outcomes = json.loads((tmp_path / "new.verified.json").read_text())["result"]["outcomes"]
    assert {each["name"]: each["outcome"] for each in outcomes if each["outcome"] != "exact"} == {"colorlog": "missing"}


@_SHELL
def test_cluster_module(microscope: Path, path: Path, home: Path, tmp_path: Path) -> None:
    record, root = tmp_path / "microscope.json", tmp_path / "sw"
    root.mkdir()
    _run("envkeep", "export", "-p", microscope, "--format", "record-json", "-o", record)
    said = _run(_RECIPES / "cluster-module" / "build-module.sh", record, root, "microscope", "2026.11")
    assert f"module use {root}/modulefiles && module load microscope/2026.11" in said
    prefix = root / "microscope" / "2026.11"
    module = (root / "modulefiles" / "microscope" / "2026.11").read_text()
    assert module.startswith("#%Module1.0\n")
    assert "@" not in module
    assert not any(part.stat().st_mode & 0o222 for part in (prefix, prefix / "bin"))
    loaded = _load_module(module)
    assert loaded["prepend-path"]["PATH"] == str(prefix / "bin")
    assert loaded["setenv"]["PYTHONNOUSERSITE"] == "1"
    _run(Path(loaded["prepend-path"]["PATH"]) / "python", "-c", "import rich, colorlog")
    # so that pytest can remove it
    _run("chmod", "-R", "u+w", root)


@_SHELL
def test_air_gapped(
    microscope: Path, path: Path, index: Index, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run("envkeep", "backup", "-p", microscope)
    stick = tmp_path / "a stick"
    # any wheel does to see that what is carried is installed; tests/packaging builds the real one
    tool = make_wheel(tmp_path, "envkeep", "0.1", requires=["labindex"], script=True)
    monkeypatch.setenv("ENVKEEP_REQUIREMENT", str(tool))
    _run(_RECIPES / "air-gapped" / "carry.sh", "microscope@latest", stick)
    assert {each.name.split("-")[0] for each in (stick / "wheels").iterdir()} == {"envkeep", "labindex"}
    # nothing is to be had any more but what was carried
    lost = (tmp_path / "no-index").as_uri()
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, lost)
    monkeypatch.setenv("ENVKEEP_CACHE", str(tmp_path / "empty cache"))
    target = tmp_path / "opt" / "microscope"
    assert "exact" in _run(stick / "rebuild.sh", target)
    _run(target / "bin" / "python", "-c", "import rich, colorlog")
    # without envkeep on the instrument, the one that was carried is installed and called
    (path / "envkeep").unlink()
    (path / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (path / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(path), "/usr/bin", "/bin")))
    assert _run(stick / "rebuild.sh", tmp_path / "other") == "envkeep 0.1\nenvkeep 0.1\n"
    assert (home / ".local" / "share" / "envkeep-tool" / "bin" / "envkeep").is_file()


def _load_module(text: str) -> dict[str, dict[str, str]]:
    """Do what ``module load`` does, with the words of Tcl that our modulefile uses."""
    loaded: dict[str, dict[str, str]] = {}
    without_procedures = re.sub(r"^proc .*?^}\n", "", text, flags=re.DOTALL | re.MULTILINE)
    for line in without_procedures.splitlines():
        words = shlex.split(line, comments=True)
        if words:
            assert words[0] in {"module-whatis", "conflict", "prepend-path", "setenv"}
            loaded.setdefault(words[0], {})[words[1]] = words[-1]
    return loaded


_INSTRUCTIONS = {"FROM", "RUN", "COPY", "ENV", "CMD"}


def test_dockerfile() -> None:
    text = (_RECIPES / "docker" / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert {line.split(" ")[0] for line in lines} == _INSTRUCTIONS
    assert lines[0].startswith("FROM ")
    for line in lines:
        if line.startswith("RUN "):
            _reads_as_shell(line.removeprefix("RUN "))
    stages = re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE)
    copied = [line.split()[1:] for line in lines if line.startswith("COPY --from")]
    assert {each[0] for each in copied} == {f"--from={stage}" for stage in stages}
    # the prefix is baked into the environment
    assert all(source == target for _, source, target in copied)


def test_github_workflow() -> None:
    workflow: dict[Any, Any] = yaml.safe_load((_RECIPES / "github-workflow" / "rebuild.yml").read_text())
    # YAML 1.1 takes the key `on` for true
    assert set(workflow[True]) == {"schedule", "push", "workflow_dispatch"}
    assert len(workflow[True]["schedule"][0]["cron"].split()) == 5
    steps = workflow["jobs"]["rebuild"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    for step in steps:
        _reads_as_shell(step.get("run", ""))


@pytest.mark.parametrize("script", sorted(_RECIPES.rglob("*.sh")), ids=lambda path: path.parent.name)
def test_scripts_read_as_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert os.access(script, os.X_OK)
    _reads_as_shell(script.read_text())


def test_powershell_does_what_bash_does() -> None:
    folder = _RECIPES / "lab-pc"
    bash, powershell = ((folder / f"rebuild.{end}").read_text() for end in ("sh", "ps1"))
    for text in (bash, powershell):
        _options_exist(text)
    assert _called(bash) == _called(powershell)
    if shutil.which("pwsh"):
        parse = "[System.Management.Automation.Language.Parser]::ParseFile($args[0], [ref]$null, [ref]$e)"
        check = f"$e = $null; [void]{parse}; exit $e.Count"
        _run("pwsh", "-NoProfile", "-Command", f"& {{ {check} }} '{folder / 'rebuild.ps1'}'")


def _called(text: str) -> list[tuple[str, list[str]]]:
    """The verbs and options that a script calls envkeep with, in order."""
    calls = re.findall(r"^envkeep (\w+) (.*)$", text, re.MULTILINE)
    return [(verb, re.findall(r"--[a-z-]+", rest)) for verb, rest in calls]


def _reads_as_shell(text: str) -> None:
    if shutil.which("bash"):
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
    _options_exist(text)


def _options_exist(text: str) -> None:
    for command in re.findall(r"(?:^|&& |\| )\s*(envkeep [a-z].*?)(?=$| \|| &&|>)", text, re.MULTILINE):
        assert missing_options(command) == set(), command
