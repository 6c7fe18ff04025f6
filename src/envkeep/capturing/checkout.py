"""The git checkout that a folder lies in: its remote and the commit it is at, read from git's files without git.

Nothing is started, so nothing of the checkout's own configuration (hooks, fsmonitor) runs, and nothing is written: not even the
index is refreshed. Layouts: gitrepository-layout(5), git-worktree(1), gitsubmodules(7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from envkeep.capturing.reading import exists, is_file, read_text
from envkeep.model.credentials import without_credentials

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Checkout", "CheckoutFiles", "files_of_checkout", "find_checkout", "git_folder"]

_LIMIT = 64 << 20  # packed-refs of a large repository
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SECTION = re.compile(r"""\[\s*(?P<name>[A-Za-z0-9.-]+)\s*(?:"(?P<sub>(?:[^"\\]|\\.)*)")?\s*\]""")
_DEPTH = 64


class Checkout(NamedTuple):
    """A git checkout.

    Attributes:
        root: its top folder.
        commit: 40 or 64 hex digits; None where there is none yet or git keeps its refs otherwise (reftable).
        branch: checked out; None where a commit is.
        remote: URL of the branch's remote, else of ``origin``, else of the first there is; credentials dropped.
        auth: kind of credentials dropped from ``remote``, else None.
        subdirectory: of the folder asked about within the checkout, with ``/``; None for the top folder itself.
    """

    root: Path
    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    auth: str | None = None
    subdirectory: str | None = None


def find_checkout(folder: Path) -> Checkout | None:
    """Return the git checkout that a folder lies in, or None where it lies in none or its files cannot be read."""
    try:
        start = folder.resolve()
    except (OSError, RuntimeError):
        return None
    for root in (start, *start.parents)[:_DEPTH]:
        git = root / ".git"
        if exists(git):
            return _read(root, start)
    return None


class CheckoutFiles(NamedTuple):
    """What git writes when another commit is checked out, paths: ``still`` must not be written to, ``same`` not be replaced."""

    still: tuple[str, ...]
    same: tuple[str, ...]


def files_of_checkout(folder: Path) -> CheckoutFiles | None:
    """Return the files that say which checkout a folder lies in and at which commit; None where that cannot be told."""
    try:
        start = folder.resolve()
    except (OSError, RuntimeError):
        return None
    same: list[str] = []
    for root in (start, *start.parents)[:_DEPTH]:
        git = root / ".git"
        same.append(str(git))
        if exists(git):
            break
    else:
        # nothing but that no checkout may come to be there
        return CheckoutFiles((), tuple(same))
    still = [str(git)] if is_file(git) else []
    folder_of_git = git_folder(root)
    if folder_of_git is None:
        return None
    still += [str(folder_of_git / "HEAD"), str(folder_of_git / "commondir")]
    common_line = _line(folder_of_git / "commondir")
    common = folder_of_git / common_line if common_line else folder_of_git
    head = _line(folder_of_git / "HEAD") or ""
    if head.startswith("ref:"):
        name = head.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name.split("/") or (_line(common / name) or "").startswith("ref:"):
            return None
        still += [str(folder_of_git / name), str(common / name), str(common / "packed-refs")]
    return CheckoutFiles(tuple(still), tuple(same))


def git_folder(root: Path) -> Path | None:
    """Return where a checkout keeps what git knows of it; None where its ``.git`` does not say."""
    git = root / ".git"
    if not is_file(git):
        return git
    # a worktree's and a submodule's .git is a file that says where it is
    pointer = _line(git)
    if pointer is None or not pointer.startswith("gitdir:"):
        return None
    return root / pointer.removeprefix("gitdir:").strip()


def _read(root: Path, start: Path) -> Checkout | None:
    git = git_folder(root)
    if git is None:
        return None
    head = _line(git / "HEAD")
    if head is None:
        return None
    common_line = _line(git / "commondir")
    common = git / common_line if common_line else git
    name = head.removeprefix("ref:").strip() if head.startswith("ref:") else None
    commit = _resolve(git, common, name) if name is not None else head
    branch = name.removeprefix("refs/heads/") if name is not None else None
    remote = without_credentials(_remote(common, branch) or "")
    relative = start.relative_to(root).as_posix()
    return Checkout(
        root=root,
        commit=commit if commit is not None and _COMMIT.match(commit) else None,
        branch=branch,
        remote=remote.url or None,
        auth=remote.auth,
        subdirectory=None if relative == "." else relative,
    )


def _resolve(git: Path, common: Path, name: str) -> str | None:
    # a ref may name another one; git itself stops after five
    for _ in range(5):
        if not name.startswith("refs/") or ".." in name.split("/"):
            return None
        value = _line(git / name) or _line(common / name) or _packed(common, name)
        if value is None or not value.startswith("ref:"):
            return value
        name = value.removeprefix("ref:").strip()
    return None


def _packed(common: Path, name: str) -> str | None:
    try:
        text = read_text(common / "packed-refs", _LIMIT)
    except OSError:
        return None
    match = re.search(rf"^([0-9a-f]+) {re.escape(name)}$", text, re.MULTILINE)
    return match[1] if match else None


def _remote(common: Path, branch: str | None) -> str | None:
    try:
        text = read_text(common / "config", 1 << 20)
    except OSError:
        return None
    urls: dict[str, str] = {}
    wanted = "origin"
    section = subsection = ""
    for raw in text.splitlines():
        line = raw.strip()
        header = _SECTION.match(line)
        if header is not None:
            section, subsection = header["name"].lower(), re.sub(r"\\(.)", r"\1", header["sub"] or "")
            continue
        key, equals, value = line.partition("=")
        if not equals or line.startswith(("#", ";")):
            continue
        key, value = key.strip().lower(), _unquoted(value.strip())
        if section == "remote" and key == "url":
            urls.setdefault(subsection, value)
        elif section == "branch" and subsection == branch and key == "remote":
            wanted = value
    if wanted == ".":
        # a branch that follows another local one
        wanted = "origin"
    return urls.get(wanted) or urls.get("origin") or next(iter(urls.values()), None)


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        end = value.find('"', 1)
        return value[1:end] if end > 0 else value[1:]
    return re.split(r"\s[#;]", value, maxsplit=1)[0].strip()


def _line(path: Path) -> str | None:
    try:
        return read_text(path, 1 << 16).strip() or None
    except (OSError, ValueError):
        return None
