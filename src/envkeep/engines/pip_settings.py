"""Where pip is configured to look for packages: its variables and its files, as far as uv can be told the same."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PipSettings", "pip_settings"]

_SECTIONS = ("global", "install")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipSettings:
    """pip's sources of packages.

    Attributes:
        index_url: None: pip's own default.
        extra_index_urls, find_links: in pip's order.
        no_index: whether indexes are not to be used.
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


def pip_settings(environ: Mapping[str, str]) -> PipSettings:
    """Return pip's sources by its own rules: a variable wins over the user's file, that over the machine's.

    A file that PIP_CONFIG_FILE names takes the place of the user's. Files that cannot be read are passed over.

    Source: https://pip.pypa.io/en/stable/topics/configuration/
    """
    values: dict[str, str] = {}
    for path in _files(environ):
        values.update(_read(path))
    for key in ("index-url", "extra-index-url", "find-links", "no-index"):
        variable = environ.get("PIP_" + key.upper().replace("-", "_"))
        if variable:
            values[key] = variable
    return PipSettings(
        index_url=values.get("index-url"),
        extra_index_urls=tuple(values.get("extra-index-url", "").split()),
        find_links=tuple(values.get("find-links", "").split()),
        no_index=values.get("no-index", "").lower() in ("1", "true", "yes", "on"),
    )


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    own = environ.get("PIP_CONFIG_FILE")
    if own in ("/dev/null", "nul"):
        return
    if sys.platform == "win32":
        yield Path(environ.get("PROGRAMDATA", "C:\\ProgramData"), "pip", "pip.ini")
    else:
        for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
            yield Path(folder, "pip", "pip.conf")
        yield Path("/etc/pip.conf")
    # where a file is named, and there, pip leaves out the user's own
    if not own or not Path(own).exists():
        yield from _user_files(environ)
    if own:
        yield Path(own)


def _user_files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        yield home / "pip" / "pip.ini"
        yield Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "pip" / "pip.ini"
        return
    yield home / ".pip" / "pip.conf"
    support = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin" and support.is_dir():
        yield support / "pip.conf"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"


def _read(path: Path) -> dict[str, str]:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (Error, OSError, UnicodeDecodeError):
        return {}
    return {
        key.replace("_", "-"): value
        for section in _SECTIONS
        if parser.has_section(section)
        for key, value in parser.items(section)
    }
