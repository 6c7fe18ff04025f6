"""What a condarc says of where channels are and how they are reached, for the engine that does not read one itself; pure.

conda, mamba and micromamba read their own settings; py-rattler reads none of theirs.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from envkeep.model.channels import canonical_channel, channel_base_urls
from envkeep.model.credentials import without_credentials
from envkeep.model.frozen import frozen
from envkeep.model.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Network", "channel_urls", "child_variables", "mirrors_of"]


@frozen
class Network:
    """Settings of conda's (and mamba's ``mirrored_channels``), as they are written: URLs may hold credentials, and are not shown.

    Attributes:
        alias: ``channel_alias``: the URL that names of channels are looked up under; empty: conda.anaconda.org.
        custom: ``custom_channels``: name of a channel and the URL that it lies under.
        multi: ``custom_multichannels`` and ``default_channels`` (as ``defaults``): a name and the channels it stands for.
        mirrors: ``mirrored_channels``: name or URL of a channel and its mirrors.
        proxies: ``proxy_servers``: scheme and URL.
        certificates: ``ssl_verify``, where it names a file.
    """

    alias: str = field(default="", repr=False)
    custom: Mapping[str, str] = field(default_factory=dict, repr=False)
    multi: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificates: str = ""


def channel_urls(channel: str, network: Network) -> list[str]:
    """Return the URLs that a channel's subdirs lie under; conda's ``Channel.from_value`` (conda/models/channel.py).

    A URL stays as it is given, credentials included.
    """
    if is_url(channel):
        return [channel.rstrip("/")]
    name = canonical_channel(channel)
    if name in network.multi:
        # a name among them is no further group
        return [url for each in network.multi[name] for url in _single(each, network)]
    return _single(name, network)


def mirrors_of(channels: Sequence[str], network: Network) -> dict[str, list[str]]:
    """Return base URLs and what is asked in their place, first things first.

    A channel whose URL holds credentials is its own mirror: what is recorded of it holds none.
    """
    found: dict[str, list[str]] = {}
    for channel, mirrors in network.mirrors.items():
        for url in channel_urls(channel, network):
            found.setdefault(_clean(url), []).extend(each.rstrip("/") for each in mirrors)
    private = [network.alias] if network.alias else []
    private += [url for channel in (*channels, *network.custom, *network.multi) for url in channel_urls(channel, network)]
    for url in dict.fromkeys(each.rstrip("/") for each in private):
        if _clean(url) != url:
            found.setdefault(_clean(url), []).append(url)
    return found


def child_variables(environ: Mapping[str, str], network: Network) -> dict[str, str]:
    """Return variables of the engine's process that say the same; what the user's environment says goes first."""
    names = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY", "all": "ALL_PROXY"}
    found = {}
    for scheme, url in network.proxies.items():
        name = names.get(scheme)
        if name is not None and name not in environ and name.lower() not in environ:
            # Python's and Rust's libraries look for either
            found[name] = found[name.lower()] = url
    if network.certificates and "SSL_CERT_FILE" not in environ:
        found["SSL_CERT_FILE"] = network.certificates
    return found


def _single(channel: str, network: Network) -> list[str]:
    if is_url(channel):
        return [channel.rstrip("/")]
    parts = channel.strip("/").split("/")
    # the longest beginning that is known: `lab/label/dev` lies where `lab` does
    for length in range(len(parts), 0, -1):
        base = network.custom.get("/".join(parts[:length]))
        if base is not None:
            return [f"{base.rstrip('/')}/{'/'.join(parts)}"]
    if network.alias and channel != "defaults" and not channel.startswith("pkgs/"):
        return [f"{network.alias.rstrip('/')}/{'/'.join(parts)}"]
    return list(channel_base_urls(channel))


def _clean(url: str) -> str:
    return without_credentials(url).url
