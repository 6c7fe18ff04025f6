"""Servers of the suite's channels."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.channel import Channel

_PASSWORD = "Basic " + base64.b64encode(b"lab:open sesame").decode()


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files; below ``/private/`` with a password only."""

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/private/"):
            if self.headers.get("Authorization") != _PASSWORD:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.path = self.path.removeprefix("/private")
        try:
            super().do_GET()
        except (BrokenPipeError, ConnectionResetError):
            # a client that has seen enough
            pass


class _SlowHandler(_Handler):
    def do_GET(self) -> None:
        time.sleep(20)


@pytest.fixture(scope="session")
def http_root(channel: Channel) -> Iterator[str]:
    """URL under which the suite's channels are served (``/main``, ``/extra``)."""
    yield from _serve(_Handler, channel)


@pytest.fixture(scope="session")
def slow_root(channel: Channel) -> Iterator[str]:
    """The same from a server that never gets there."""
    yield from _serve(_SlowHandler, channel)


def _serve(handler: type[_Handler], channel: Channel) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(channel.path)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Mute:
    """A server that takes connections and hangs up without an answer."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.root = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._hang_up, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _hang_up(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    server = Mute()
    yield server
    server.close()


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port of this machine at which nobody listens, taken so that nobody does, not even who connects to it."""
    with contextlib.ExitStack() as held:
        taken = held.enter_context(socket.socket(socket.AF_INET))
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        with contextlib.suppress(OSError):
            # localhost may mean this one
            held.enter_context(socket.socket(socket.AF_INET6)).bind(("::1", port))
        yield port
