from __future__ import annotations

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.engines.base import NoProgress, SolveRequest
from envkeep.engines.network import Network, channel_urls, child_variables, mirrors_of
from envkeep.engines.rattler import RattlerEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.channel import Channel

ALIAS = Network(alias="https://conda.lab.example/all/")


@pytest.mark.parametrize(
    ("channel", "network", "urls"),
    [
        ("conda-forge", Network(), ["https://conda.anaconda.org/conda-forge"]),
        ("conda-forge", ALIAS, ["https://conda.lab.example/all/conda-forge"]),
        ("https://h.example/t/TOKEN/c", ALIAS, ["https://h.example/t/TOKEN/c"]),
        ("defaults", ALIAS, ["https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"]),
        ("defaults", Network(multi={"defaults": ("https://m.example/main",)}), ["https://m.example/main"]),
        (
            "all",
            Network(alias="https://a.example", multi={"all": ("x", "file:///srv/y")}),
            ["https://a.example/x", "file:///srv/y"],
        ),
        ("lab/label/dev", Network(custom={"lab": "file:///srv/chans"}), ["file:///srv/chans/lab/label/dev"]),
        ("lab", Network(alias="https://a.example", custom={"lab": "https://b.example"}), ["https://b.example/lab"]),
    ],
)
def test_a_channel_lies_where_conda_would_look(channel: str, network: Network, urls: list[str]) -> None:
    assert channel_urls(channel, network) == urls


def test_a_url_with_credentials_is_the_mirror_of_the_one_without() -> None:
    network = Network(
        custom={"lab": "https://me:hunter2@h.example/conda"},
        mirrors={"conda-forge": ("https://one.example/cf/", "https://two.example/cf")},
    )
    assert mirrors_of([], network) == {
        "https://conda.anaconda.org/conda-forge": ["https://one.example/cf", "https://two.example/cf"],
        "https://h.example/conda/lab": ["https://me:hunter2@h.example/conda/lab"],
    }
    assert "hunter2" not in repr(network)


def test_proxies_reach_the_engine_unless_the_user_names_others() -> None:
    network = Network(proxies={"https": "http://proxy.example:3128", "ftp": "x"}, certificates="/etc/lab.pem")
    assert child_variables({}, network) == {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "https_proxy": "http://proxy.example:3128",
        "SSL_CERT_FILE": "/etc/lab.pem",
    }
    assert child_variables({"https_proxy": "http://mine", "SSL_CERT_FILE": "/mine"}, network) == {}


@pytest.fixture
def server(channel: Channel) -> Iterator[tuple[str, list[str]]]:
    """The main channel over HTTP, under a path with a token; and what was asked of it."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            asked.append(path)
            return super().translate_path(path.replace("/t/TOKEN", "", 1) if path.startswith("/t/TOKEN/") else "/nothing")

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(channel.path))) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", asked
        httpd.shutdown()


def test_the_embedded_engine_asks_the_mirror(channel: Channel, server: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = server
    network = Network(mirrors={"https://nowhere.invalid/main": (f"{url}/t/TOKEN/main",)})
    engine = RattlerEngine({**os.environ, "ENVKEEP_CACHE": str(tmp_path)}, network)
    request = SolveRequest(specs=("libfoo",), channels=("https://nowhere.invalid/main",), subdir=channel.subdir)
    packages = engine.solve(request)
    assert {package.channel for package in packages} == {"https://nowhere.invalid/main"}
    assert engine.unavailable(packages, NoProgress()) == ()
    assert any(path.endswith((".conda", ".bz2")) for path in asked)


def test_a_token_of_the_settings_opens_a_channel_and_is_in_no_record(
    channel: Channel, server: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, _ = server
    network = Network(alias=f"{url}/t/TOKEN")
    engine = RattlerEngine({**os.environ, "ENVKEEP_CACHE": str(tmp_path)}, network)
    packages = engine.solve(SolveRequest(specs=("libfoo",), channels=("main",), subdir=channel.subdir))
    assert {package.channel for package in packages} == {f"{url}/main"}
    assert "TOKEN" not in str(packages)
    # what holds no token is asked for with it
    assert engine.unavailable(packages, NoProgress()) == ()
