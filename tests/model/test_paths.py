from __future__ import annotations

import os
from pathlib import Path

import pytest

from envkeep.errors import UsageError
from envkeep.model.paths import absolute


def test_links_and_blanks_stay_and_the_home_is_put_in(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(home)
    monkeypatch.chdir(tmp_path)
    assert absolute("link/a b") == tmp_path / "link" / "a b"
    assert absolute(Path("~/envs")) == home / "envs"
    assert absolute("x/../y") == tmp_path / "y"


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no users there, and keeps the folder where one is")
def test_what_nobody_can_know_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="nobody-of-that-name"):
        absolute("~nobody-of-that-name/envs")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert absolute("/srv/envs") == Path("/srv/envs")
    with pytest.raises(UsageError, match="which is gone"):
        absolute("envs")
