"""The engine of this machine, with what its condarc says of the network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from envkeep.engines.base import Engine, EngineName
    from envkeep.engines.network import Network

__all__ = ["engine_here", "read_network"]

_KEYS = (
    b"channel_alias",
    b"custom_channels",
    b"custom_multichannels",
    b"default_channels",
    b"mirrored_channels",
    b"proxy_servers",
    b"ssl_verify",
)


def engine_here(name: EngineName | None, environ: Mapping[str, str], on_line: Callable[[str], None] | None = None) -> Engine:
    """Return the engine of this name, else the first there is; see ``engines.select.find_engine``.

    Args:
        name: the one wanted; None: any.
        environ: where engines and condarc files are looked for.
        on_line: told what conda, mamba or micromamba print while they install; None: nobody.

    Raises:
        UsageError, EngineError: as there.
    """
    from envkeep.engines.select import find_engine

    return find_engine(name, environ, on_line, read_network(environ))


def read_network(environ: Mapping[str, str]) -> Network:
    """Return what the condarc files of this machine say of channels and proxies; what cannot be read counts for nothing.

    Of two files the one read later counts, key by key, as conda merges maps.
    """
    from envkeep.capturing.condarc import condarc_files, load_condarc
    from envkeep.capturing.naming import stated_roots
    from envkeep.engines.network import Network
    from envkeep.model.channels import DEFAULTS

    alias = certificates = ""
    custom: dict[str, str] = {}
    multi: dict[str, tuple[str, ...]] = {}
    mirrors: dict[str, tuple[str, ...]] = {}
    proxies: dict[str, str] = {}
    for path in condarc_files(None, environ, stated_roots(environ)):
        raw = load_condarc(path, _KEYS)
        alias = _text(raw.get("channel_alias"), environ) or alias
        certificates = _file(raw.get("ssl_verify"), path, environ) or certificates
        custom.update({key: text for key, value in _pairs(raw.get("custom_channels")) if (text := _text(value, environ))})
        defaults = _texts(raw.get("default_channels"), environ)
        if defaults:
            multi[DEFAULTS] = defaults
        multi.update({key: _texts(value, environ) for key, value in _pairs(raw.get("custom_multichannels"))})
        mirrors.update({key: _texts(value, environ) for key, value in _pairs(raw.get("mirrored_channels"))})
        proxies.update({key: text for key, value in _pairs(raw.get("proxy_servers")) if (text := _text(value, environ))})
    alias = environ.get("CONDA_CHANNEL_ALIAS") or alias
    return Network(alias=alias, custom=custom, multi=multi, mirrors=mirrors, proxies=proxies, certificates=certificates)


def _pairs(value: object) -> list[tuple[str, object]]:
    return [(key, item) for key, item in value.items() if isinstance(key, str)] if isinstance(value, dict) else []


def _texts(value: object, environ: Mapping[str, str]) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(text for text in (_text(item, environ) for item in items) if text)


def _text(value: object, environ: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        return ""
    # conda expands variables there (expandvars in conda/common/configuration.py): tokens are kept out of the file in that way
    for name, text in environ.items() if "$" in value else ():
        value = value.replace(f"${{{name}}}", text)
    return value.strip()


def _file(value: object, condarc: Path, environ: Mapping[str, str]) -> str:
    text = os.path.expanduser(_text(value, environ))  # noqa: PTH111 - empty stays empty
    path = condarc.parent / text
    return str(path) if text and path.is_file() else ""
