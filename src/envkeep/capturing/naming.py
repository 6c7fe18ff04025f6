"""What an environment is called."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.layout import read_venv_config
from envkeep.capturing.reading import exists, is_file, is_folder, scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.model.record import EnvironmentKind

__all__ = ["conda_name", "environment_name", "is_root_prefix", "stated_roots"]

# names of folders that say nothing of what is in them
_GENERIC = frozenset({".venv", "venv", ".env", "env", "virtualenv", ".virtualenv"})
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


def environment_name(prefix: Path, kind: EnvironmentKind, environ: Mapping[str, str]) -> str:
    """Return what a person calls an environment: a name, never a path, never empty.

    ``base`` for a root prefix, a conda environment's folder, a venv's prompt or, where that says nothing, its project's folder.
    """
    if kind == "conda":
        return "base" if is_root_prefix(prefix, environ) else _project_environment(prefix) or _fit(prefix.name) or "conda"
    if kind == "venv":
        prompt = _fit(read_venv_config(prefix).prompt or "") or _fit(prefix.name)
        return (_fit(prefix.parent.name) or "venv") if prompt.lower() in _GENERIC else prompt
    name = _fit(prefix.name)
    if name.lower() in {"", "usr", "local"}:
        return "system-python"
    # pyenv names an installation by its version
    return f"python-{name}" if name[0].isdigit() else name


def conda_name(prefix: Path, environ: Mapping[str, str], envs_dirs: tuple[Path, ...] = ()) -> str:
    """Return what ``conda env export`` writes as ``name``: a name, or the full path of an environment in no envs directory."""
    if is_root_prefix(prefix, environ):
        return "base"
    parent = prefix.parent
    if parent in envs_dirs or (parent.name == "envs" and is_folder(parent.parent / "conda-meta")) or _is_users(parent, environ):
        return prefix.name
    return str(prefix)


def is_root_prefix(prefix: Path, environ: Mapping[str, str]) -> bool:
    """Return whether a prefix is a root one (``base``): what the variables of an active conda or mamba say, or conda in it.

    An environment in another one's ``envs`` folder is none, even with conda in it.
    """
    if prefix.parent.name == "envs" and is_folder(prefix.parent.parent / "conda-meta"):
        return False
    for stated in stated_roots(environ):
        if _same(stated, prefix):
            return True
    if not is_folder(prefix / "condabin"):
        return False
    return any(re.match(r"(?:conda|mamba|micromamba)-\d", entry.name) for entry in scan(prefix / "conda-meta"))


def stated_roots(environ: Mapping[str, str]) -> list[Path]:
    """Return the root prefixes that the variables of an active conda or mamba name, whether there or not."""
    roots = [Path(environ[variable]) for variable in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX") if environ.get(variable)]
    for variable in ("CONDA_EXE", "_CONDA_EXE", "MAMBA_EXE"):
        # <root>/bin/conda, <root>/Scripts/conda.exe, <root>/condabin/conda.bat
        path = Path(environ.get(variable) or ".")
        if path.parent.name in {"bin", "Scripts", "condabin"} and exists(path.parent.parent / "conda-meta"):
            roots.append(path.parent.parent)
    return roots


def _project_environment(prefix: Path) -> str | None:
    # pixi: <project>/.pixi/envs/default; conda create -p ./env
    if prefix.parent.name == "envs" and prefix.parent.parent.name == ".pixi":
        project = _fit(prefix.parent.parent.parent.name)
        return project if prefix.name == "default" else _fit(f"{project}-{prefix.name}")
    if prefix.name.lower() in _GENERIC and not is_file(prefix.parent.parent / "conda-meta" / "history"):
        return _fit(prefix.parent.name) if prefix.parent.name != "envs" else None
    return None


def _is_users(parent: Path, environ: Mapping[str, str]) -> bool:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return bool(home) and _same(parent, Path(home or "") / ".conda" / "envs")


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or os.path.samefile(one, other)  # noqa: PTH121
    except OSError:
        return False


def _fit(name: str) -> str:
    return _UNFIT.sub("-", name).strip(" -") if name.strip(" .") else ""
