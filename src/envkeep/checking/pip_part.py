"""Findings about Python packages: where they came from, and whether that place would give them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.checkout_state import checkout_states
from envkeep.capturing.reading import is_file, is_folder, line_text
from envkeep.checking.finding import Finding
from envkeep.formats.requirement_lines import requirement_line
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.capturing.checkout_state import CheckoutState
    from envkeep.model.record import Distribution, Origin, Record

__all__ = ["pip_findings"]

_PACK = "Pack the environment (envkeep pack), or publish it to an index."
_SHOWN = 5
# seconds; a large checkout on a network disk, once in a check
_PATIENCE = 30.0


def pip_findings(record: Record, *, live: bool) -> Iterator[Finding]:
    """Yield what of a record's Python packages that are not conda's could not be had again.

    Looks at folders and files that the record names, as they are on this machine now.

    Args:
        record: of the environment.
        live: whether it was captured a moment ago: then git is asked about every checkout, and says more than the record; else
            only about those of which the record says nothing.
    """
    states = _states_now(record, every=live)
    for dist in record.pip:
        if dist.origin is None:
            yield from _from_index(dist, record)
        elif dist.origin.kind == "directory":
            yield from _folder(dist, dist.origin, states.get(dist.origin.url), live=live)
        elif dist.origin.kind == "archive":
            yield from _archive(dist, dist.origin, live=live)
        else:
            yield from _repository(dist, dist.origin)


def _states_now(record: Record, *, every: bool) -> dict[str, CheckoutState]:
    """Ask git about the editable checkouts that are there, or only about those whose state is not recorded; by URL."""
    folders = {}
    for dist in record.pip:
        origin = dist.origin
        if origin is not None and origin.editable and origin.commit is not None and (every or origin.dirty is None):
            path = path_of_file_url(origin.url)
            if path is not None and _may_look(path, live=every) and is_folder(path):
                folders[origin.url] = Path(path)
    states = checkout_states(folders.values(), patience=_PATIENCE)
    return {url: states[folder] for url, folder in folders.items()}


def _from_index(dist: Distribution, record: Record) -> Iterator[Finding]:
    line = requirement_line(dist, index_urls=record.index_urls)
    if line.reason is not None:
        yield Finding(
            rank="here-only",
            code="unindexable-version",
            subject=dist.name,
            fact=f"{dist.name} {dist.version} is on no public index: {line.reason}",
            remedy="Configure the index it came from (pip config set global.extra-index-url URL), or pack the environment.",
        )


def _may_look(path: str, *, live: bool) -> bool:
    # Windows logs in to the server of a path, and a record can come from anybody
    return live or not path.startswith("\\\\")


def _folder(dist: Distribution, origin: Origin, now: CheckoutState | None, *, live: bool) -> Iterator[Finding]:
    path = path_of_file_url(origin.url)
    word = "the editable checkout" if origin.editable else "the folder"
    if now is None and origin.dirty is not None and origin.commit is not None:
        yield from _recorded(dist, origin)
    if path is None or not _may_look(path, live=live) or not is_folder(path):
        note = "and nothing says what was in it" if origin.remote is None else f"its remote is {origin.remote}"
        yield Finding(
            rank="lost" if origin.remote is None else "here-only",
            code="missing-folder",
            subject=dist.name,
            fact=f"{dist.name} was installed from {word} {path or origin.url}, which is not on this machine; {note}",
            remedy="Install it from an index or a repository.",
        )
    elif origin.commit is None:
        yield Finding(
            rank="lost" if origin.editable else "here-only",
            code="no-repository",
            subject=dist.name,
            fact=f"{dist.name} comes from {word} {path}, which is in no git commit",
            remedy="Put it under git and push it, or pack the environment.",
        )
    elif origin.editable and now is not None:
        yield from _checkout(dist, origin, path, now)
    elif not origin.editable:
        yield Finding(
            rank="here-only",
            code="local-folder",
            subject=dist.name,
            fact=f"{dist.name} was installed from the folder {path}, and what was in it then is recorded nowhere",
            remedy=f"Install it from its repository (pip install 'git+URL@{origin.commit[:12]}'), or pack the environment.",
        )


def _recorded(dist: Distribution, origin: Origin) -> Iterator[Finding]:
    # what is in the checkout now may be another state: the record speaks of its own time
    what = f"the editable checkout {path_of_file_url(origin.url) or origin.url} of {dist.name}"
    if origin.dirty:
        yield Finding(
            rank="lost",
            code="dirty-checkout",
            subject=dist.name,
            fact=f"{what} had changes in no commit when it was recorded",
            remedy="Commit and push them, if they are still there, then back the environment up again (envkeep backup --force).",
        )
    if origin.unpushed:
        yield Finding(
            rank="here-only",
            code="no-remote" if origin.remote is None else "unpushed-checkout",
            subject=dist.name,
            fact=f"commit {(origin.commit or '')[:12]} of {what} was on no remote when it was recorded",
            remedy="Push it, if that has not been done since.",
        )


def _checkout(dist: Distribution, origin: Origin, path: str, state: CheckoutState) -> Iterator[Finding]:
    if state.unknown is not None:
        yield Finding(
            rank="unclear",
            code="checkout-not-read",
            subject=dist.name,
            fact=f"git cannot say in what state the checkout {path} of {dist.name} is: {state.unknown}",
            remedy=f"Look at it: {_git(path, 'status')}",
        )
        return
    if state.dirty:
        shown = ", ".join(map(line_text, state.dirty[:_SHOWN])) + (
            f" and {len(state.dirty) - _SHOWN} more" if len(state.dirty) > _SHOWN else ""
        )
        yield Finding(
            rank="lost",
            code="dirty-checkout",
            subject=dist.name,
            fact=f"the editable checkout {path} of {dist.name} has changes in no commit: {shown}",
            remedy=f"Commit and push them: {_git(path, 'add', '-A')} && {_git(path, 'commit')} && {_git(path, 'push')}",
        )
    if not state.remotes:
        yield Finding(
            rank="here-only",
            code="no-remote",
            subject=dist.name,
            fact=f"the editable checkout {path} of {dist.name} has no remote",
            remedy=f"Give it one ({_git(path, 'remote', 'add', 'origin', 'URL')}), and push to it.",
        )
    elif state.unpushed:
        yield Finding(
            rank="here-only",
            code="unpushed-checkout",
            subject=dist.name,
            fact=f"commit {(origin.commit or '')[:12]} of {dist.name} is on no remote of its checkout {path}",
            remedy=f"Push it: {_git(path, 'push')}",
        )


def _git(path: str, *arguments: str) -> str:
    from envkeep.engines.run import quote

    return quote(("git", "-C", path, *arguments))


def _archive(dist: Distribution, origin: Origin, *, live: bool) -> Iterator[Finding]:
    path = path_of_file_url(origin.url)
    if path is None:
        if origin.auth is not None:
            yield _needs_login(dist, origin)
        return
    file = Path(path)
    looked = _may_look(path, live=live)
    if looked and not is_file(file):
        yield Finding(
            rank="lost",
            code="missing-file",
            subject=dist.name,
            fact=f"{dist.name} {dist.version} was installed from {path}, which is not there any more",
            remedy="Bring the file back, or install it from an index; the installed files are all that is left of it.",
        )
        return
    if looked and not _hash_fits(file, origin):
        yield Finding(
            rank="lost",
            code="changed-file",
            subject=dist.name,
            fact=f"{dist.name} {dist.version} was installed from {path}, which is another file by now",
            remedy="Bring the original back, or install the new one.",
        )
        return
    yield Finding(
        rank="here-only",
        code="local-file",
        subject=dist.name,
        fact=f"{dist.name} {dist.version} was installed from the local file {path}",
        remedy=_PACK,
    )


def _hash_fits(file: Path, origin: Origin) -> bool:
    import hashlib

    for algorithm, wanted in origin.hashes:
        if algorithm in {"sha256", "sha384", "sha512"}:
            digest = hashlib.new(algorithm)
            try:
                with file.open("rb") as stream:
                    while block := stream.read(1 << 20):
                        digest.update(block)
            except OSError:
                return False
            return digest.hexdigest() == wanted.lower()
    return True


def _repository(dist: Distribution, origin: Origin) -> Iterator[Finding]:
    if origin.commit is None:
        yield Finding(
            rank="at-risk",
            code="no-commit",
            subject=dist.name,
            fact=f"{dist.name} came from {origin.url}, and at which commit is not recorded",
            remedy=f"Install it again at a commit: pip install '{dist.name} @ git+URL@COMMIT'",
        )
    elif path_of_file_url(origin.url) is not None:
        yield Finding(
            rank="here-only",
            code="local-repository",
            subject=dist.name,
            fact=f"{dist.name} came from the local repository {path_of_file_url(origin.url)}",
            remedy=_PACK,
        )
    elif origin.auth is not None:
        yield _needs_login(dist, origin)


def _needs_login(dist: Distribution, origin: Origin) -> Finding:
    return Finding(
        rank="here-only",
        code="private-origin",
        subject=dist.name,
        fact=f"{dist.name} came from {origin.url} with credentials ({origin.auth}), which no backup holds",
        remedy="Whoever rebuilds it needs a log-in of their own (netrc); or pack the environment.",
    )
