from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st

from envkeep.formats.gzip_parts import Packer, Part

_LINES = st.lists(st.text("abc \n", max_size=5), max_size=6)
_PARTS = st.lists(
    st.builds(
        lambda lines, between, end: Part(tuple(lines), between, end),
        _LINES,
        st.sampled_from(["", ",\n"]),
        st.text("}\n", max_size=2),
    ),
    max_size=5,
)


@given(st.lists(_PARTS, max_size=5))
def test_it_is_the_text_whatever_was_packed_before(rounds: list[list[Part]]) -> None:
    packer = Packer()
    for parts in [*rounds, *rounds]:
        packed = packer.pack(parts)
        assert gzip.decompress(packed) == "".join(part.text for part in parts).encode()
        assert packed == Packer().pack(parts)


def test_it_names_no_time_and_no_system() -> None:
    assert Packer().pack([Part(("text",))])[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def test_nothing_is_an_empty_file() -> None:
    assert gzip.decompress(Packer().pack([])) == b""
