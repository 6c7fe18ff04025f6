from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.model.channels import canonical_channel, channel_base_url, channel_base_urls, split_subdir


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("conda-forge", "conda-forge"),
        ("conda-forge/osx-arm64", "conda-forge"),
        ("conda-forge/label/dev", "conda-forge/label/dev"),
        ("https://conda.anaconda.org/conda-forge", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge/", "conda-forge"),
        ("http://conda.anaconda.org/conda-forge/label/dev/linux-64", "conda-forge/label/dev"),
        ("https://conda.anaconda.org/t/ab-12/private/noarch", "private"),
        ("https://conda.anaconda.org/conda-forge/linux-64/six-1-0.tar.bz2", "conda-forge"),
        ("https://repo.anaconda.com/pkgs/main/linux-64", "defaults"),
        ("https://repo.continuum.io/pkgs/r", "defaults"),
        ("https://mirror.lab/pkgs/main", "defaults"),
        ("https://server.lab/conda/pkgs/main", "defaults"),
        ("pkgs/main", "defaults"),
        ("pkgs/r/noarch", "defaults"),
        ("https://repo.anaconda.com/pkgs/free/linux-64", "https://repo.anaconda.com/pkgs/free"),
        ("https://u:p@My.Host:8080/t/TK/a%20b/noarch", "https://my.host:8080/a b"),
        ("file:///srv/my%20chan/linux-64", "file:///srv/my chan"),
        ("/srv/chan/linux-64", "file:///srv/chan"),
        ("C:\\chan\\win-64", "file:///C:/chan"),
        ("./chan", "./chan"),
        ("<unknown>", ""),
        ("", ""),
    ],
)
def test_a_channel_has_one_name(text: str, name: str) -> None:
    assert canonical_channel(text) == name


@pytest.mark.parametrize(
    ("channel", "urls"),
    [
        ("conda-forge", ("https://conda.anaconda.org/conda-forge",)),
        ("defaults", ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")),
        ("file:///srv/my chan", ("file:///srv/my%20chan",)),
        ("https://host/x", ("https://host/x",)),
        ("", ()),
    ],
)
def test_a_channel_back_to_urls(channel: str, urls: tuple[str, ...]) -> None:
    assert channel_base_urls(channel) == urls
    assert channel_base_url(channel) == (urls[0] if len(urls) == 1 else None)


def test_defaults_has_a_third_part_on_windows() -> None:
    assert channel_base_urls("defaults", "win-64")[2].endswith("/pkgs/msys2")
    assert canonical_channel("https://repo.anaconda.com/pkgs/msys2/win-64") == "defaults"


def test_a_subdir_is_split_off_at_the_end_only() -> None:
    assert split_subdir("conda-forge/linux-64") == ("conda-forge", "linux-64")
    assert split_subdir("https://host/linux-64/x") == ("https://host/linux-64/x", None)
    assert split_subdir("noarch") == ("noarch", None)


@given(st.text())
def test_any_text_is_taken_and_a_name_stays_as_it_is(text: str) -> None:
    name = canonical_channel(text)
    assert isinstance(channel_base_urls(text), tuple)
    if text.isascii() and text.isalnum():
        assert canonical_channel(name) == name
