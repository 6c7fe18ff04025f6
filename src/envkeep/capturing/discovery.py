"""Which environments there are, and which one is meant.

Names are looked up by conda's rules (``locate_prefix_by_name`` in conda/base/context.py: the root prefix, then each envs folder
in order), with mamba's and micromamba's roots and virtualenvwrapper's folder beside them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.layout import kind_of
from envkeep.capturing.naming import environment_name, is_root_prefix, stated_roots
from envkeep.capturing.reading import is_file, is_folder, read_text, scan
from envkeep.errors import EnvironmentNotFoundError, UsageError
from envkeep.model.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "default_prefix",
    "env_folders",
    "environment_name",
    "find_prefix",
    "is_root_prefix",
    "kind_of",
    "known_prefixes",
    "prefixes_named",
]

_LIMIT = 4 << 20
_CHOOSE = "Name one with -n NAME or -p PATH."
# where the installers of conda and mamba put a root prefix if nobody says otherwise
_HOME_ROOTS = (
    "miniforge3",
    "mambaforge",
    "miniconda3",
    "anaconda3",
    "miniconda",
    "anaconda",
    "micromamba",
    ".local/share/mamba",
    "AppData/Local/miniforge3",
    "AppData/Local/miniconda3",
    "AppData/Local/anaconda3",
)
_SYSTEM_ROOTS = ("/opt/conda", "/opt/miniforge3", "/opt/miniconda3", "/opt/anaconda3", "/opt/homebrew/Caskroom/miniforge/base")


def find_prefix(name: str | None, prefix: Path | None, environ: Mapping[str, str], *, running: Path | None = None) -> Path:
    """Return the absolute prefix of the environment that is meant.

    Args:
        name: of ``-n``.
        prefix: of ``-p``.
        environ: the process's variables.
        running: prefix of the interpreter that envkeep runs in; None: ``sys.prefix``.

    Raises:
        UsageError: both are given; a name is a path, or several environments have it; neither is given and envkeep runs in a
            tool's private venv.
        EnvironmentNotFoundError: no environment has that name.
        NotAnEnvironmentError: the path is no environment.
    """
    if name is not None and prefix is not None:
        raise UsageError("-n and -p both name an environment", "Give one of them.")
    if prefix is not None:
        found = absolute(prefix)
        _check(found)
        return found
    if name is not None:
        return _by_name(name, environ)
    return default_prefix(environ, running=running)


def default_prefix(environ: Mapping[str, str], *, running: Path | None = None) -> Path:
    """Return the environment that is meant where none is named.

    Of VIRTUAL_ENV and CONDA_PREFIX the one whose Python comes first on PATH, else the interpreter that envkeep runs in.

    Raises:
        UsageError: that interpreter is the private venv of a tool (pipx, uv tool), which nobody means.
    """
    active = [
        Path(os.path.abspath(environ[variable]))  # noqa: PTH100
        for variable in ("VIRTUAL_ENV", "CONDA_PREFIX")
        if environ.get(variable) and kind_of(Path(environ[variable])) is not None
    ]
    if active:
        return min(active, key=lambda found: _place_on_path(found, environ))
    here = running if running is not None else Path(sys.prefix)
    tool = _tool(here)
    if tool is not None:
        raise UsageError(f"no environment is active, and {here} is {tool}'s private venv for envkeep", _CHOOSE)
    _check(here)
    return here


def known_prefixes(environ: Mapping[str, str], *, also: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Return every environment that can be found, each once: root prefixes, then what lies in envs directories, then the others.

    Sources: variables of an active conda or mamba, the usual places of their roots, condarc, ``~/.conda/environments.txt``,
    virtualenvwrapper's folder, and ``also``.

    Args:
        environ: the process's variables.
        also: more prefixes, as those in the store; what is no environment any more is left out.
    """
    found: dict[object, Path] = {}
    for path in (*_roots(environ), *_in_folders(environ), *_listed(environ), *also):
        try:
            info = path.stat()
        except OSError:
            continue
        if (info.st_dev, info.st_ino) not in found and kind_of(path) is not None:
            found[info.st_dev, info.st_ino] = path
    return tuple(found.values())


def prefixes_named(name: str, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the environments of a name, best first: what conda would take, then others that are known and called so."""
    if name in {"base", "root"}:
        return tuple(path for path in _roots(environ) if kind_of(path) == "conda")[:1]
    for folder in env_folders(environ):
        if kind_of(folder / name) is not None:
            return (folder / name,)
    return tuple(
        path
        for path in known_prefixes(environ)
        if path.name == name or environment_name(path, kind_of(path) or "conda", environ) == name
    )


def env_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders in which an environment is looked up by its name, in order: condarc's, the roots', the user's own."""
    from envkeep.capturing.condarc import read_condarc

    roots = list(_roots(environ))
    yield from read_condarc(None, environ, roots).envs_dirs
    home = _home(environ)
    of_roots = [root / "envs" for root in roots]
    of_user = [home / ".conda" / "envs"] if home is not None else []
    # conda: in a root that is not the user's to write to, the user's own go first
    yield from (*of_user, *of_roots) if roots and _is_read_only(roots[0]) else (*of_roots, *of_user)
    if environ.get("LOCALAPPDATA"):
        yield Path(environ["LOCALAPPDATA"]) / "conda" / "conda" / "envs"
    if environ.get("WORKON_HOME"):
        yield Path(environ["WORKON_HOME"])
    elif home is not None:
        yield home / ".virtualenvs"


def _is_read_only(root: Path) -> bool:
    history = root / "conda-meta" / "history"
    return is_file(history) and not os.access(history, os.W_OK)


def _by_name(name: str, environ: Mapping[str, str]) -> Path:
    if not name.strip() or "/" in name or "\\" in name or name in {".", ".."}:
        raise UsageError(f"{name!r} is no environment's name", "Give a path with -p PATH.")
    found = prefixes_named(name, environ)
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(str(path) for path in found)
        raise UsageError(f"{len(found)} environments are called {name}: {paths}", "Name the one that is meant with -p PATH.")
    from difflib import get_close_matches

    names = {environment_name(path, kind_of(path) or "conda", environ) for path in known_prefixes(environ)}
    near = get_close_matches(name, sorted(names), n=3)
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"Known are {', '.join(sorted(names)) or 'none'}; or give -p PATH."
    raise EnvironmentNotFoundError(f"no environment is called {name}", remedy)


def _check(prefix: Path) -> None:
    if kind_of(prefix) is None:
        from envkeep.capturing.layout import environment_kind

        # it says what is there instead
        environment_kind(prefix)


def _place_on_path(prefix: Path, environ: Mapping[str, str]) -> int:
    own = {os.path.normcase(path) for path in (prefix, prefix / "bin", prefix / "Scripts")}
    places = [part for part in environ.get("PATH", "").split(os.pathsep) if part]
    for place, folder in enumerate(places):
        # normcase keeps a final slash
        if os.path.normcase(folder.rstrip("/\\") or folder) in own:
            return place
    return len(places)


def _tool(prefix: Path) -> str | None:
    if is_file(prefix / "uv-receipt.toml"):
        return "uv"
    # pipx: <home>/venvs/<package>/pipx_metadata.json
    return "pipx" if is_file(prefix / "pipx_metadata.json") else None


def _roots(environ: Mapping[str, str]) -> Iterator[Path]:
    yield from (root for root in stated_roots(environ) if is_folder(root))
    active = environ.get("CONDA_PREFIX")
    if active:
        path = Path(active)
        if path.parent.name == "envs" and is_folder(path.parent.parent / "conda-meta"):
            yield path.parent.parent
        elif is_root_prefix(path, environ):
            yield path
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).name == "condabin":
            yield Path(folder).parent
    home = _home(environ)
    candidates = [home / name for name in _HOME_ROOTS] if home is not None else []
    yield from (root for root in (*candidates, *map(Path, _SYSTEM_ROOTS)) if is_folder(root))


def _in_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in env_folders(environ):
        yield from (Path(entry.path) for entry in scan(folder) if not entry.name.startswith("."))


def _listed(environ: Mapping[str, str]) -> Iterator[Path]:
    # conda and mamba note every environment they make
    home = _home(environ)
    if home is None:
        return
    try:
        text = read_text(home / ".conda" / "environments.txt", _LIMIT)
    except OSError:
        return
    yield from (Path(line.strip()) for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None
