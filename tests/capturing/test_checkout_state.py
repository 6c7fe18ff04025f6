from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.capturing import checkout_state as module
from envkeep.capturing.capture import capture
from envkeep.capturing.checkout_state import checkout_states
from envkeep.model.content import content_digest
from support.projects import git_commit, make_git_repo
from support.trees import snapshot
from support.wild_prefixes import wild_venv

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.capturing.checkout_state import CheckoutState
    from envkeep.model.record import Record


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout.strip()


def state(folder: Path) -> CheckoutState:
    return checkout_states([folder], patience=30.0)[folder]


def add(prefix: Any, name: str, folder: Path, *, editable: bool = True) -> None:
    prefix.dist(name, direct_url=json.dumps({"url": folder.as_uri(), "dir_info": {"editable": editable}}))


def said(record: Record) -> dict[str, tuple[bool | None, bool | None]]:
    return {dist.name: (dist.origin.dirty, dist.origin.unpushed) for dist in record.pip if dist.origin is not None}


class TestAsking:
    def test_renamed_files_and_staged_ones_count(self, pushed_repo: Path) -> None:
        git(pushed_repo, "mv", "labvcs.py", "o ther.py")
        (pushed_repo / "näw").write_text("")
        assert state(pushed_repo).dirty == ("labvcs.py", "näw", "o ther.py")

    def test_what_a_caller_wants_of_pathspecs_has_no_say(self, pushed_repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # magit sets it for whatever it starts
        monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
        (pushed_repo / "sub").mkdir()
        (pushed_repo / "sub" / "b.py").write_text("")
        assert state(pushed_repo / "sub").dirty

    def test_a_split_index_keeps_its_time(self, pushed_repo: Path) -> None:
        git(pushed_repo, "update-index", "--split-index")
        (shared,) = (pushed_repo / ".git").glob("sharedindex.*")
        os.utime(shared, ns=(10**18, 10**18))
        found = state(pushed_repo)
        assert found.unknown is not None
        assert "index is split" in found.unknown
        assert shared.stat().st_mtime_ns == 10**18

    def test_a_submodule_s_own_filter_is_not_started(self, pushed_repo: Path, tmp_path: Path) -> None:
        top = make_git_repo(tmp_path / "top", "top")
        (pushed_repo / ".gitattributes").write_text("*.py filter=own\n")
        git_commit(pushed_repo, "attributes")
        git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(pushed_repo), "sub")
        git_commit(top, "with a submodule")
        ran = tmp_path / "ran"
        git(top / "sub", "config", "filter.own.clean", f"sh -c 'touch {ran}; cat'")
        (top / "sub" / "labvcs.py").write_text("changed\n")
        assert state(top).unknown is None
        assert not ran.exists()
        # another commit of it is a change
        (top / "sub" / ".gitattributes").unlink()
        git_commit(top / "sub", "moved on")
        assert state(top).dirty == ("sub",)

    def test_what_building_leaves_is_no_change(self, pushed_repo: Path) -> None:
        for name in ("labvcs.egg-info", "__pycache__", "src/labvcs.egg-info"):
            (pushed_repo / name).mkdir(parents=True)
            (pushed_repo / name / "x").write_text("")
        assert state(pushed_repo).dirty == ()

    def test_folders_within_a_checkout_answer_for_themselves(self, pushed_repo: Path) -> None:
        for name in ("a", "b", "ab"):
            (pushed_repo / name).mkdir()
            (pushed_repo / name / "a.py").write_text("")
        git_commit(pushed_repo, "sub")
        git(pushed_repo, "push", "-q", "origin", "main")
        (pushed_repo / "labvcs.py").write_text("changed\n")
        (pushed_repo / "ab" / "a.py").write_text("changed\n")
        (pushed_repo / "new" / "deep").mkdir(parents=True)
        (pushed_repo / "new" / "deep" / "x.py").write_text("")
        folders = [pushed_repo / name for name in ("a", "b", "ab", "new/deep")]
        found = checkout_states(folders, patience=30.0)
        assert [found[folder].dirty for folder in folders] == [(), (), ("ab/a.py",), ("new/deep/",)]
        assert found[folders[0]].unpushed is False
        assert found[folders[0]].remotes
        both = checkout_states([*folders, pushed_repo], patience=30.0)
        assert both[pushed_repo].dirty == ("ab/a.py", "labvcs.py", "new/")
        assert (both[folders[1]].dirty, both[folders[3]].dirty) == ((), ("new/",))

    def test_without_a_commit(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "-q")
        (tmp_path / "x.py").write_text("")
        found = state(tmp_path)
        assert (found.dirty, found.unpushed, found.remotes, found.unknown) == (("x.py",), None, False, None)

    def test_what_is_no_checkout_is_not_known(self, tmp_path: Path) -> None:
        assert "not a git repository" in (state(tmp_path).unknown or "")

    def test_the_checkout_is_not_touched_and_its_programs_do_not_run(self, pushed_repo: Path, tmp_path: Path) -> None:
        spy = tmp_path / "spy"
        spy.write_text(f"#!/bin/sh\ntouch '{tmp_path / 'ran'}'\ncat\n")
        spy.chmod(0o755)
        (pushed_repo / ".gitattributes").write_text("*.bin filter=spy\n*.dat filter=process\n")
        for name in ("x.bin", "x.dat"):
            (pushed_repo / name).write_text("1")
        git_commit(pushed_repo, "data")
        git(pushed_repo, "push", "-q", "origin", "main")
        git(pushed_repo, "config", "core.fsmonitor", str(spy))
        git(pushed_repo, "config", "filter.spy.clean", str(spy))
        git(pushed_repo, "config", "filter.spy.required", "true")
        git(pushed_repo, "config", "filter.process.process", str(spy))
        # an index that git would like to refresh
        for name in ("labvcs.py", "x.bin", "x.dat"):
            os.utime(pushed_repo / name, (1, 1))
        before = snapshot(pushed_repo)
        assert state(pushed_repo).unknown is None
        assert "labvcs.py" not in state(pushed_repo).dirty
        assert snapshot(pushed_repo) == before
        assert not (tmp_path / "ran").exists()

    def test_a_filter_that_cannot_be_switched_off_keeps_git_from_being_asked(self, pushed_repo: Path) -> None:
        git(pushed_repo, "config", "filter.a=b.clean", "cat")
        assert state(pushed_repo).unknown == "its 'filter.a=b' cannot be switched off"

    def test_a_partial_clone_fetches_nothing(self, pushed_repo: Path, tmp_path: Path) -> None:
        hub = tmp_path / "hub.git"
        git(hub, "config", "uploadpack.allowFilter", "true")
        git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", hub.as_uri(), "part")
        # as good as the one that it has not got: git would fetch that to see whether it was renamed
        (tmp_path / "part" / "other.py").write_text((pushed_repo / "labvcs.py").read_text() + "\n")
        git(tmp_path / "part", "add", "other.py")
        before = snapshot(tmp_path / "part")
        assert "other.py" in state(tmp_path / "part").dirty
        assert snapshot(tmp_path / "part") == before

    def test_other_checkouts_that_the_environment_names_are_not_looked_at(
        self, pushed_repo: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_DIR", str(pushed_repo / "nowhere"))
        assert state(pushed_repo).unknown is None

    @pytest.mark.skipif(os.name == "nt", reason="a shell script stands for git")
    def test_a_git_that_hangs_is_not_waited_for(self, pushed_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / "bin" / "git").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        other = tmp_path / "other"
        began = time.monotonic()
        found = checkout_states([pushed_repo, other], patience=0.3)
        assert time.monotonic() - began < 3
        assert {each.unknown for each in found.values()} == {"git did not answer within 0.3 s"}


class TestInACapture:
    def test_it_is_in_the_record(self, pushed_repo: Path, tmp_path: Path) -> None:
        prefix = wild_venv(tmp_path / "v")
        lone = make_git_repo(tmp_path / "lone", "lone")
        add(prefix, "labvcs", pushed_repo)
        add(prefix, "lone", lone)
        add(prefix, "copied", pushed_repo, editable=False)
        assert said(capture(prefix.path)) == {"labvcs": (False, False), "lone": (False, True), "copied": (None, None)}
        (pushed_repo / "labvcs.py").write_text("x = 2\n")
        assert said(capture(prefix.path))["labvcs"] == (True, False)
        assert said(capture(prefix.path, ask_git=False))["labvcs"] == (None, None)
        assert said(capture(prefix.path, start_python=False))["labvcs"] == (None, None)

    def test_it_is_no_part_of_the_identity_and_nothing_is_touched(self, pushed_repo: Path, tmp_path: Path) -> None:
        prefix = wild_venv(tmp_path / "v")
        add(prefix, "labvcs", pushed_repo)
        clean = content_digest(capture(prefix.path))
        (pushed_repo / "labvcs.py").write_text("x = 2\n")
        before = snapshot(tmp_path)
        assert content_digest(capture(prefix.path)) == clean
        assert snapshot(tmp_path) == before

    def test_each_checkout_is_asked_once(self, pushed_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = []
        ask = module._ask

        def counted(root: Path, *others: Any) -> CheckoutState:
            asked.append(root)
            return ask(root, *others)

        monkeypatch.setattr(module, "_ask", counted)
        prefix = wild_venv(tmp_path / "v")
        (pushed_repo / "sub").mkdir()
        (pushed_repo / "sub" / "x.py").write_text("")
        for name, folder in (("one", pushed_repo), ("two", pushed_repo), ("three", pushed_repo / "sub")):
            add(prefix, name, folder)
        assert said(capture(prefix.path)) == dict.fromkeys(("one", "two", "three"), (True, False))
        assert asked == [pushed_repo]

    def test_without_git_it_is_not_known_and_no_problem(
        self, pushed_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prefix = wild_venv(tmp_path / "v")
        add(prefix, "labvcs", pushed_repo)
        problems = capture(prefix.path).problems
        (tmp_path / "empty").mkdir()
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        record = capture(prefix.path)
        assert said(record) == {"labvcs": (None, None)}
        assert record.problems == problems

    def test_without_checkouts_no_process_is_thought_of(self, tmp_path: Path) -> None:
        prefix = wild_venv(tmp_path / "v")
        (tmp_path / "plain").mkdir()
        add(prefix, "plain", tmp_path / "plain")
        prefix.dist("six")
        code = (
            "import sys; from pathlib import Path; from envkeep.capturing.capture import capture; "
            f"capture(Path({str(prefix.path)!r})); print(sorted({{'subprocess', 'threading'}} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"
