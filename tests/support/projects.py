"""Small Python projects that build without an index: their build backend lies in them, and needs nothing."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["git_commit", "make_git_repo", "make_project", "make_wheel", "wheel_bytes"]

_BACKEND = """
import base64, csv, hashlib, io, os, tarfile, in_tree_config as config, zipfile


def _wheel(folder, files):
    name, version = config.NAME.replace("-", "_"), config.VERSION
    info = f"{name}-{version}.dist-info"
    files = dict(files)
    files[f"{info}/METADATA"] = config.METADATA.encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\\nGenerator: in-tree\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    if config.SCRIPTS:
        files[f"{info}/entry_points.txt"] = ("[console_scripts]\\n" + config.SCRIPTS).encode()
    rows = []
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append((path, "sha256=" + digest, len(data)))
    text = io.StringIO()
    csv.writer(text, lineterminator="\\n").writerows([*rows, (f"{info}/RECORD", "", "")])
    files[f"{info}/RECORD"] = text.getvalue().encode()
    file = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, file), "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2025, 1, 1, 0, 0, 0)), data)
    return file


def build_wheel(folder, settings=None, metadata=None):
    with open(config.MODULE + ".py", "rb") as file:
        return _wheel(folder, {config.MODULE + ".py": file.read()})


def build_editable(folder, settings=None, metadata=None):
    return _wheel(folder, {f"__editable__.{config.MODULE}.pth": (os.getcwd() + "\\n").encode()})


def build_sdist(folder, settings=None):
    stem = f"{config.NAME.replace('-', '_')}-{config.VERSION}"
    with tarfile.open(os.path.join(folder, stem + ".tar.gz"), "w:gz") as archive:
        for each in sorted(os.listdir(".")):
            if each.endswith((".py", ".toml")):
                archive.add(each, f"{stem}/{each}")
    return stem + ".tar.gz"
"""


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in requires)]
    return "\n".join(lines) + "\n"


def _module(name: str) -> str:
    return name.replace("-", "_").lower()


def _source(name: str, version: str) -> str:
    return f'"""{name}."""\n\n__version__ = "{version}"\n\n\ndef main():\n    print("{name} {version}")\n'


def make_project(folder: Path, name: str, version: str = "0.1", *, requires: Sequence[str] = (), script: bool = False) -> Path:
    """Make a project of one module in a folder, and return the folder; pip and uv build it offline, editable too."""
    folder.mkdir(parents=True, exist_ok=True)
    module = _module(name)
    folder.joinpath(f"{module}.py").write_text(_source(name, version))
    folder.joinpath("in_tree_backend.py").write_text(_BACKEND)
    folder.joinpath("in_tree_config.py").write_text(
        f"NAME = {name!r}\nVERSION = {version!r}\nMODULE = {module!r}\nMETADATA = {_metadata(name, version, requires)!r}\n"
        f"SCRIPTS = {f'{name} = {module}:main' if script else ''!r}\n"
    )
    folder.joinpath("pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "in_tree_backend"\nbackend-path = ["."]\n\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n'
        f"dependencies = {list(requires)!r}\n"
    )
    return folder


def make_wheel(folder: Path, name: str, version: str = "0.1", *, requires: Sequence[str] = (), script: bool = False) -> Path:
    """Write a wheel of one module into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    path.write_bytes(wheel_bytes(name, version, requires=requires, script=script))
    return path


def wheel_bytes(name: str, version: str, *, requires: Sequence[str] = (), script: bool = False) -> bytes:
    """Return a wheel of one module."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        f"{_module(name)}.py": _source(name, version),
        f"{info}/METADATA": _metadata(name, version, requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: envkeep-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if script:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {_module(name)}:main\n"
    text = io.StringIO()
    rows: list[tuple[str, str, str | int]] = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        rows.append((path, f"sha256={digest}", len(content.encode())))
    csv.writer(text, lineterminator="\n").writerows([*rows, (f"{info}/RECORD", "", "")])
    files[f"{info}/RECORD"] = text.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2025, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def make_git_repo(folder: Path, name: str, version: str = "0.1", *, requires: Sequence[str] = ()) -> Path:
    """Make a git repository of a small project with one commit, on branch ``main``."""
    make_project(folder, name, version, requires=requires)
    _git(folder, "init", "-q", "-b", "main")
    git_commit(folder, "first")
    return folder


def git_commit(folder: Path, message: str) -> str:
    """Commit all that is in a repository, and return the commit."""
    _git(folder, "add", "-A")
    _git(folder, "-c", "user.name=lab", "-c", "user.email=lab@example.org", "commit", "-q", "-m", message)
    return _git(folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout
