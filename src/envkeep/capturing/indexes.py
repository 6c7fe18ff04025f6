"""The indexes that pip and uv are configured with, credentials dropped.

Sources: pip's configuration files (see ``engines.pip_files``) and PIP_* variables, uv's uv.toml and UV_* variables. They
are kept since a version such as ``2.1.0+cu121`` is on no public index.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkeep.capturing.reading import decode, is_file, read_bytes
from envkeep.engines.pip_files import pip_files
from envkeep.model.credentials import without_credentials
from envkeep.model.frozen import frozen
from envkeep.model.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkeep.model.credentials import AuthKind

__all__ = ["Configured", "configured_indexes", "recorded_indexes"]

_LIMIT = 1 << 20


@frozen
class Configured:
    """The indexes of pip's and uv's settings, as they are written: they may hold credentials, and are not shown.

    Attributes:
        main: those that stand in the place of PyPI, the one that counts first.
        extra: those that are asked besides.
    """

    main: tuple[str, ...] = field(default=(), repr=False)
    extra: tuple[str, ...] = field(default=(), repr=False)

    @property
    def all(self) -> tuple[str, ...]:
        """The main ones, then the others."""
        return (*self.main, *self.extra)


def recorded_indexes(prefix: Path, environ: Mapping[str, str]) -> dict[str, AuthKind | None]:
    """Return the indexes configured for an environment, the main one first, and which kind of credentials each one had.

    Args:
        prefix: whose own ``pip.conf`` counts as well.
        environ: of the process: HOME, PIP_*, UV_*, XDG_*.
    """
    found: dict[str, AuthKind | None] = {}
    for url in configured_indexes(prefix, environ).all:
        clean = without_credentials(url)
        found[clean.url] = found.get(clean.url) or clean.auth
    return found


def configured_indexes(prefix: Path | None, environ: Mapping[str, str]) -> Configured:
    """Return the indexes configured for an environment, credentials included; for who asks them.

    Args:
        prefix: whose own ``pip.conf`` counts as well; None: none.
        environ: of the process: HOME, PIP_*, UV_*, XDG_*.
    """
    main: list[str] = []
    extra: list[str] = []
    _from_variables(environ, main, extra)
    # later files go before earlier ones
    for path in reversed(list(pip_files(environ, prefix))):
        _from_pip(path, main, extra)
    for path in _uv_files(environ):
        _from_uv(path, main, extra)
    return Configured(
        main=tuple(url.strip() for url in main if is_url(url.strip())),
        extra=tuple(url.strip() for url in extra if is_url(url.strip())),
    )


def _from_variables(environ: Mapping[str, str], main: list[str], extra: list[str]) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        main += environ.get(name, "").split()
    for name in ("PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        # uv: name=URL
        extra += [re.sub(r"^[A-Za-z0-9_-]+=(?=[A-Za-z]+://)", "", part) for part in environ.get(name, "").split()]
    main[:] = [re.sub(r"^[A-Za-z0-9_-]+=(?=[A-Za-z]+://)", "", part) for part in main]


def _uv_files(environ: Mapping[str, str]) -> Iterator[Path]:
    stated = environ.get("UV_CONFIG_FILE")
    if stated:
        yield Path(stated)
        return
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if os.name == "nt":
        if environ.get("APPDATA"):
            yield Path(environ["APPDATA"]) / "uv" / "uv.toml"
    else:
        if home:
            yield Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "uv" / "uv.toml"
        yield Path("/etc/uv/uv.toml")


def _from_pip(path: Path, main: list[str], extra: list[str]) -> None:
    text = _text(path)
    if text is None or "index" not in text:
        return
    values = _pip_values(text)
    main += values[0]
    extra += values[1]


# a program that backs up again meets the same ones
@lru_cache(maxsize=8)
def _pip_values(text: str) -> tuple[list[str], list[str]]:
    import configparser

    main: list[str] = []
    extra: list[str] = []
    # pip's own parser; a token may hold a percent sign
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return main, extra
    for section in ("install", "global"):
        if parser.has_section(section):
            main += _values(parser.get(section, "index-url", fallback="") or parser.get(section, "index_url", fallback=""))
            extra += _values(
                parser.get(section, "extra-index-url", fallback="") or parser.get(section, "extra_index_url", fallback="")
            )
    return main, extra


def _from_uv(path: Path, main: list[str], extra: list[str]) -> None:
    text = _text(path)
    if text is None or "index" not in text:
        return
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    for index in raw.get("index", []) if isinstance(raw.get("index"), list) else []:
        if isinstance(index, dict):
            (main if index.get("default") is True else extra).extend(_urls(index.get("url")))
    for table in (raw, raw.get("pip")):
        if isinstance(table, dict):
            main += _urls(table.get("index-url"))
            extra += _urls(table.get("extra-index-url"))


def _text(path: Path) -> str | None:
    if not is_file(path):
        return None
    try:
        return decode(read_bytes(path, _LIMIT))
    except OSError:
        return None


def _values(text: str) -> list[str]:
    return text.split()


def _urls(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]
