"""Whether what is in a git checkout could be fetched from elsewhere: asks git, and never touches the checkout.

``--no-optional-locks`` keeps git from refreshing the index, ``core.fsmonitor=false`` from starting the program that a
checkout's own configuration may name. Only local refs are looked at: no network.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkeep.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CheckoutState", "checkout_state"]

_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")
# seconds; a large checkout on a network disk, once in a check
_PATIENCE = 30.0
# what building leaves in a source folder, whether or not .gitignore names it
_BUILT = (":(exclude,glob)**/*.egg-info/**", ":(exclude,glob)**/__pycache__/**")
# they make git look at another checkout (`git rev-parse --local-env-vars`); a hook or an editor may have set them
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutState:
    """The state of a checkout.

    Attributes:
        dirty: files of the project that differ from the commit or are not in it, relative to the folder asked about; sorted.
        unpushed: whether the commit is on no branch of a remote, as far as this checkout last heard; None without a commit.
        remotes: whether there is a remote at all.
        unknown: why git could not say, else None.
    """

    dirty: tuple[str, ...] = ()
    unpushed: bool | None = None
    remotes: bool = False
    unknown: str | None = None


def checkout_state(folder: Path) -> CheckoutState:
    """Return the state of the git checkout that a folder lies in, as far as that folder goes."""
    try:
        status = _git(folder, "status", "--porcelain", "-z", "--untracked-files=normal", "--", ".", *_BUILT)
        remotes = bool(_git(folder, "remote").strip())
        ahead = _git(folder, "rev-list", "--max-count=1", "HEAD", "--not", "--remotes", "--") if _has_commit(folder) else None
    except (EngineError, TimeoutError) as error:
        reason = error.fact if isinstance(error, EngineError) else str(error)
        return CheckoutState(unknown=reason)
    return CheckoutState(
        dirty=tuple(sorted(_names(status))),
        unpushed=None if ahead is None else bool(ahead.strip()),
        remotes=remotes,
    )


def _names(status: str) -> list[str]:
    # git-status(1), -z: `XY name`, and after a renamed one its old name as an entry of its own
    names = []
    entries = iter(status.split("\0"))
    for entry in entries:
        if len(entry) > 3:
            names.append(entry[3:])
            if entry[0] in "RC":
                next(entries, None)
    return names


def _has_commit(folder: Path) -> bool:
    from envkeep.engines.run import run

    argv = (*_GIT, "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD")
    return run(argv, timeout=_PATIENCE, env=_environment()).returncode == 0


def _git(folder: Path, *arguments: str) -> str:
    from envkeep.engines.run import run

    done = run((*_GIT, "-C", str(folder), *arguments), timeout=_PATIENCE, env=_environment())
    if done.returncode != 0:
        raise EngineError((done.stderr.strip().splitlines() or ["git failed and did not say why"])[0])
    return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
