"""Gzip (RFC 1952) of a text in parts, each compressed by itself: what is as it was the time before need not be compressed again.

The parts are one stream of one member, as ``pigz --independent`` writes it: each ends at a whole byte (``Z_FULL_FLUSH``) and
refers to none before it, which makes the whole a tenth larger.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Packer", "Part"]

# magic, deflate, no flags, no time, slowest and unknown system: zlib's own differs from one platform to the next
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# an eighth larger than level 6, in a third of its time
_LEVEL = 1
# an empty last block of fixed codes: it ends the stream
_END = b"\x03\x00"
# a process that packs large ones shall not hold them
_MOST_KEPT = 256


class Part(NamedTuple):
    """Lines of a text: those, ``between`` between them, then ``end``; ASCII."""

    lines: tuple[str, ...]
    between: str = ""
    end: str = ""

    @property
    def text(self) -> str:
        """The part as it is."""
        return self.between.join(self.lines) + self.end


class _Packed(NamedTuple):
    plain: bytes
    packed: bytes


class Packer:
    """Packs texts of which each shares most lines, best as the very objects, with the one before."""

    def __init__(self) -> None:
        # to find a part by its lines costs little where they are the very objects: a string knows its hash
        self._known: dict[Part, _Packed] = {}

    def pack(self, parts: Iterable[Part]) -> bytes:
        """Return the gzip file of all parts' texts, one after the other, without time and name: the same in, the same out."""
        known, met = self._known, {}
        checksum = size = 0
        pieces = [_HEADER]
        for part in parts:
            found = met[part] = known.get(part) or _packed(part)
            checksum = zlib.crc32(found.plain, checksum)
            size += len(found.plain)
            pieces.append(found.packed)
        self._known = met if len(met) <= _MOST_KEPT else {}
        pieces += [_END, checksum.to_bytes(4, "little"), (size & 0xFFFFFFFF).to_bytes(4, "little")]
        return b"".join(pieces)


def _packed(part: Part) -> _Packed:
    plain = part.text.encode("ascii")
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _Packed(plain, packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH))
