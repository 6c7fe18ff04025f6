"""``check --online`` against indexes and find-links of all kinds: real servers on this machine, and folders."""

from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from envkeep.checking.check import check
from envkeep.checking.indexes import PYPI, Place, places_of, project_files, versions_of
from support.records import conda, dist, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkeep.checking.finding import Finding
    from envkeep.model.record import CondaPackage

LOGIN = "Basic " + base64.b64encode(b"lab:s3cr3t/@").decode()


class Index(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        json = (
            b'{"meta": {"api-version": "1.0"}, "files": [{"filename": "six-1.16.0-py2.py3-none-any.whl"}, {"filename": "x.exe"}]}'
        )
        html = b"<a href='../f/Old_Name-0.9.tar.gz#sha256=00'>x</a><a href='/f/old_name-1.0%2Blocal.zip'>y</a><a>z</a>"
        links = b"<a href='six-1.16.0-py3-none-any.whl'>a</a><a href='other-3.0.tar.gz'>b</a>"
        known = {
            "/simple/six/": ("application/vnd.pypi.simple.v1+json", json),
            "/simple/old-name/": ("text/html", html),
            "/private/six/": ("application/vnd.pypi.simple.v1+json", json),
            "/links": ("text/html", links),
        }
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.replace("/moved/", "/private/"))
            self.end_headers()
            return
        if self.path.startswith("/away/"):
            self.send_response(302)
            # another server, as a browser sees it
            self.send_header("Location", f"http://localhost:{self.server.server_port}/simple/six/")  # type: ignore[attr-defined]
            self.end_headers()
            return
        kind, body = known.get(self.path, ("text/html", b"no"))
        status = 500 if self.path.startswith("/simple/broken/") else 200 if self.path in known else 404
        if self.path.startswith("/private/") and self.headers.get("Authorization") != LOGIN:
            status = 401
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Index.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def served(server: str) -> str:
    return f"http://{server}/simple"


def found(*names: tuple[str, str], environ: dict[str, str] | None = None, **fields: Any) -> tuple[Finding, ...]:
    dists = tuple(dist(name, version) for name, version in names)
    environ = {
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "file:///no/index",
        **(environ or {}),
    }
    return check(record(distributions=dists, **fields), online=True, environ=environ)


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in findings]


def on_index(url: str, name: str) -> frozenset[str]:
    return versions_of(project_files(Place(url=url, asked=url), name, {}), name)


def test_versions_in_both_answers_of_an_index(served: str) -> None:
    assert on_index(served, "six") == {"1.16.0"}
    assert on_index(served, "Old.Name") == {"0.9", "1.0+local"}
    assert on_index(served, "nothing") == set()


def test_what_the_index_has_no_more(served: str) -> None:
    findings = found(("six", "1.16"), ("old_name", "2.0"), ("nothing", "1.0"), index_urls=(served,))
    assert codes(findings) == [("version-gone", "nothing"), ("version-gone", "old_name")]
    assert f"nothing, in any version, is not on {served}" in findings[0].fact


def test_what_conda_has_is_not_asked_of_an_index(served: str) -> None:
    mine = record(
        conda=(conda("x", sha256="a" * 64, url=served),), distributions=(dist("x", conda_package="x"),), index_urls=(served,)
    )
    assert check(mine, online=True, environ={}) == ()
    assert Index.asked == []


def test_an_index_that_fails_is_not_an_answer(served: str) -> None:
    assert codes(found(("broken", "1.0"), ("nothing", "1"), index_urls=(served,))) == [
        ("version-gone", "nothing"),
        ("index-not-reached", "127.0.0.1"),
    ]


def test_one_that_cannot_be_reached_is_asked_once_and_the_others_count(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from envkeep.engines import asking

    asked = []
    opened = asking.opened

    def noted(url: str, **how: Any) -> Any:
        asked.append(url)
        return opened(url, **how)

    monkeypatch.setattr(asking, "opened", noted)
    # nobody listens there
    nobody = "http://127.0.0.1:9/simple"
    names = [("six", "1.16.0"), *((f"p{number}", "1.0") for number in range(40))]
    findings = found(*names, index_urls=(nobody, served))
    assert codes(findings) == [("index-not-reached", "127.0.0.1")]
    assert nobody in findings[0].fact
    assert sum(url.startswith(nobody) for url in asked) <= 8


def test_a_channel_that_says_nothing_is_named_once_and_what_it_had_is_not_lost(server: str, tmp_path: Path) -> None:
    from envkeep.engines.rattler import RattlerEngine

    def held(root: str, *names: str) -> tuple[CondaPackage, ...]:
        return tuple(conda(name, url=f"{root}/linux-64/{name}-1.0-0.conda", sha256="a" * 64) for name in names)

    broken = held(f"http://{server}/simple/broken", *(f"p{number}" for number in range(8)))
    closed = held(f"http://{server}/private", "q0", "q1")
    # nobody listens there
    dead = held("http://localhost:9", *(f"r{number}" for number in range(8)))
    gone = (*held(f"http://{server}", "s"), *held("file:///no", "t"))
    engine = RattlerEngine({"ENVKEEP_CACHE": str(tmp_path), "PATH": ""})
    findings = check(record(conda=(*broken, *closed, *dead, *gone)), online=True, engine=engine, environ={})
    assert codes(findings) == [
        ("artefact-gone", "s"),
        ("artefact-gone", "t"),
        ("channel-not-reached", "127.0.0.1"),
        ("channel-not-reached", "localhost"),
    ]
    assert [finding.rank for finding in findings] == ["lost", "lost", "unclear", "unclear"]
    assert "whether p0, p1, p2, p3, p4, p5 and 4 more can still be had is not known: 127.0.0.1 answers 500" in findings[2].fact


class TestLogins:
    def test_without_one_it_is_said(self, server: str) -> None:
        (finding,) = found(("six", "1.16.0"), index_urls=(f"http://{server}/private",))
        assert finding.code == "index-not-reached"
        assert "it asks for a log-in (401)" in finding.fact

    def test_netrc_has_it(self, server: str, tmp_path: Path) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login lab password s3cr3t/@\n")
        asked: Any = {"index_urls": (f"http://{server}/private",), "environ": {"NETRC": str(netrc)}}
        assert found(("six", "1.16.0"), **asked) == ()
        assert codes(found(("six", "1.15.0"), **asked)) == [("version-gone", "six")]

    @pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_DEFAULT_INDEX"])
    def test_the_settings_of_pip_and_uv_have_it_and_nothing_shows_it(self, server: str, variable: str) -> None:
        environ = {variable: f"http://lab:s3cr3t%2F%40@{server}/private"}
        index = (f"http://{server}/private",)
        assert found(("six", "1.16.0"), index_urls=index, environ=environ) == ()
        findings = found(("six", "9"), ("gone", "1"), index_urls=index, environ=environ)
        assert codes(findings) == [("version-gone", "gone"), ("version-gone", "six")]
        assert "s3cr3t" not in repr(findings)
        assert "s3cr3t" not in repr(places_of(record(index_urls=index), None, environ))
        # another index on the same server is not the one that the log-in is for
        other = found(("six", "1.16.0"), index_urls=(f"http://{server}/moved",), environ=environ)
        assert codes(other) == [("index-not-reached", "127.0.0.1")]

    def test_a_wrong_one_is_not_quoted(self, server: str) -> None:
        environ = {"PIP_INDEX_URL": f"http://lab:s3cr3t@{server}/private"}
        (finding,) = found(("six", "1.16.0"), index_urls=(f"http://{server}/private",), environ=environ)
        assert finding.code == "index-not-reached"
        assert "s3cr3t" not in repr(finding)

    def test_a_redirect_gets_it_on_its_own_server_alone(self, server: str, tmp_path: Path) -> None:
        environ = {"PIP_INDEX_URL": f"http://lab:s3cr3t%2F%40@{server}/moved", "NETRC": str(tmp_path / "none")}
        assert found(("six", "1.16.0"), index_urls=(f"http://{server}/moved",), environ=environ) == ()
        assert Index.asked == [("/moved/six/", LOGIN), ("/private/six/", LOGIN)]
        Index.asked.clear()
        environ = {"PIP_INDEX_URL": f"http://lab:s3cr3t%2F%40@{server}/away", "NETRC": str(tmp_path / "none")}
        assert found(("six", "1.16.0"), index_urls=(f"http://{server}/away",), environ=environ) == ()
        assert Index.asked == [("/away/six/", LOGIN), ("/simple/six/", None)]


class TestFolders:
    @pytest.fixture
    def index(self, tmp_path: Path) -> Path:
        pages = tmp_path / "my index"
        (pages / "six").mkdir(parents=True)
        (pages / "six" / "index.html").write_text('<a href="../../six-1.16.0-py3-none-any.whl">x</a>')
        (pages / "old-name").mkdir()
        (pages / "old-name" / "Old_Name-0.9.tar.gz").touch()
        return pages

    def test_an_index_in_a_folder_is_looked_into(self, index: Path) -> None:
        names = (("six", "1.16"), ("old_name", "0.9"), ("old_name", "1.0"), ("nothing", "1"))
        findings = found(*names, index_urls=(index.as_uri(),))
        assert codes(findings) == [("version-gone", "nothing"), ("version-gone", "old_name")]
        assert "old_name 1.0 is not on file:" in findings[1].fact

    def test_one_that_is_not_there_is_not_reached(self, index: Path) -> None:
        (finding,) = found(("six", "1.16"), ("x", "1"), index_urls=((index / "gone").as_uri(),))
        assert finding.code == "index-not-reached"
        assert "No such file" in finding.fact

    def test_find_links_count(self, server: str, served: str, tmp_path: Path) -> None:
        (tmp_path / "mine-2.0-py3-none-any.whl").touch()
        (tmp_path / "notes.txt").touch()
        names = (("mine", "2.0"), ("other", "3.0"), ("six", "1.16.0"), ("gone", "1"))
        environ = {"PIP_FIND_LINKS": f"{tmp_path} http://{server}/links"}
        findings = found(*names, index_urls=(served,), environ=environ)
        assert codes(findings) == [("version-gone", "gone")]
        assert f"is not on {served} and {tmp_path} and http://{server}/links" in findings[0].fact
        assert sum(path == "/links" for path, _ in Index.asked) == 1
        # without indexes
        alone = found(("six", "1.16.0"), ("gone", "1"), index_urls=(served,), environ={**environ, "PIP_NO_INDEX": "1"})
        assert codes(alone) == [("version-gone", "gone")]
        assert served not in alone[0].fact


def test_pypi_counts_unless_another_main_index_is_configured() -> None:
    extra = record(index_urls=("https://host/extra",))
    settings = {"PIP_CONFIG_FILE": "/dev/null", "UV_CONFIG_FILE": "/dev/null"}
    assert [place.url for place in places_of(extra, None, settings)] == ["https://host/extra", PYPI]
    mirrored = {**settings, "PIP_INDEX_URL": "https://host/mirror"}
    assert [place.url for place in places_of(extra, None, mirrored)] == ["https://host/extra"]
