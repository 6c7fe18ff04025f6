from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envkeep.model.urls import file_url, host, is_url, path_of_file_url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/srv/my chan", "file:///srv/my%20chan"),
        ("/srv/a%b#c?", "file:///srv/a%25b%23c%3F"),
        ("C:\\Users\\A B\\x", "file:///C:/Users/A%20B/x"),
        ("\\\\server\\share\\x", "file://server/share/x"),
        ("/srv/é", "file:///srv/%C3%A9"),
    ],
)
def test_a_path_and_its_url(path: str, url: str) -> None:
    assert file_url(path) == url
    assert path_of_file_url(url) == path


def test_a_file_url_leaves_out_what_is_no_path() -> None:
    assert path_of_file_url("file://localhost/srv/x.whl#sha256=ff") == "/srv/x.whl"
    assert path_of_file_url("https://host/x") is None


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\\/:|"), min_size=1))
def test_file_urls_round_trip(name: str) -> None:
    assert path_of_file_url(file_url(f"/srv/{name}")) == f"/srv/{name}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://User@Host.Org:80/x", "host.org"),
        ("git@GitHub.com:o/r", "github.com"),
        ("https://[::1]:80/", "::1"),
        ("file:///x", ""),
        ("x", ""),
    ],
)
def test_hosts(url: str, expected: str) -> None:
    assert host(url) == expected


@given(st.text())
@example("://[")
def test_any_text_is_taken(text: str) -> None:
    for one in (text, "https://" + text, "file://" + text):
        assert isinstance(host(one), str)
        assert (path_of_file_url(one) is None) or is_url(one)
