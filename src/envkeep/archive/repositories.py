"""git repositories as files: a bundle at a commit, and what was not committed; the user's checkout is only read."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.prefixes import remove_tree
from envkeep.engines.run import quote, run
from envkeep.errors import EngineError
from envkeep.model.credentials import scrub
from envkeep.model.fetched import is_repository, is_revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BUNDLE_BRANCH", "GitError", "checked_out", "current_commit", "uncommitted", "write_bundle"]

# the branch of a bundle, so that `git clone` of it checks the packed commit out
BUNDLE_BRANCH = "packed"

# nothing of a checkout's own settings runs: no hooks, no monitor, no other program that makes diffs
_QUIET = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")

# what says how servers are reached, and where git's settings are
_KEPT = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_PROXY_COMMAND",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSL_CAINFO",
    }
)


class GitError(Exception):
    """Why git could not do what it was asked for, in words."""


def write_bundle(repository: str, commit: str, path: Path, *, offline: bool = False) -> None:
    """Write the history up to a commit as a git bundle: ``git clone FILE`` gives the commit.

    Args:
        repository: a URL, or the path of a checkout.
        commit: a full one.
        path: of the bundle; its folder is made.
        offline: whether only a repository on this machine is asked.

    Raises:
        GitError: it cannot be had, or lacks the commit.
    """
    if not is_revision(commit) or (not Path(repository).is_absolute() and not is_repository(repository)):
        raise GitError(f"{repository} at {commit} is nothing that is fetched from")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _temporary(path.parent) as work:
        bare = work / "repository.git"
        limits = {"GIT_ALLOW_PROTOCOL": "file"} if offline else {}
        # not a mirror: refs of others' pull requests are no part of the commit's history
        _git(["clone", "--quiet", "--bare", "--no-local", "--", repository, str(bare)], limits)
        if _fails(["-C", str(bare), "cat-file", "-e", f"{commit}^{{commit}}"]):
            # a commit that no branch leads to any more; many hosts still give it
            _git(["-C", str(bare), "fetch", "--quiet", "--", repository, commit], limits)
        branch = f"refs/heads/{BUNDLE_BRANCH}"
        _git(["-C", str(bare), "update-ref", branch, commit])
        _git(["-C", str(bare), "symbolic-ref", "HEAD", branch])
        part = work / "part.bundle"
        # one thread packs the same bytes each time
        _git(["-C", str(bare), "-c", "pack.threads=1", "bundle", "create", "--quiet", str(part), "HEAD", branch])
        part.replace(path)


@contextmanager
def checked_out(bundle: Path, commit: str, changes: Path | None = None) -> Iterator[Path]:
    """Check a bundle's commit out into a temporary folder beside it, with uncommitted changes in it if there are some.

    Raises:
        GitError: it cannot be done.
    """
    with _temporary(bundle.parent) as work:
        folder = work / "checkout"
        _git(["clone", "--quiet", "--no-checkout", "--", str(bundle), str(folder)])
        _git(["-C", str(folder), "checkout", "--quiet", "--detach", commit])
        if changes is not None:
            _git(["-C", str(folder), "apply", "--whitespace=nowarn", "--binary", str(changes)])
        yield folder


def current_commit(root: Path) -> str | None:
    """Return the commit that is checked out, None where there is none."""
    done = _run(["-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
    return done or None


def uncommitted(root: Path, bundle: Path) -> bytes:
    """Return what a checkout has that a bundle's commit has not, as ``git apply`` takes it; files that git ignores apart.

    Files that git does not know yet are in it. The checkout's own repository is not written to, not even as git does on reading
    (its index, the time stamps of its objects): another one, made of the bundle, looks at its files.

    Args:
        root: top folder of the checkout.
        bundle: of the commit that is checked out there.

    Raises:
        GitError: git cannot say.
    """
    with _temporary(bundle.parent) as work:
        other = work / "repository"
        _git(["clone", "--quiet", "--no-checkout", "--", str(bundle), str(other)])
        own = _run(["-C", str(root), "rev-parse", "--git-path", "info/exclude"])
        if own is not None and Path(root, own).is_file():
            shutil.copyfile(Path(root, own), other / ".git" / "info" / "exclude")
        looking = [f"--git-dir={other / '.git'}", f"--work-tree={root}"]
        _git([*looking, "read-tree", "HEAD"])
        _git(["-C", str(root), *looking, "add", "--all", "--", "."])
        diff = ["diff", "--cached", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "HEAD"]
        _git([*looking, *diff, f"--output={work / 'diff'}"])
        return (work / "diff").read_bytes()


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="git-", dir=folder))
    try:
        yield work
    finally:
        # git's objects are read-only, which stops Windows from removing them otherwise
        remove_tree(work)


def _git(arguments: list[str], variables: Mapping[str, str] | None = None) -> str:
    argv = ["git", *_QUIET, *arguments]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    environ.update(GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0", **(variables or {}))
    try:
        done = run(argv, env=environ)
    except EngineError as error:
        raise GitError(error.fact) from error
    if done.returncode:
        raise GitError(scrub(f"`{quote(['git', *arguments])}` failed: {done.stderr.strip()}"))
    return done.stdout.strip()


def _run(arguments: list[str]) -> str | None:
    try:
        return _git(arguments)
    except GitError:
        return None


def _fails(arguments: list[str]) -> bool:
    return _run(arguments) is None
