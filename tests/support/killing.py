"""envkeep run in a process that is killed, as by ``kill -9``, at a step of its work."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_killed"]

# a rename, a folder made or removed below a place is a step, and from the first of those on every program that is started, or
# asked where it was started before; the interpreter itself tells of them but for the last
_RUN = """
import os, signal, sys
place, at = sys.argv[1], int(sys.argv[2])
steps = 0

def hook(event, args):
    global steps
    if event not in ("os.rename", "subprocess.Popen", "ask", "os.mkdir", "os.rmdir"):
        return
    paths = [os.fspath(arg) for arg in args if isinstance(arg, (str, os.PathLike))]
    if not (steps if event in ("subprocess.Popen", "ask") else any(path.startswith(place) for path in paths)):
        return
    steps += 1
    if steps == at:
        os.kill(os.getpid(), signal.SIGKILL)

sys.argv = ["envkeep", *sys.argv[3:]]
from envkeep.cli.main import main
import envkeep.engines.run, envkeep.store.store, envkeep.cli.rollback, envkeep.cli.restore
from envkeep.engines.dialogue import Dialogue
ask = Dialogue.ask

def asked(dialogue, *args):
    hook("ask", ())
    return ask(dialogue, *args)

Dialogue.ask = asked
sys.addaudithook(hook)
try:
    main()
finally:
    sys.stderr.write(f"steps: {steps}\\n")
    sys.stderr.flush()
"""


def run_killed(place: Path, at: int, *argv: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``envkeep`` and kill it just before its step of this number (from 1); 0 never: it then says how many there are.

    Args:
        place: renames, and folders made or removed, below it count, and programs that are started from the first of them on.
        at: which step.
        argv: of envkeep.
    """
    words = [sys.executable, "-c", _RUN, str(place), str(at), *map(str, argv)]
    return subprocess.run(words, capture_output=True, encoding="utf-8", check=False, env=dict(os.environ))
