"""Where pip is configured to look for packages: its variables and its files, as far as uv can be told the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.engines.pip_files import pip_files
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["PipSettings", "pip_settings"]

_SECTIONS = ("global", "install")


@frozen
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
    """Return pip's sources by its own rules: a variable wins over every file (see ``pip_files``).

    Files that cannot be read are passed over.
    """
    values: dict[str, str] = {}
    for path in pip_files(environ):
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
