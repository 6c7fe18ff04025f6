"""The bytes of a text file that anybody may have written, as text."""

from __future__ import annotations

import codecs

from envkeep.errors import BadFormatError

__all__ = ["MAX_TEXT_BYTES", "decode", "shown"]

# a list of 50,000 packages with hashes makes some 10 MB
MAX_TEXT_BYTES = 32 * 1024 * 1024

_SHOWN = 200
# the longer mark first: UTF-32's begins with UTF-16's
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes, source: str) -> str:
    """Return a text file's text: by its byte order mark (PowerShell's ``>`` writes UTF-16), else UTF-8, else Windows' cp1252.

    Raises:
        BadFormatError: it is binary, or too big for any list of packages.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise BadFormatError(f"{source} holds {len(data):,} bytes, more than any list of packages", "Name another file.")
    text = _decoded(data)
    if text is None or "\x00" in text:
        raise BadFormatError(f"{source} is no text file", "Name a record, a .txt, an environment.yml or an explicit list.")
    return text


def shown(text: str) -> str:
    """Return a line of a file as a message may show it: printable, not too long."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= _SHOWN else clean[:_SHOWN] + "..."


def _decoded(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
