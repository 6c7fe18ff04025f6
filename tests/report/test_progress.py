"""What is said on stderr while long work goes on."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from envkeep.report import progress
from support.command import Stream

if TYPE_CHECKING:
    import pytest


def test_a_log_has_a_line_for_what_takes_long_and_none_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Stream()
    monkeypatch.setattr(sys, "stderr", err)
    told = progress.progress_for(quiet=False)
    told.start("looking", 3)
    told.advance()
    told.finish()
    assert err.text() == ""
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    told.start("installing", 3)
    deadline = time.monotonic() + 10
    while not err.text() and time.monotonic() < deadline:
        time.sleep(0.01)
    told.start("verifying")
    told.finish()
    assert err.text().splitlines()[0] == "still installing"


def test_a_stage_that_ended_says_nothing_later(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Stream()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(progress, "_PATIENCE", 0.2)
    told = progress.progress_for(quiet=False)
    told.start("installing")
    told.finish()
    told.finish()
    time.sleep(0.4)
    assert err.text() == ""


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Stream()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    progress.progress_for(quiet=True).start("installing")
    time.sleep(0.05)
    assert err.text() == ""
