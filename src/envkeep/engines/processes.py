"""Processes of this machine that run from a folder: looked at, never touched."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Process", "processes_in"]

_PATIENCE = 10.0


@frozen
class Process:
    """A process that runs; ``name`` is what the system calls it."""

    pid: int
    name: str


def processes_in(folder: Path) -> tuple[Process, ...]:
    """Return the processes whose program, library or script lies in a folder, by pid; our own is left out.

    Linux: by ``/proc``, of the processes that we may look into (another user's are not seen). macOS: by what ``ps`` prints.
    Windows: none, since there the system itself refuses to move a folder from which something runs.
    """
    places = {str(folder.absolute()), str(folder.resolve())}
    if sys.platform == "linux":
        found = _by_proc(places)
    elif sys.platform == "win32":
        return ()
    else:
        found = _by_ps(places)
    return tuple(sorted((each for each in found if each.pid != os.getpid()), key=lambda each: each.pid))


def _by_proc(places: set[str]) -> Iterator[Process]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _runs_from(entry, places):
            yield Process(pid=int(entry.name), name=_read(entry / "comm").decode("utf-8", "replace").strip() or "?")


def _runs_from(process: Path, places: set[str]) -> bool:
    try:
        program = str((process / "exe").readlink())
    except OSError:
        # gone meanwhile, a kernel thread, or another user's
        return False
    # a venv's Python is a link to one elsewhere: its path stands among the arguments, its libraries in the maps
    arguments = _read(process / "cmdline").split(b"\0")[:2]
    if any(_is_in(path, places) for path in (program, *(os.fsdecode(each) for each in arguments))):
        return True
    maps = _read(process / "maps")
    return any(b" " + os.fsencode(place) + b"/" in maps for place in places)


def _by_ps(places: set[str]) -> Iterator[Process]:
    from envkeep.engines.run import run
    from envkeep.errors import EngineError

    try:
        done = run(["ps", "-axww", "-o", "pid=,command="], timeout=_PATIENCE)
    except (EngineError, TimeoutError):
        return
    for line in done.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        # paths can hold blanks, which ps does not quote
        if pid.isdigit() and any(f"{place}/" in command for place in places):
            yield Process(pid=int(pid), name=Path(command.split(" ")[0]).name or "?")


def _is_in(path: str, places: set[str]) -> bool:
    return any(path.startswith(f"{place}/") for place in places)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
