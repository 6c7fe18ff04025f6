"""Downloads without the embedded engine: by Python itself, with the log-in that netrc has."""

from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from envkeep.engines import rattler_start
from envkeep.engines.base import NoProgress
from envkeep.engines.fetching import fetch_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"lab:pw").decode()
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(b"content")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/x-1.0.conda"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_stands_there_whole_or_not_at_all(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rattler_start, "is_installed", lambda: False)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login lab password pw\n")
    place = tmp_path / "downloads" / "x-1.0.conda"
    failed = fetch_files({url: place}, NoProgress(), {"NETRC": str(tmp_path / "none")})
    assert failed == {url: f"127.0.0.1 answers 401 Unauthorized for {url}"}
    assert list(place.parent.iterdir()) == []
    assert fetch_files({url: place}, NoProgress(), {"NETRC": str(tmp_path / "netrc")}) == {}
    assert place.read_bytes() == b"content"
