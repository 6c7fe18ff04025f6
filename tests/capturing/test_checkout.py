from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envkeep.capturing.checkout import find_checkout
from support.trees import snapshot

if TYPE_CHECKING:
    from pathlib import Path


def git(*arguments: str, cwd: Path) -> str:
    who = [
        "-c",
        "user.name=lab",
        "-c",
        "user.email=lab@example.org",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "protocol.file.allow=always",
    ]
    done = subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    path = tmp_path / "repo"
    path.mkdir()
    git("init", cwd=path)
    (path / "sub").mkdir()
    (path / "sub" / "x").write_text("1")
    git("add", ".", cwd=path)
    git("commit", "-m", "one", cwd=path)
    git("remote", "add", "origin", "https://user:S3CR3T@host/lab.git", cwd=path)
    return path


def test_a_branch(repo: Path) -> None:
    found = find_checkout(repo)
    assert found is not None
    assert found.commit == git("rev-parse", "HEAD", cwd=repo)
    assert (found.branch, found.remote, found.auth, found.subdirectory) == ("main", "https://host/lab.git", "user", None)


def test_a_subfolder(repo: Path) -> None:
    found = find_checkout(repo / "sub")
    assert found is not None
    assert (found.subdirectory, found.root) == ("sub", repo.resolve())


def test_packed_refs(repo: Path) -> None:
    git("pack-refs", "--all", cwd=repo)
    assert not (repo / ".git" / "refs" / "heads" / "main").exists()
    found = find_checkout(repo)
    assert found is not None
    assert found.commit == git("rev-parse", "HEAD", cwd=repo)


def test_a_detached_head(repo: Path) -> None:
    git("checkout", "--detach", cwd=repo)
    found = find_checkout(repo)
    assert found is not None
    assert (found.commit, found.branch) == (git("rev-parse", "HEAD", cwd=repo), None)


def test_a_worktree(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", str(tmp_path / "tree"), "-b", "feature", cwd=repo)
    (tmp_path / "tree" / "y").write_text("2")
    git("add", ".", cwd=tmp_path / "tree")
    git("commit", "-m", "two", cwd=tmp_path / "tree")
    found = find_checkout(tmp_path / "tree")
    assert found is not None
    assert found.commit == git("rev-parse", "feature", cwd=repo) != git("rev-parse", "main", cwd=repo)
    assert (found.branch, found.remote) == ("feature", "https://host/lab.git")


def test_a_submodule(repo: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git("init", cwd=outer)
    git("submodule", "add", str(repo), "inner", cwd=outer)
    found = find_checkout(outer / "inner")
    assert found is not None
    assert (found.commit, found.remote) == (git("rev-parse", "HEAD", cwd=repo), str(repo))


def test_the_branchs_own_remote(repo: Path) -> None:
    git("remote", "add", "upstream", "git@host:up/lab.git", cwd=repo)
    git("config", "branch.main.remote", "upstream", cwd=repo)
    found = find_checkout(repo)
    assert found is not None
    assert found.remote == "git@host:up/lab.git"


def test_no_commit_yet_and_no_remote(tmp_path: Path) -> None:
    git("init", cwd=tmp_path)
    found = find_checkout(tmp_path)
    assert found is not None
    assert (found.commit, found.branch, found.remote) == (None, "main", None)


def test_sha256_repositories(tmp_path: Path) -> None:
    git("init", "--object-format=sha256", cwd=tmp_path)
    git("commit", "--allow-empty", "-m", "one", cwd=tmp_path)
    found = find_checkout(tmp_path)
    assert found is not None
    assert found.commit == git("rev-parse", "HEAD", cwd=tmp_path)
    assert len(found.commit or "") == 64


def test_nothing_is_touched(repo: Path) -> None:
    before = snapshot(repo)
    find_checkout(repo)
    assert snapshot(repo) == before


@pytest.mark.parametrize("text", ["ref: ../../etc/passwd", "ref: refs/heads/../../../x", "ref: refs/heads/a", "nonsense", ""])
def test_a_head_that_leads_nowhere(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text(text)
    (tmp_path / ".git" / "refs" / "heads" / "a").write_text("ref: refs/heads/a")
    found = find_checkout(tmp_path)
    assert found is None or found.commit is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=100))
def test_any_files_are_read(tmp_path: Path, head: bytes, packed: bytes, config: bytes) -> None:
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / ".git" / "HEAD").write_bytes(head)
    (tmp_path / ".git" / "packed-refs").write_bytes(packed)
    (tmp_path / ".git" / "config").write_bytes(config)
    find_checkout(tmp_path)
