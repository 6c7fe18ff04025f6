"""envkeep's conda package: built by its recipe from this checkout and the tests' channel, and used where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import envkeep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeEnv
    from support.channel import Channel

_ROOT = Path(__file__).parents[2]
_RECIPE = _ROOT / "recipes" / "envkeep" / "recipe.yaml"


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(_RECIPE.read_text(encoding="utf-8"))
    return read


def test_it_says_what_the_project_says(recipe: dict[str, Any]) -> None:
    project = _project()
    assert Version(recipe["context"]["version"]) == Version(envkeep.__version__)
    assert f">={recipe['context']['python_min']}" == project["requires-python"]
    scripts = [f"{name} = {target}" for name, target in project["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts
    run = {line.split(" ")[0]: line.partition(" ")[2] for line in recipe["requirements"]["run"]}
    del run["python"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    assert run == {requirement.name: str(requirement.specifier) for requirement in wanted}
    engine = Requirement(project["optional-dependencies"]["engine"][0])
    name, _, bounds = recipe["requirements"]["run_constraints"][0].partition(" ")
    assert (name, set(bounds.split(","))) == (engine.name, {str(each) for each in engine.specifier})
    assert recipe["about"]["license"] == project["license"]
    assert (_ROOT / recipe["about"]["license_file"]).is_file()


def _project() -> dict[str, Any]:
    import importlib

    try:
        toml = importlib.import_module("tomllib")
    except ModuleNotFoundError:
        toml = importlib.import_module("tomli")
    read: dict[str, Any] = toml.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return read


@pytest.fixture(scope="module")
def built(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The channel folder with the package, which passed the recipe's own tests."""
    rattler_build = pytest.importorskip("rattler_build")
    if not any(artefact.stat().st_size > 10_000 for artefact in channel.artefacts("hatchling")):
        pytest.skip("the package index of this machine lacks hatchling, which builds envkeep")
    work = tmp_path_factory.mktemp("recipe")
    # a checkout without what lies about in a developer's
    source = work / "checkout"
    shutil.copytree(_ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(_RECIPE.parent, source / "recipes" / "envkeep")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(_ROOT / name, source)
    read = rattler_build.Stage0Recipe.from_file(source / "recipes" / "envkeep" / "recipe.yaml")
    with pytest.MonkeyPatch.context() as patch:
        # its caches beside ours, not in the home that is thrown away
        patch.setenv("RATTLER_CACHE_DIR", str(Path(os.environ["ENVKEEP_CACHE"]).parent / "rattler-build"))
        results = read.run_build(
            tool_config=rattler_build.ToolConfiguration(test_strategy="native"),
            output_dir=work / "channel",
            channels=[channel.main],
        )
    assert [Path(package).name.split("-")[0] for result in results for package in result.packages] == ["envkeep"]
    yield work / "channel"
    shutil.rmtree(work, ignore_errors=True)


def test_it_is_built_installed_and_backs_up(built: Path, channel: Channel, make_env: MakeEnv, home: Path) -> None:
    assert len(list((built / "noarch").glob("envkeep-*.conda"))) == 1
    prefix = make_env(["envkeep", "six"], name="tools", channels=[built.as_uri(), channel.main])
    command = prefix / "bin" / "envkeep"
    assert _run(command, "--version").strip() == f"envkeep {envkeep.__version__}"
    kept = json.loads(_run(command, "backup", "--prefix", prefix, "--json"))
    assert kept["status"] == 0
    explicit = _run(command, "export", "--prefix", prefix, "--format", "explicit")
    assert (built / "noarch").as_uri() in explicit
    # without the engine a rebuild says what to do
    failed = subprocess.run(
        [command, "restore", "tools@latest", "--prefix", home / "new", "--engine", "rattler", "--yes"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert failed.returncode == 1
    assert "envkeep[engine]" in failed.stderr


def _run(*argv: str | Path) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
