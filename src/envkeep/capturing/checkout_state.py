"""The state of a git checkout: what is in no commit, and whether its commit is elsewhere, too. Asks git, and never touches it.

``--no-optional-locks`` keeps git from refreshing the index, ``core.fsmonitor=false`` from starting the program that a checkout's
own configuration may name, and so do empty filters (git-lfs): a file behind one counts as changed where its time moved since git
last looked. Only local refs are looked at: no protocol is allowed, so that a partial clone fetches nothing either.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.capturing.checkout import find_checkout, git_folder
from envkeep.capturing.reading import line_text, scan
from envkeep.errors import EngineError
from envkeep.model.credentials import scrub
from envkeep.model.frozen import frozen
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkeep.engines.run import Completed
    from envkeep.model.record import Distribution

__all__ = ["CheckoutState", "checkout_states", "is_on_a_remote", "with_checkout_states"]

# what was renamed is told by contents, which a partial clone would have to fetch
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "status.renames=false")
# seconds that a backup at an application's start may wait for a network disk; what is not known by then is not recorded
_PATIENCE_OF_A_CAPTURE = 5.0
_GRACE = 0.5
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# what building leaves in a source folder, whether or not .gitignore names it
_BUILT = (":(exclude,glob)**/*.egg-info/**", ":(exclude,glob)**/__pycache__/**")
# they make git look at another checkout (`git rev-parse --local-env-vars`), or at other files of it; a hook or an editor may have
# set them
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GLOB_PATHSPECS",
        "GIT_GRAFT_FILE",
        "GIT_ICASE_PATHSPECS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NAMESPACE",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
_SILENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none", "LC_ALL": "C"}


@frozen
class CheckoutState:
    """The state of a checkout.

    Attributes:
        dirty: files below the folder asked about that differ from the commit or are not in it, relative to its top folder;
            sorted.
        unpushed: whether the commit is on no branch of a remote, as far as this checkout last heard; None without a commit.
        remotes: whether there is a remote at all.
        unknown: why git could not say, else None.
    """

    dirty: tuple[str, ...] = ()
    unpushed: bool | None = None
    remotes: bool = False
    unknown: str | None = None


def with_checkout_states(distributions: tuple[Distribution, ...]) -> tuple[Distribution, ...]:
    """Return distributions, those that run the code of a git checkout with its state: ``dirty`` and ``unpushed`` of their origin.

    Both stay None where git is not there or does not say it within 5 s. Of what was copied from a folder they stay None as well:
    what is changed there now says nothing of the copy.
    """
    folders: dict[str, Path] = {}
    for dist in distributions:
        origin = dist.origin
        # the reader says git only of a folder that is there
        if origin is not None and origin.kind == "directory" and origin.editable and origin.vcs == "git":
            path = path_of_file_url(origin.url)
            if path is not None:
                folders[origin.url] = Path(path)
    if not folders:
        return distributions
    states = checkout_states(folders.values(), patience=_PATIENCE_OF_A_CAPTURE)
    return tuple(
        dist if dist.origin is None or dist.origin.url not in folders else _with_state(dist, states[folders[dist.origin.url]])
        for dist in distributions
    )


def _with_state(dist: Distribution, state: CheckoutState) -> Distribution:
    if dist.origin is None or not dist.origin.editable or state.unknown is not None:
        return dist
    return replace(dist, origin=replace(dist.origin, dirty=bool(state.dirty), unpushed=state.unpushed))


def checkout_states(folders: Iterable[Path], *, patience: float) -> dict[Path, CheckoutState]:
    """Return the state of the git checkouts that folders lie in, as far as each folder goes.

    Each checkout is asked once, all of them at the same time.

    Args:
        folders: of projects; several may lie in one checkout.
        patience: seconds for all of them together; who has not answered by then is ``unknown``.
    """
    import time
    from threading import Thread

    inside: dict[Path, dict[Path, str]] = {}
    for folder in folders:
        checkout = find_checkout(folder)
        root, subfolder = (folder, None) if checkout is None else (checkout.root, checkout.subdirectory)
        inside.setdefault(root, {})[folder] = subfolder or ""
    deadline = time.monotonic() + patience
    answers: dict[Path, CheckoutState] = {}

    def ask(root: Path) -> None:
        try:
            answers[root] = _ask(root, tuple(inside[root].values()), deadline)
        except TimeoutError:
            pass
        except EngineError as error:
            answers[root] = CheckoutState(unknown=line_text(scrub(error.fact)))

    # daemons: a git that hangs in a dead network disk cannot even be killed, and must not be waited for
    threads = [Thread(target=ask, args=(root,), name="envkeep-asks-git", daemon=True) for root in inside]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError:
        # no more threads, or the interpreter is on its way out
        pass
    for thread in threads:
        if thread.ident is not None:
            # it gives up by itself, at the deadline; the rest is for the end of what it started
            thread.join(max(0.0, deadline + _GRACE - time.monotonic()))
    silent = CheckoutState(unknown=f"git did not answer within {patience:g} s")
    return {
        folder: _within(answers.get(root, silent), subfolder)
        for root, asked in inside.items()
        for folder, subfolder in asked.items()
    }


def is_on_a_remote(folder: Path, commit: str, *, patience: float) -> bool:
    """Return whether a commit is on a branch of a remote, as far as the checkout that a folder lies in last heard.

    Args:
        folder: of a project.
        commit: 40 or 64 hex digits.
        patience: seconds; where git does not say it by then, or at all, it is not.
    """
    import time

    checkout = find_checkout(folder)
    if checkout is None or not _COMMIT.fullmatch(commit):
        return False
    arguments = ("rev-list", "--max-count=1", commit, "--not", "--remotes", "--")
    try:
        return not _git(checkout.root, time.monotonic() + patience, *arguments).strip()
    except (EngineError, TimeoutError):
        return False


def _within(state: CheckoutState, subfolder: str) -> CheckoutState:
    if not subfolder:
        return state
    start = f"{subfolder}/"
    # an untracked folder is one entry, which ends in a slash and may be the one asked about or lie above it
    below = (name for name in state.dirty if name.startswith(start) or (name.endswith("/") and start.startswith(name)))
    return replace(state, dirty=tuple(below))


def _ask(root: Path, subfolders: Sequence[str], deadline: float) -> CheckoutState:
    folder = git_folder(root)
    if folder is not None and any(entry.name.startswith("sharedindex.") for entry in scan(folder)):
        # git renews its time whenever it reads it, and has no option against that
        raise EngineError("its index is split, and git would touch it; `git update-index --no-split-index` makes it one again")
    where = (".",) if "" in subfolders else tuple(f":(literal){subfolder}" for subfolder in subfolders)
    # a submodule's files are looked at by its own configuration; that it is at another commit is told without
    options = ("--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=dirty", "--")
    status = _git(root, deadline, *_without_filters(root, deadline), "status", *options, *where, *_BUILT)
    names, committed = _parse(status)
    ahead = _git(root, deadline, "rev-list", "--max-count=1", "HEAD", "--not", "--remotes", "--") if committed else ""
    unpushed = bool(ahead.strip()) if committed else None
    remotes = unpushed is False or bool(_git(root, deadline, "remote").strip())
    return CheckoutState(dirty=tuple(sorted(names)), unpushed=unpushed, remotes=remotes)


def _parse(status: str) -> tuple[list[str], bool]:
    # git-status(1), porcelain v2 with -z: how many fields stand before the path
    fields = {"1": 8, "u": 10, "?": 1}
    entries = status.split("\0")
    names = [entry.split(" ", fields[entry[0]])[-1] for entry in entries if entry[:1] in fields]
    return names, "# branch.oid (initial)" not in entries


def _without_filters(root: Path, deadline: float) -> list[str]:
    # git has no option for it, and an attribute may name any of those that are configured; none are: status 1
    done = _run(root, deadline, "config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$")
    names = {key.rpartition(".")[0] for key in done.stdout.split("\0") if key}
    for name in names:
        # it would end the name of the setting
        if "=" in name:
            raise EngineError(f"its {name!r} cannot be switched off")
    endings = (".clean=", ".process=", ".required=false")
    return [part for name in sorted(names) for ending in endings for part in ("-c", f"{name}{ending}")]


def _git(root: Path, deadline: float, *arguments: str) -> str:
    done = _run(root, deadline, *arguments)
    if done.returncode != 0:
        raise EngineError((done.stderr.strip().splitlines() or ["git failed and did not say why"])[0])
    return done.stdout


def _run(root: Path, deadline: float, *arguments: str) -> Completed:
    import time

    from envkeep.engines.run import run

    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    left = max(0.0, deadline - time.monotonic())
    return run((*_GIT, "-C", str(root), *arguments), timeout=left, env={**kept, **_SILENT})
