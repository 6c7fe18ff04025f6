from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from envkeep.engines.prefixes import fresh_prefix, remove_tree
from envkeep.errors import EngineError, TargetExistsError
from support.rights import not_root


class BoomError(Exception):
    pass


def test_what_is_made_stays(tmp_path: Path) -> None:
    with fresh_prefix(tmp_path / "a" / "env"):
        (tmp_path / "a" / "env" / "bin").mkdir(parents=True)
    assert (tmp_path / "a" / "env" / "bin").is_dir()


@pytest.mark.parametrize("error", [BoomError, KeyboardInterrupt])
def test_what_fails_leaves_nothing_but_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").mkdir()
    prefix = tmp_path / "a" / "b" / "c" / "env"

    def make() -> None:
        with fresh_prefix(prefix):
            prefix.mkdir(parents=True)
            (prefix / "file").write_text("x")
            raise error

    with pytest.raises(error):
        make()
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="a signal to oneself is one of POSIX")
def test_a_second_ctrl_c_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = shutil.rmtree

    def interrupted(*args: Any, **more: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        remove(*args, **more)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    guard = fresh_prefix(tmp_path / "a" / "env")
    guard.__enter__()
    (tmp_path / "a" / "env").mkdir(parents=True)
    assert not guard.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert list(tmp_path.iterdir()) == []


def test_a_neighbour_that_came_meanwhile_stays(tmp_path: Path) -> None:
    prefix = tmp_path / "envs" / "env"

    def make() -> None:
        with fresh_prefix(prefix):
            prefix.mkdir(parents=True)
            (tmp_path / "envs" / "other").mkdir()
            raise BoomError

    with pytest.raises(BoomError):
        make()
    assert [each.name for each in (tmp_path / "envs").iterdir()] == ["other"]


@pytest.mark.parametrize("kind", ["file", "full folder", "dangling link"])
def test_what_is_there_is_never_touched(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "env"
    if kind == "file":
        target.write_text("x")
    elif kind == "full folder":
        target.mkdir()
        (target / "x").write_text("x")
    else:
        if sys.platform == "win32":
            pytest.skip("links need a privilege")
        target.symlink_to(tmp_path / "gone")
    with pytest.raises(TargetExistsError), fresh_prefix(target):
        raise AssertionError
    assert os.path.lexists(target)


def test_where_nothing_can_be_made_that_is_said_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    places = [tmp_path / "file" / "env", tmp_path / "file" / "envs" / "env"]
    if os.name != "nt":
        (tmp_path / "link").symlink_to(tmp_path / "gone")
        places.append(tmp_path / "link" / "env")
    for place in places:
        why = r"no environment can be made at .*env: .*(file|link|envs): (it is no folder|The system)"
        with pytest.raises(EngineError, match=why), fresh_prefix(place):
            pytest.fail("nothing is begun")
    assert sorted(each.name for each in tmp_path.iterdir() if not each.is_symlink()) == ["file"]


@not_root
def test_a_folder_that_may_not_be_written_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir(mode=0o555)
    for place in (tmp_path / "env", tmp_path / "env" / "a" / "b"):
        with pytest.raises(EngineError, match=r"env(.a)?: Permission denied"), fresh_prefix(place):
            pytest.fail("nothing is begun")
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o555


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(EngineError, match="not an absolute path"), fresh_prefix(Path("env")):
        raise AssertionError


def test_read_only_files_and_folders_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "tree" / "sub"
    folder.mkdir(parents=True)
    (folder / "file").write_text("x")
    (folder / "file").chmod(0o400)
    folder.chmod(0o500)
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
    remove_tree(tmp_path / "tree")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_what_links_point_to_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "keep").write_text("x")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "mine")
    remove_tree(tmp_path / "tree")
    assert (tmp_path / "mine" / "keep").exists()
