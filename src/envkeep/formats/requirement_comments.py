"""The comments that ``requirement_lines`` writes for what no index has, read back to the requirements they stand for."""

from __future__ import annotations

import re
from urllib.parse import unquote

from envkeep.formats.requirement_lines import DIRTY, LEFT_OUT, SECOND_COPY, UNPUSHED, is_pep440
from envkeep.model.fetched import fragment, quoted, ssh_url
from envkeep.model.names import is_dist_name
from envkeep.model.record import Origin
from envkeep.model.specification import Requirement

__all__ = ["read_comment"]

_COMMENT = re.compile(r"#\s*(?P<name>[^\s=]+)==(?P<version>\S+): (?P<reason>[^;]+)(?P<facts>(?:; \S+ \S+)*)\Z")
_KINDS = {"repository": "vcs", "file": "archive", "folder": "directory"}
_OTHERS = frozenset({"commit", "remote", "subdirectory"})


def read_comment(text: str, line: int) -> Requirement | str | None:
    """Return the requirement that a comment stands for; a problem in words where pip takes none such; None for other comments.

    What the comment only mentions (a second copy, what ``pip freeze`` leaves out) is no requirement.
    """
    match = _COMMENT.match(text.rstrip())
    if match is None or match["reason"] == LEFT_OUT or match["reason"].startswith(SECOND_COPY):
        return None
    name, version = match["name"], match["version"]
    origin = _origin(match["reason"], match["facts"])
    if not is_dist_name(name) or (origin is None and not is_pep440(version)):
        return f"line {line}: pip cannot be asked for {name}=={version}"
    text = f"{name}=={version}" if origin is None else f"{name} @ {_url(origin)}"
    return Requirement(name=name, text=text, line=line, version=version, origin=origin)


def _origin(reason: str, facts: str) -> Origin | None:
    kind = url = None
    others: dict[str, str] = {}
    hashes = []
    state = set()
    for fact in facts.split("; ")[1:]:
        word, _, value = fact.partition(" ")
        if (word, value) in {DIRTY, UNPUSHED}:
            state.add((word, value))
        elif word in _KINDS:
            kind, url = _KINDS[word], value
        elif word in _OTHERS:
            others[word] = unquote(value) if word == "subdirectory" else value
        else:
            hashes.append((word, value))
    if kind is None or url is None:
        return None
    vcs = None
    if kind == "vcs":
        vcs, _, url = url.partition("+")
    return Origin(
        kind=kind,  # type: ignore[arg-type]
        url=url,
        editable=reason.startswith("editable"),
        vcs=vcs,
        hashes=tuple(sorted(hashes)),
        commit=others.get("commit"),
        remote=others.get("remote"),
        subdirectory=others.get("subdirectory"),
        # that nothing is said may also mean that nobody looked
        dirty=True if DIRTY in state else None,
        unpushed=True if UNPUSHED in state else None,
    )


def _url(origin: Origin) -> str:
    prefix = f"{origin.vcs}+" if origin.kind == "vcs" else ""
    revision = f"@{quoted(origin.commit)}" if origin.kind == "vcs" and origin.commit is not None else ""
    inside = [] if origin.subdirectory is None else [("subdirectory", origin.subdirectory)]
    return f"{prefix}{quoted(ssh_url(origin.url))}{revision}{fragment(inside)}"
