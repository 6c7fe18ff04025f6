"""What conda's and mamba's settings say that concerns a record: channels, and where environments lie.

Files and their order are conda's (``SEARCH_PATH`` in conda/base/constants.py); of two files the one read later goes first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from envkeep.capturing.reading import decode, is_folder, read_bytes, scan
from envkeep.model.channels import canonical_channel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["Condarc", "condarc_files", "load_condarc", "read_condarc"]

_LIMIT = 1 << 20
_SYSTEM = ("/etc/conda", "/var/lib/conda") if os.name != "nt" else ("C:/ProgramData/conda",)
# a condarc without these words is not worth a YAML parser's start
_KEYS = (b"channels", b"envs_dirs", b"envs_path", b"pkgs_dirs", b"[")


class Condarc(NamedTuple):
    """Settings, merged.

    Attributes:
        channels: canonical, in order of priority, without duplicates; empty where none are configured.
        envs_dirs: folders that hold environments, in order.
        pkgs_dirs: package caches, in order.
    """

    channels: tuple[str, ...] = ()
    envs_dirs: tuple[Path, ...] = ()
    pkgs_dirs: tuple[Path, ...] = ()


def read_condarc(prefix: Path | None, environ: Mapping[str, str], roots: Iterable[Path] = ()) -> Condarc:
    """Return the settings that apply to a prefix; what cannot be read counts for nothing.

    Args:
        prefix: whose own ``.condarc`` is read last; None: none.
        environ: for HOME, CONDARC, XDG_CONFIG_HOME, CONDA_CHANNELS, CONDA_ENVS_DIRS, CONDA_ENVS_PATH.
        roots: root prefixes, whose settings apply to all of their environments.
    """
    channels: list[str] = [name for name in environ.get("CONDA_CHANNELS", "").split(",") if name.strip()]
    folders: list[str] = []
    caches: list[str] = []
    for variable in ("CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"):
        folders += [part for part in environ.get(variable, "").split(os.pathsep) if part.strip()]
    for path in reversed(list(condarc_files(prefix, environ, roots))):
        raw = load_condarc(path)
        channels += _strings(raw.get("channels"))
        folders += [*_strings(raw.get("envs_dirs")), *_strings(raw.get("envs_path"))]
        caches += _strings(raw.get("pkgs_dirs"))
    names = dict.fromkeys(name for name in map(canonical_channel, channels) if name)
    return Condarc(
        channels=tuple(names),
        envs_dirs=tuple(dict.fromkeys(_expanded(folder, environ) for folder in folders)),
        pkgs_dirs=tuple(dict.fromkeys(_expanded(folder, environ) for folder in caches)),
    )


def condarc_files(prefix: Path | None, environ: Mapping[str, str], roots: Iterable[Path]) -> Iterator[Path]:
    """Yield the places of condarc files, whether there is one or not; of two files the one that comes later goes first."""
    home = _home(environ)
    for folder in _SYSTEM:
        yield from _in(Path(folder))
    for root in roots:
        yield from _in(root)
    if environ.get("XDG_CONFIG_HOME"):
        yield from _in(Path(environ["XDG_CONFIG_HOME"]) / "conda")
    elif home is not None:
        yield from _in(home / ".config" / "conda")
    if home is not None:
        yield from _in(home / ".conda")
        yield home / ".condarc"
        # mamba's and micromamba's own
        yield home / ".mambarc"
    if prefix is not None:
        yield from _in(prefix)
    if environ.get("CONDARC"):
        yield Path(environ["CONDARC"])


def _in(folder: Path) -> Iterator[Path]:
    yield folder / ".condarc"
    yield folder / "condarc"
    if is_folder(folder / "condarc.d"):
        yield from (Path(entry.path) for entry in scan(folder / "condarc.d") if entry.name.endswith((".yml", ".yaml")))


def load_condarc(path: Path, keys: Collection[bytes] = _KEYS) -> dict[str, Any]:
    """Return a condarc's content, unless none of the keys is in it; empty where it cannot be read."""
    try:
        content = read_bytes(path, _LIMIT)
    except OSError:
        return {}
    if not any(key in content for key in keys):
        return {}
    import yaml

    try:
        raw = yaml.safe_load(decode(content))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _strings(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text.strip()]


def _expanded(folder: str, environ: Mapping[str, str]) -> Path:
    home = _home(environ)
    if home is not None and (folder == "~" or folder.startswith(("~/", "~\\"))):
        folder = str(home) + folder[1:]
    for name, value in environ.items():
        if "$" not in folder:
            break
        folder = folder.replace(f"${{{name}}}", value)
    return Path(folder)


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None
