"""A repository cloned at a commit into a folder that was not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.prefixes import remove_tree
from envkeep.engines.run import quote, run
from envkeep.errors import EngineError, TargetExistsError

if TYPE_CHECKING:
    from envkeep.planning.plan import CloneCheckout

__all__ = ["clone"]


def clone(step: CloneCheckout) -> None:
    """Clone a repository and check its commit out, detached; a folder that is there is never touched.

    git asks nobody for a password here: credential helpers and netrc answer, or it fails. Submodules are not fetched.

    Raises:
        TargetExistsError: the folder is there.
        EngineError: git is missing, the repository cannot be had, or it lacks the commit; nothing is left of the folder.
    """
    path = Path(step.path)
    if os.path.lexists(path):
        raise TargetExistsError(
            f"{path} exists already, and {step.name} was to be cloned there", "Choose another --checkout folder."
        )
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environ.pop(name, None)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for argv in (
            ["git", "clone", "--quiet", "--no-checkout", "--", step.url, step.path],
            ["git", "-C", step.path, "checkout", "--quiet", "--detach", step.commit],
        ):
            done = run(argv, env=environ)
            if done.returncode:
                raise EngineError(
                    f"{step.name} cannot be cloned: `{quote(argv)}` failed: {done.stderr.strip()}",
                    "Check that the repository still has that commit, and that git can reach it.",
                )
    except BaseException:
        remove_tree(path)
        raise
