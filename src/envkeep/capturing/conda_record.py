"""One record of ``conda-meta``: bytes to a package and the paths of its file list that matter.

A record's file lists (``files``, ``paths_data``) are most of its text and next to nothing of what a backup needs: where the file
is laid out as every known writer lays it out, they are cut from the text before it is decoded, and only the few paths that matter
are picked out of the cut. Anything laid out otherwise is decoded whole.
"""

from __future__ import annotations

import re
from functools import lru_cache
from json import JSONDecoder, loads
from typing import Any

from envkeep.capturing.reading import decode, line_text, plain_json
from envkeep.model.channels import canonical_channel, split_subdir
from envkeep.model.credentials import CleanUrl, scrub, without_credentials
from envkeep.model.record import CondaPackage

__all__ = ["decode_record", "owned_metadata", "package_of"]

_LAYOUT = re.compile(rb'\s*\{(\r?\n)([ \t]+)"')
# more than the number that stands beside the list in paths_data
_NEAR = 64
_VERSION_BEFORE = re.compile(rb'(?:"paths_version": \d+,)?')
_VERSION_BEHIND = re.compile(rb'(?:"paths_version": \d+)?')
# an anchor's ending, and how much of it belongs to the path of the metadata itself; `_ENDINGS` finds them in a text
_OWNED_ENDINGS = (
    (".dist-info/RECORD", len(".dist-info")),
    (".dist-info/METADATA", len(".dist-info")),
    (".egg-info/PKG-INFO", len(".egg-info")),
    (".egg/EGG-INFO/PKG-INFO", len(".egg")),
    (".egg-info", len(".egg-info")),
    (".egg-link", len(".egg-link")),
)
_LINK_SCRIPTS = ("pre-link", "post-link", "pre-unlink")
# what those paths have in common, and what of a list's text ends one of them
_ENDINGS = (
    (b".dist-info", re.compile(rb'\.dist-info/(?:RECORD|METADATA)"')),
    (b".egg", re.compile(rb'\.egg(?:-info(?:/PKG-INFO)?|/EGG-INFO/PKG-INFO|-link)"')),
    (b"link.", re.compile(rb'-(?:pre-link|post-link|pre-unlink)\.(?:sh|bat)"')),
)
# an artefact's file name, in which no credential has a place
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.!+-]+(?:\.tar\.bz2|\.conda)\Z")
# an escape that may stand for what no line holds, and what may stand there as it is
_UNSAFE = re.compile(rb"(?<!\\)(?:\\\\)*\\[bfnrtu]|\x7f|\xc2[\x80-\x9f]|\xe2(?:\x80[\xa8-\xae]|\x81[\xa6-\xa9])")
_from_json = JSONDecoder().decode
_HEX = re.compile(r"[0-9a-fA-F]+\Z")
_LFS = b"version https://git-lfs.github.com/spec/"


def decode_record(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return a record's fields, and those paths of its file list that say what is its own (see ``owned_metadata``).

    Raises:
        ValueError: it is no record; one sentence says why, except of what JSON's own reader raises.
        RecursionError: it is nested too deeply.
    """
    if data.startswith(_LFS):
        raise ValueError("it is a git-LFS pointer")
    if not data or data.isspace():
        raise ValueError("it is empty")
    read = _decoded_quickly(data)
    text, raw, paths = (data, loads(decode(data)), None) if read is None else read
    # nearly no record has any of these letters, and to look for one takes a tenth of the pattern's time
    if (b"\\" in text or b"\x7f" in text or not text.isascii()) and _UNSAFE.search(text):
        raw = plain_json(raw, line_text)
    if not isinstance(raw, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - a fault of the file
    for key in ("name", "version", "build"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            raise ValueError(f"it has no {key}")
    if paths is not None:
        return raw, paths
    listed = raw.get("files")
    return raw, [path for path in listed if isinstance(path, str)] if isinstance(listed, list) else []


def owned_metadata(paths: list[str]) -> list[str]:
    """Return the paths of the Python distributions' metadata that a file list says are its own, with ``/``.

    conda's rule (``get_conda_anchor_files_and_records``): it is conda's if its RECORD, PKG-INFO, egg-info or egg-link is
    in a file list; METADATA counts here as well, since some conda packages have no RECORD.
    """
    owned: dict[str, None] = {}
    for path in paths:
        posix = path.replace("\\", "/")
        for ending, kept in _OWNED_ENDINGS:
            if posix.endswith(ending):
                owned.setdefault(posix[: len(posix) - len(ending) + kept])
                break
    return list(owned)


def package_of(raw: dict[str, Any], paths: list[str]) -> CondaPackage:
    """Return a record's fields as a package, credentials dropped; what has the wrong type counts as missing."""
    url, auth = None, None
    written = raw.get("url")
    if isinstance(written, str) and written:
        url, auth = _artefact_url(written)
    written_channel = raw.get("channel")
    channel_text = written_channel if isinstance(written_channel, str) else ""
    channel = _channel(channel_text) or _channel((url or "").rpartition("/")[0])
    subdir = _string(raw, "subdir") or _subdir_of(url or "") or _subdir_of(channel_text)
    noarch = raw.get("noarch")
    return CondaPackage(
        name=raw["name"],
        version=raw["version"],
        build=raw["build"],
        build_number=_number(raw.get("build_number")) or 0,
        channel=channel,
        subdir=subdir or ("noarch" if noarch else ""),
        fn=_string(raw, "fn") or _file_name(url),
        url=url,
        md5=_hash(raw.get("md5"), 32),
        sha256=_hash(raw.get("sha256"), 64),
        size=_number(raw.get("size")),
        timestamp=_milliseconds(raw.get("timestamp")),
        depends=_strings(raw.get("depends")),
        constrains=_strings(raw.get("constrains")),
        # before conda 4.3 noarch was a flag
        noarch="generic" if noarch is True else noarch if isinstance(noarch, str) and noarch else None,
        track_features=_features(raw.get("track_features")),
        features=" ".join(_features(raw.get("features"))) or None,
        python_site_packages_path=_string(raw, "python_site_packages_path"),
        license=_string(raw, "license"),
        link_scripts=_scripts(paths),
        auth=auth,
    )


def _decoded_quickly(data: bytes) -> tuple[bytes, Any, list[str]] | None:
    """Return a record's text with its file lists emptied, decoded, and the paths of interest; None of an unknown layout."""
    cut = _without_file_lists(data)
    if cut is None:
        return None
    text, files = cut
    try:
        # it begins with a brace, so that nobody need look for its encoding
        raw = _from_json(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    # lists of another object of the file were cut, or one that stands there twice
    emptied = isinstance(raw, dict) and not raw.get("files") and not raw.get("paths_data")
    return (text, raw, _paths_of_interest(files)) if emptied else None


def _without_file_lists(data: bytes) -> tuple[bytes, bytes] | None:
    """Return a record's text with its file lists emptied, and the text of ``files``; None of an unknown layout.

    All known writers indent: a line that begins with the indent of the first key and a closing bracket ends a list of that level,
    since a JSON string holds no raw newline. Each list has to be laid out so from its first line to its last.
    """
    layout = _LAYOUT.match(data)
    # a block of zeros is what a crash leaves
    if layout is None or b"\0" in data:
        return None
    lead, indent = layout[1] + layout[2], layout[2]
    spans = []
    listed = b""
    behind = 0
    for head, find in ((b'"files": [', _list_at), (b'"paths_data": {', _paths_data_at)):
        start = data.find(lead + head, behind)
        if start < 0 and behind:
            # mostly the second is behind the first
            start = data.find(lead + head, 0, behind)
        if start < 0:
            continue
        span = find(data, start + len(lead) + len(head), lead, indent)
        if span is None:
            return None
        spans.append(span)
        if find is _list_at:
            listed = data[span[0] : span[1]]
            behind = span[1]
    each = lead + indent + b'"'
    # else more than the list may have been cut, or one that is damaged
    whole = not listed or (
        listed.startswith(each) and listed.endswith(b'"') and listed.count(b"\n") == listed.count(b'",' + each) + 1
    )
    if not whole or b"\\" in listed or not listed.isascii():
        return None
    # joined from what is left, which is little: some of these files have megabytes
    kept = []
    begin = 0
    for one, other in sorted(spans):
        kept.append(data[begin:one])
        begin = other
    return b"".join([*kept, data[begin:]]), listed


def _list_at(data: bytes, begin: int, lead: bytes, indent: bytes) -> tuple[int, int] | None:
    """Return where the items of a list begin and end, a line each; None where it is laid out otherwise.

    Args:
        data: the text.
        begin: behind the opening bracket.
        lead: line end and indent of the line that has it.
        indent: of one level.
    """
    if data.startswith(b"]", begin):
        return begin, begin
    if not data.startswith(lead + indent, begin):
        return None
    # a bracket is rare in a list of files, and to look for one letter takes a tenth of the time that a text takes
    end = data.find(b"]", begin)
    while end >= 0 and data[end - len(lead) : end] != lead:
        end = data.find(b"]", end + 1)
    return (begin, end - len(lead)) if end >= 0 else None


def _paths_data_at(data: bytes, begin: int, lead: bytes, indent: bytes) -> tuple[int, int] | None:
    """Return where the members of ``paths_data`` begin and end: the list of paths, and a number before or behind it."""
    inside = lead + indent
    head = inside + b'"paths": ['
    before, found, _ = data[begin : begin + len(head) + _NEAR].partition(head)
    if not found or not _VERSION_BEFORE.fullmatch(before.removeprefix(inside)):
        return None
    span = _list_at(data, begin + len(before) + len(head), inside, indent)
    if span is None:
        return None
    last = span[1]
    behind, closed, _ = data[last : last + 2 * len(head) + _NEAR].partition(lead + b"}")
    behind = behind.strip().removeprefix(b"]").lstrip(b",").strip()
    if not closed or not _VERSION_BEHIND.fullmatch(behind):
        return None
    return begin, data.find(lead + b"}", last)


def _paths_of_interest(files: bytes) -> list[str]:
    found: dict[bytes, None] = {}
    for part, endings in _ENDINGS:
        # to look for a part that nearly none has, or has near its end, takes a fraction of the pattern's time
        first = files.find(part)
        for match in endings.finditer(files, files.rfind(b"/", 0, first)) if first >= 0 else ():
            found.setdefault(files[files.rfind(b'"', 0, match.start()) + 1 : match.end() - 1])
    return [path.decode("ascii") for path in found]


@lru_cache(maxsize=512)
def _channel(text: str) -> str:
    # a prefix has some hundred packages of two or three channels
    return canonical_channel(text)


@lru_cache(maxsize=512)
def _cleaned_folder(text: str) -> CleanUrl:
    return without_credentials(text)


def _artefact_url(url: str) -> tuple[str, str | None]:
    folder, slash, name = url.rpartition("/")
    if slash and _PLAIN_NAME.match(name):
        clean = _cleaned_folder(folder + slash)
        return clean.url + name, clean.auth
    clean = without_credentials(url)
    return clean.url, clean.auth


def _scripts(paths: list[str]) -> tuple[str, ...]:
    if not any("-link." in path or "-unlink." in path for path in paths):
        return ()
    names = {path.replace("\\", "/").rpartition("/")[2] for path in paths}
    return tuple(sorted(script for script in _LINK_SCRIPTS if any(_is_script(name, script) for name in names)))


def _is_script(name: str, script: str) -> bool:
    return name.endswith((f"-{script}.sh", f"-{script}.bat"))


def _string(raw: dict[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(scrub(text) if "://" in text else text for text in value if isinstance(text, str))


def _features(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    return _strings(value)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _milliseconds(value: object) -> int | None:
    if isinstance(value, float) and value == value and abs(value) < 1e18:  # noqa: PLR0124
        value = int(value)
    number = _number(value)
    # conda's own rule: what is a date before the year 9999 in seconds is in seconds
    return number * 1000 if number is not None and number <= 253402300799 else number


def _hash(value: object, length: int) -> str | None:
    if isinstance(value, str) and len(value) == length and _HEX.match(value):
        return value.lower()
    return None


def _subdir_of(text: str) -> str | None:
    # of .../linux-64/name-1-0.conda, or of .../linux-64
    return split_subdir(text)[1] or split_subdir(text.rpartition("/")[0])[1]


def _file_name(url: str | None) -> str | None:
    name = (url or "").rpartition("/")[2]
    return name if name.endswith((".conda", ".tar.bz2")) else None
