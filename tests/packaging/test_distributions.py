"""The wheel and the sdist: built, and used from an empty venv and from a tool's own, in an empty home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import envkeep

if TYPE_CHECKING:
    from support.channel import Index

_ROOT = Path(__file__).parents[2]
_SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def _run(*argv: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, encoding="utf-8", check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would give: the files of the project, and nothing that was built before."""
    if zipfile.ZipFile(index.wheel("hatchling", "1.27.0")).namelist().count("hatchling/build.py") == 0:
        pytest.skip("the package index of this machine lacks hatchling, which builds envkeep")
    folder = tmp_path_factory.mktemp("checkout") / "envkeep"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "dist", "build", "site", "captures"
    )
    shutil.copytree(_ROOT, folder, ignore=ignored, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    _run(sys.executable, "-m", "uv", "build", "-q", "--sdist", "--out-dir", folder, checkout)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, so that nothing it needs is missing there."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "uv", "build", "-q", "--wheel", "--out-dir", folder, sdist)
    return next(folder.glob("*.whl"))


def test_the_sdist_has_what_a_packager_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "mkdocs.yml",
        "docs/index.md",
        "recipes/envkeep/recipe.yaml",
        "tests/conftest.py",
    }
    assert needed <= names
    assert not {name for name in names if "__pycache__" in name or name.startswith((".git/", ".venv", "site/"))}


def test_the_wheel_has_the_package_alone(wheel: Path) -> None:
    assert wheel.name == f"envkeep-{envkeep.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"envkeep-{envkeep.__version__}.dist-info/METADATA").decode()
    assert {name.split("/")[0] for name in names} == {"envkeep", f"envkeep-{envkeep.__version__}.dist-info"}
    assert "envkeep/py.typed" in names
    sources = {path.relative_to(_ROOT / "src").as_posix() for path in (_ROOT / "src" / "envkeep").rglob("*.py")}
    assert {"envkeep/__init__.py", "envkeep/cli/main.py"} <= sources & set(names)
    core = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    # light: what brings an engine, a lock format or a test is an extra
    assert {line.split()[1].split(">")[0] for line in core} == {"filelock", "packaging", "pyyaml", "rich", "tomli", "typer"}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_in_an_empty_venv(kind: str, wheel: Path, sdist: Path, index: Index, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    _run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", folder, wheel if kind == "wheel" else sdist)
    command = folder / _SCRIPTS / "envkeep"
    assert _run(command, "--version", cwd=tmp_path).strip() == f"envkeep {envkeep.__version__}"
    assert "kept" in _run(command, "backup", "-p", folder, cwd=tmp_path)
    listed = _run(command, "list", "-p", folder, cwd=tmp_path)
    assert str(folder) in listed
    assert "envkeep==" in _run(command, "export", "-p", folder, "--format", "requirements", cwd=tmp_path)
    assert (home / ".envkeep" / "environments").is_dir()


def test_pip_installs_the_wheel(wheel: Path, index: Index, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / _SCRIPTS / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python))
    _run(*pip, "install", "-q", "--no-compile", wheel)
    assert _run(*pip, "check").startswith("No broken requirements")
    assert _run(python, "-m", "envkeep", "--version").strip() == f"envkeep {envkeep.__version__}"


def test_uv_tool_installs_it(wheel: Path, index: Index, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_TOOL_DIR", str(tmp_path / "tools"))
    monkeypatch.setenv("UV_TOOL_BIN_DIR", str(tmp_path / "bin"))
    _run(sys.executable, "-m", "uv", "tool", "install", "-q", "--python", sys.executable, wheel)
    command = tmp_path / "bin" / ("envkeep.exe" if os.name == "nt" else "envkeep")
    assert _run(command, "--version").strip() == f"envkeep {envkeep.__version__}"
    # nobody means the tool's own venv
    done = subprocess.run([command, "backup"], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert "-n NAME or -p PATH" in done.stderr
    assert "kept" in _run(command, "backup", "-p", sys.prefix)


@pytest.mark.skipif(shutil.which("pipx") is None, reason="pipx is not installed")
def test_pipx_installs_it(wheel: Path, index: Index, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPX_HOME", str(tmp_path / "pipx"))
    monkeypatch.setenv("PIPX_BIN_DIR", str(tmp_path / "bin"))
    _run("pipx", "install", "--quiet", "--python", sys.executable, wheel)
    command = tmp_path / "bin" / "envkeep"
    assert _run(command, "--version").strip() == f"envkeep {envkeep.__version__}"
    assert "kept" in _run(command, "backup", "-p", sys.prefix)
