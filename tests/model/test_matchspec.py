from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.errors import BadFormatError
from envkeep.model.matchspec import name_of, parse, spell

# spelling found -> spelling people write
SPELLINGS = {
    "six": "six",
    "Six": "six",
    "six[version='>=1.17']": "six>=1.17",
    'pandas[version=">=0.25.2,<3"]': "pandas>=0.25.2,<3",
    "param >=1.5.1, <2.0": "param>=1.5.1,<2.0",
    "x=1.21": "x=1.21",
    "x=1.21.*": "x=1.21",
    "x 1.21.*": "x=1.21",
    "x[version='1.21.*']": "x=1.21",
    "x==1.21": "x==1.21",
    "x 1.21": "x==1.21",
    "x[version=1.21]": "x==1.21",
    "openssl==3.5.0=h7b32b05_1": "openssl==3.5.0=h7b32b05_1",
    "openssl=3.5.0=h7b32b05_1": "openssl==3.5.0=h7b32b05_1",
    "openssl 3.5.0 h7b32b05_1": "openssl==3.5.0=h7b32b05_1",
    "x=*=b": "x=*=b",
    "x * b": "x=*=b",
    "x[build=b]": "x=*=b",
    "x>=1[build=py*]": "x>=1[build=py*]",
    "x=2.0[build=b]": "x=2.0[build=b]",
    "x 1.2|1.3": "x==1.2|==1.3",
    "x==1!2.0=b_0": "x==1!2.0=b_0",
    "extra::click": "extra::click",
    "conda-forge/linux-64::x": "conda-forge/linux-64::x",
    "https://conda.anaconda.org/conda-forge::x": "conda-forge::x",
    "https://u:p@host:80/chan/linux-64::x>=1": "https://host:80/chan/linux-64::x>=1",
    "file:///srv/my chan::x": "file:///srv/my%20chan::x",
    "x[channel=conda-forge,subdir=linux-64,version='>=1']": "conda-forge/linux-64::x>=1",
    "x[subdir=linux-64]": "x[subdir=linux-64]",
    "x[md5=0123456789abcdef0123456789abcdef]": "x[md5=0123456789abcdef0123456789abcdef]",
    "x[build_number='>=1']": "x[build_number='>=1']",
    "x[version='(>=1|2),<4']": "x[version='(>=1|==2),<4']",
    "x (optional)": "x",
    "x # a comment": "x",
}


@pytest.mark.parametrize(("found", "written"), SPELLINGS.items())
def test_spelled_as_people_write(found: str, written: str) -> None:
    assert spell(found) == written
    assert spell(written) == written


@pytest.mark.parametrize("found", [text for text in SPELLINGS if text not in {"x (optional)", "x # a comment"}])
def test_py_rattler_takes_both_spellings_for_the_same(found: str) -> None:
    rattler = pytest.importorskip("rattler")

    def meaning(text: str) -> tuple[object, ...]:
        spec = rattler.MatchSpec(text, strict=False)
        channel = spec.channel.base_url if spec.channel else None
        return str(spec.name).lower(), spec.version, spec.build, spec.build_number, spec.subdir, channel, str(spec.md5)

    # rattler keeps what it is given; credentials and blanks are not to be compared
    original = found.replace("u:p@", "").replace("my chan", "my%20chan")
    one, other = meaning(original), meaning(spell(found))
    assert [part or "*" for part in map(_plain, one)] == [part or "*" for part in map(_plain, other)]


def _plain(part: object) -> object:
    return None if part in (None, "*", "None") else part


def test_an_artefact_is_an_exact_spec() -> None:
    spec = parse("https://conda.anaconda.org/conda-forge/noarch/six-1.17.0-pyhd8ed1ab_0.conda#abc")
    assert str(spec) == "conda-forge/noarch::six==1.17.0=pyhd8ed1ab_0"
    assert spec.exact_version == "1.17.0"


def test_exact_version_is_of_exact_ones_only() -> None:
    assert parse("x==1.2").exact_version == "1.2"
    assert parse("x=1.2").exact_version is None
    assert parse("x>=1.2").exact_version is None
    assert parse("x==1|==2").exact_version is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-c",
        "--override-channels",
        "-n x",
        "six\n--yes",
        "six\x00",
        "six;rm",
        "$(six)",
        "x $(y)",
        "six`id`",
        "x=1 --yes",
        "x 1 2 3",
        "*",
        "x@",
        "x=",
        "x==",
        "x>=",
        "x[foo=1]",
        "x[version=]",
        "x[version='a\"b']",
        "x[",
        "x 'y'",
        "x&y",
        "x\u2028y",
        "[name=x]",
        "x" * 5000,
        "ch ann;el::x",
        "chan/foo bar$::x",
    ],
)
def test_what_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(BadFormatError):
        spell(text)
    assert name_of(text) is None


@given(st.text(max_size=60))
def test_what_comes_out_is_fit_for_a_command_line(text: str) -> None:
    try:
        spec = spell(text)
    except BadFormatError:
        return
    assert spec
    assert not spec.startswith("-")
    assert not any(letter.isspace() or letter in '`$;&"\\' for letter in spec)
    assert spell(spec) == spec


_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_VERSIONS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)


@given(
    _NAMES,
    st.sampled_from(["", "=", "==", ">=", "<", "!=", "~="]),
    _VERSIONS,
    st.sampled_from(["", "conda-forge::", "c/noarch::"]),
)
def test_round_trip(name: str, operator: str, version: str, channel: str) -> None:
    text = f"{channel}{name}{operator}{version if operator else ''}"
    assert spell(text) == text
    assert parse(spell(text)) == parse(text)
