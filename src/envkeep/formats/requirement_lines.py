"""One Python distribution of a record as one line of a requirements file, or as a comment that says why it cannot be one.

A comment keeps the facts, so that nothing vanishes and ``requirement_comments`` reads it back::

    # my-pkg==0.1: editable folder, on no index; folder file:///home/lab/my-pkg; commit 1f2e...; remote https://host/my-pkg.git
"""

from __future__ import annotations

import re
from functools import partial
from operator import lt
from typing import TYPE_CHECKING, NamedTuple

from envkeep.formats.requirement_indexes import other_indexes
from envkeep.model.fetched import VCS_KINDS, fragment, fragment_value, is_fetched, is_repository, is_revision, quoted, ssh_url
from envkeep.model.kept import Kept
from envkeep.model.names import is_dist_name, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import Distribution, Origin, Record

__all__ = [
    "DIRTY",
    "LEFT_OUT",
    "SECOND_COPY",
    "UNPUSHED",
    "RequirementLine",
    "freeze_lines",
    "is_pep440",
    "plain",
    "requirement_line",
]

LEFT_OUT = "left out, as pip freeze does"
SECOND_COPY = "second copy"
# facts of a checkout, two words as every fact: whoever gets the file has to know that the commit is not all, or not to be had
DIRTY = ("uncommitted", "changes")
UNPUSHED = ("unpushed", "commit")

# what nearly every version looks like; the others cost the import of packaging
_COMMON_VERSION = re.compile(r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?\Z", re.ASCII)
# git's remotes may be paths
_LOCAL = re.compile(r"file:|[/\\~.]|[A-Za-z]:[\\/]", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class RequirementLine(NamedTuple):
    """A line.

    Attributes:
        key: the normalised name, which lines are sorted by.
        name: as METADATA writes it.
        text: without ``# ``.
        reason: why it is a comment; None for a requirement that pip and uv install.
    """

    key: str
    name: str
    text: str
    reason: str | None = None

    @property
    def in_file(self) -> str:
        """The line as a requirements file has it."""
        return self.text if self.reason is None else f"# {self.text}"


def requirement_line(
    dist: Distribution, *, elsewhere: bool = False, name: str | None = None, portable: bool = False
) -> RequirementLine:
    """Return a distribution as a line: ``name==version``, ``name @ url``, or a comment.

    Args:
        dist: conda's come as if from an index, so that pip alone can install them.
        elsewhere: whether the record knows of an index besides PyPI, which may hold local versions such as ``2.1.0+cu121``.
        name: another spelling of its name.
        portable: whether a comment names no place of this machine.
    """
    spelled = plain(dist.name if name is None else name)
    version = plain(dist.version)
    key = normalise(dist.name)

    def comment(reason: str, *facts: str) -> RequirementLine:
        text = "; ".join([f"{spelled}=={version}: {reason}", *facts])
        return RequirementLine(key=key, name=spelled, text=text, reason=reason)

    def line(text: str) -> RequirementLine:
        return RequirementLine(key=key, name=spelled, text=text)

    origin = dist.origin if dist.conda_package is None else None
    if not is_dist_name(dist.name):
        return comment("pip takes no such name")
    if origin is not None:
        reason, text = _from_origin(spelled, origin)
        return line(text) if reason is None else comment(reason, *_facts(origin, portable=portable))
    if not is_pep440(dist.version):
        return comment("pip takes no such version")
    if "+" in dist.version:
        # PyPI refuses local versions (PEP 440); what conda built of one is nowhere else
        if dist.conda_package is not None:
            return comment(f"local version, made for conda package {plain(dist.conda_package)}")
        if not elsewhere:
            return comment("local version, not on the public index")
    return line(f"{spelled}=={version}")


def freeze_lines(record: Record) -> Iterator[RequirementLine]:
    """Yield the lines of a record's Python distributions, conda's among them, sorted by normalised name.

    What ``pip freeze`` leaves out (pip, and before Python 3.12 setuptools, distribute and wheel) comes as a comment; so does a
    second distribution of one name.
    """
    silent = _left_out_by_freeze(record)
    lines = _LINES[bool(other_indexes(record.index_urls))].each(record.distributions)
    found = list(zip(lines, record.distributions, strict=True))
    keys = [line.key for line in lines]
    # a record has them in this order, and mostly one of each
    if not all(map(lt, keys, keys[1:])):
        found.sort(key=lambda pair: (pair[0].key, pair[1].conda_package is not None))
    last = None
    for line, dist in found:
        key = line.key
        if key == last:
            place = f"; found in {plain(dist.location)}" if dist.location else ""
            yield _set_aside(line, dist, SECOND_COPY, place)
        elif key in silent and line.reason is None:
            yield _set_aside(line, dist, LEFT_OUT)
        else:
            yield line
        last = key


def _set_aside(line: RequirementLine, dist: Distribution, reason: str, more: str = "") -> RequirementLine:
    text = f"{line.name}=={plain(dist.version)}: {reason}{more}"
    return RequirementLine(key=line.key, name=line.name, text=text, reason=reason)


def is_pep440(version: str) -> bool:
    """Return whether a version is one that pip takes (PEP 440)."""
    if _COMMON_VERSION.match(version):
        return True
    from packaging.version import InvalidVersion, Version

    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def plain(text: str) -> str:
    """Return a text fit for one line of a file: what no printer shows becomes ``?``."""
    return _UNPRINTABLE.sub("?", text)


def _from_origin(name: str, origin: Origin) -> tuple[str | None, str]:
    # (reason it is a comment, or None; the line)
    url = quoted(ssh_url(origin.url))
    inside = [] if origin.subdirectory is None else [("subdirectory", origin.subdirectory)]
    if origin.kind == "vcs":
        kind = origin.vcs or "git"
        if origin.commit is None or not is_revision(origin.commit):
            return "repository, but no commit is recorded", ""
        if kind not in VCS_KINDS or not is_repository(url):
            return "repository of a kind that pip does not fetch", ""
        if url.lower().startswith("file:"):
            return "local repository, on no index", ""
        return None, f"{name} @ {kind}+{url}@{origin.commit}{fragment(inside)}"
    if origin.kind == "archive" and is_fetched(url) and not url.lower().startswith("file:"):
        # pip checks one hash of a URL's fragment
        inside[:0] = [pair for pair in origin.hashes if pair[0] == "sha256"][:1]
        return None, f"{name} @ {url}{fragment(inside)}"
    if origin.kind == "archive":
        return "local file, on no index", ""
    return ("editable folder, on no index" if origin.editable else "local folder, on no index"), ""


def _facts(origin: Origin, *, portable: bool) -> list[str]:
    word = {"vcs": f"repository {plain(origin.vcs or 'git')}+", "archive": "file ", "directory": "folder "}[origin.kind]
    facts = ["on the machine that this was made on"] if portable and _LOCAL.match(origin.url) else [word + quoted(origin.url)]
    if origin.commit is not None:
        facts.append(f"commit {quoted(origin.commit)}")
    if origin.remote is not None and not (portable and _LOCAL.match(origin.remote)):
        facts.append(f"remote {quoted(origin.remote)}")
    if origin.subdirectory is not None:
        facts.append(f"subdirectory {fragment_value(origin.subdirectory)}")
    facts.extend(f"{plain(algorithm)} {quoted(digest)}" for algorithm, digest in origin.hashes)
    facts.extend(" ".join(words) for words, so in ((DIRTY, origin.dirty), (UNPUSHED, origin.unpushed)) if so)
    return facts


def _left_out_by_freeze(record: Record) -> frozenset[str]:
    # pip's own rule (pip/_internal/commands/freeze.py): by the version of the Python that it runs in
    parts = record.python.version.split(".") if record.python is not None else []
    try:
        modern = (int(parts[0]), int(parts[1])) >= (3, 12)
    except (IndexError, ValueError):
        modern = True
    return frozenset({"pip"} if modern else {"pip", "setuptools", "distribute", "wheel"})


_LINES: dict[bool, Kept[Distribution, RequirementLine]] = {
    elsewhere: Kept(partial(requirement_line, elsewhere=elsewhere)) for elsewhere in (False, True)
}
