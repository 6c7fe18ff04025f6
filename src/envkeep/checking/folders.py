"""Findings about Python packages that came from a folder: is it there, is it in a commit, and is that elsewhere, too?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.checkout import find_checkout
from envkeep.capturing.checkout_state import checkout_states, is_on_a_remote
from envkeep.capturing.reading import is_folder, line_text
from envkeep.checking.finding import Finding, listed
from envkeep.model.urls import is_url, path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.capturing.checkout_state import CheckoutState
    from envkeep.model.record import Distribution, Origin, Record

__all__ = ["folder_findings", "may_look", "needs_login", "states_now"]

# seconds; a large checkout on a network disk, once in a check
_PATIENCE = 30.0
# in git's words, those before 2.35.3 last
_ANOTHERS = ("dubious ownership", "is owned by someone else")


def states_now(record: Record, *, every: bool) -> dict[str, CheckoutState]:
    """Ask git about the editable checkouts that are there, or only about those whose state is not recorded; by URL."""
    folders = {}
    for dist in record.pip:
        origin = dist.origin
        if origin is not None and origin.editable and origin.commit is not None and (every or origin.dirty is None):
            path = path_of_file_url(origin.url)
            if path is not None and may_look(path, live=every) and is_folder(path):
                folders[origin.url] = Path(path)
    states = checkout_states(folders.values(), patience=_PATIENCE)
    return {url: states[folder] for url, folder in folders.items()}


def may_look(path: str, *, live: bool) -> bool:
    """Return whether a path is looked at: Windows logs in to the server of one, and a record can come from anybody."""
    return live or not path.startswith("\\\\")


def folder_findings(dist: Distribution, origin: Origin, now: CheckoutState | None, *, live: bool) -> Iterator[Finding]:
    """Yield what could not be had again of a distribution that came from a folder.

    Args:
        dist: the distribution.
        origin: its own, of kind ``directory``.
        now: the state of the folder's checkout; None where git was not asked.
        live: as of ``pip_part.pip_findings``.
    """
    path = path_of_file_url(origin.url)
    word = "the editable checkout" if origin.editable else "the folder"
    if now is None and origin.dirty is not None and origin.commit is not None:
        yield from _recorded(dist, origin, live=live)
    if origin.editable and origin.commit is not None:
        yield from _remote(dist, origin)
    if path is None or not may_look(path, live=live) or not is_folder(path):
        note = "and nothing says what was in it" if origin.remote is None else f"its remote is {origin.remote}"
        yield Finding(
            rank="lost" if origin.remote is None else "here-only",
            code="missing-folder",
            subject=dist.name,
            fact=f"{dist.name} was installed from {word} {path or origin.url}, which is not on this machine; {note}",
            remedy="Install it from an index or a repository.",
        )
    elif origin.commit is None and (origin.editable or origin.vcs is None):
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
            remedy="Install it from its repository (pip install 'git+URL@COMMIT'), or pack the environment.",
        )


def needs_login(dist: Distribution, url: str, auth: str) -> Finding:
    """Return that a distribution came from a place that asked for credentials, of the kind that was dropped."""
    return Finding(
        rank="here-only",
        code="private-origin",
        subject=dist.name,
        fact=f"{dist.name} came from {url} with credentials ({auth}), which no backup holds",
        remedy="Whoever rebuilds it needs a log-in of their own (netrc); or pack the environment.",
    )


def _remote(dist: Distribution, origin: Origin) -> Iterator[Finding]:
    # a rebuild clones the remote where the folder is not there
    if origin.remote is None:
        return
    if _is_here(origin.remote):
        yield Finding(
            rank="here-only",
            code="local-repository",
            subject=dist.name,
            fact=f"the remote of the editable checkout of {dist.name}, {origin.remote}, is a folder of this machine",
            remedy="Push it to where others reach it, too, and make that the remote; or pack the environment.",
        )
    elif origin.auth is not None:
        yield needs_login(dist, origin.remote, origin.auth)


def _is_here(remote: str) -> bool:
    # a path, or host:path as scp has it; a drive has one letter
    if is_url(remote):
        return path_of_file_url(remote) is not None
    head, colon, _ = remote.partition(":")
    return not colon or len(head) == 1 or "/" in head


def _recorded(dist: Distribution, origin: Origin, *, live: bool) -> Iterator[Finding]:
    # what is in the checkout now may be another state: the record speaks of its own time
    path = path_of_file_url(origin.url)
    what = f"the editable checkout {path or origin.url} of {dist.name}"
    if origin.dirty:
        yield Finding(
            rank="lost",
            code="dirty-checkout",
            subject=dist.name,
            fact=f"{what} had changes in no commit when it was recorded",
            remedy="Commit and push them, if they are still there, then back the environment up again (envkeep backup --force).",
        )
    here = Path(path) if path is not None and may_look(path, live=live) and is_folder(path) else None
    # a commit stays what it is: it may have been pushed since
    if origin.unpushed and not (here and is_on_a_remote(here, origin.commit or "", patience=_PATIENCE)):
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
            remedy=_to_read(path, state.unknown),
        )
        return
    if state.dirty:
        yield Finding(
            rank="lost",
            code="dirty-checkout",
            subject=dist.name,
            fact=f"the editable checkout {path} of {dist.name} has changes in no commit: {listed(map(line_text, state.dirty))}",
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


def _to_read(path: str, reason: str) -> str:
    if not any(words in reason for words in _ANOTHERS):
        return f"Look at it: {_git(path, 'status')}"
    from envkeep.engines.run import quote

    checkout = find_checkout(Path(path))
    root = path if checkout is None else str(checkout.root)
    trust = quote(("git", "config", "--global", "--add", "safe.directory", root))
    return f"It belongs to another user; if you trust whoever that is: {trust}"


def _git(path: str, *arguments: str) -> str:
    from envkeep.engines.run import quote

    return quote(("git", "-C", path, *arguments))
