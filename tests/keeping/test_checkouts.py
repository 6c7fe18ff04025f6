"""The state of an editable checkout is in a backup, and is no reason for one."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

from envkeep.keeping.backup import backup
from envkeep.model.record import Record
from envkeep.store.contents import load
from envkeep.store.store import Store
from support.stores import NOON
from support.wild_prefixes import wild_venv

if TYPE_CHECKING:
    from pathlib import Path


def test_a_checkout_in_which_something_changes_makes_no_new_backup(tmp_path: Path, pushed_repo: Path) -> None:
    store = Store(tmp_path / "home")
    prefix = wild_venv(tmp_path / "lab")
    prefix.dist("labvcs", direct_url=json.dumps({"url": pushed_repo.as_uri(), "dir_info": {"editable": True}}))
    (pushed_repo / "labvcs.py").write_text("x = 2\n")
    kept = backup(prefix.path, store, now=NOON).kept
    assert kept is not None
    stored = load(kept)
    assert isinstance(stored, Record)
    (dist,) = stored.pip
    assert dist.origin is not None
    assert (dist.origin.dirty, dist.origin.unpushed) == (True, False)
    assert "; uncommitted changes\n" in kept.txt.read_text()
    subprocess.run(["git", "-C", pushed_repo, "checkout", "-q", "--", "."], check=True)
    result = backup(prefix.path, store, afresh=True, now=NOON + timedelta(days=1))
    assert (result.kept, len(result.changes or ())) == (None, 0)
