"""An environment moved aside, put back, or discarded; and what a run that was killed had moved, put back by the next one.

Everything is a rename within one folder, so that each step is done or not. Which of two folders is the old environment is told by
its inode, whatever names they have by then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.interrupting import undisturbed
from envkeep.engines.prefixes import remove_tree
from envkeep.errors import EnvkeepError, RefusedError, StoreError
from envkeep.model.frozen import frozen
from envkeep.restoring.replaceable import runs_from

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envkeep.store.journal import Entry, Journal

__all__ = ["Found", "aside_place", "discard", "finish_killed", "inode_of", "move_aside", "put_back", "waiting"]


@frozen
class Found:
    """What was found of a run that was killed, or of a rollback that waits for a word.

    Attributes:
        entry: of the journal.
        fact: what is so; one sentence without a final full stop.
        remedy: what to do; empty where all is done.
        mended: whether something was just put back.
    """

    entry: Entry
    fact: str
    remedy: str = ""
    mended: bool = False


def aside_place(prefix: Path, now: datetime) -> Path:
    """Return a free path beside an environment, which says what it is and when it was moved there."""
    return _free(prefix.with_name(f"{prefix.name}.before-{now.astimezone():%Y%m%d%H%M%S}"))


def inode_of(path: Path) -> int | None:
    """Return the number that tells a folder from all others of its file system; None where nothing is."""
    try:
        return path.lstat().st_ino
    except OSError:
        return None


def move_aside(prefix: Path, aside: Path) -> None:
    """Rename an environment.

    Raises:
        RefusedError: the system does not let it; nothing has changed.
    """
    if os.path.lexists(aside):
        raise RefusedError(f"{aside} exists already, and {prefix} was to be moved there", "Try again.")
    try:
        prefix.rename(aside)
    except OSError as error:
        raise RefusedError(
            f"{prefix} cannot be moved aside to {aside}: {error.strerror or error}",
            "End what runs from it, and look whether it is a mount point or its folder belongs to somebody else. Or build a new "
            "one beside it with envkeep restore.",
        ) from error


def put_back(entry: Entry) -> str:
    """Bring the old environment back to its place; return where what stood there was moved to, empty where nothing did.

    Raises:
        EnvkeepError: it is not where it was moved to, or the system does not let it; says where it stands.
    """
    prefix, aside = Path(entry.prefix), Path(entry.aside or "")
    with undisturbed():
        if inode_of(prefix) == entry.inode:
            return ""
        if inode_of(aside) != entry.inode:
            raise EnvkeepError(
                f"the environment that was moved aside from {prefix} is not at {aside} any more",
                "Something else than envkeep moved or removed it; nothing was touched.",
            )
        left = _free(prefix.with_name(f"{prefix.name}.half-made")) if os.path.lexists(prefix) else None
        try:
            if left is not None:
                prefix.rename(left)
            aside.rename(prefix)
        except OSError as error:
            raise EnvkeepError(
                f"the old environment stands at {aside} and cannot be moved back to {prefix}: {error.strerror or error}",
                "End what runs from either; the next envkeep command tries again.",
            ) from error
    return "" if left is None else str(left)


def discard(journal: Journal, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Remove the environments that rollbacks moved aside, and what killed ones had built; return the paths removed.

    Raises:
        StoreError: somebody works at it right now.
        EnvkeepError: one cannot be removed whole.
    """
    removed = []
    for entry in entries:
        with journal.resume(entry):
            for path in _remains(entry):
                remove_tree(path)
                if os.path.lexists(path):
                    raise EnvkeepError(f"{path} cannot be removed whole", "Look at its permissions, then try again.")
                removed.append(str(path))
            journal.update(entry, stage="done")
    journal.sweep()
    return tuple(removed)


def finish_killed(journal: Journal) -> tuple[Found, ...]:
    """Put back what killed rollbacks had moved aside, and say so of each; say what killed restores left half made.

    What still runs is left alone. An environment is never removed here.
    """
    found = []
    for entry in journal.entries():
        if entry.stage != "building" or journal.is_running(entry):
            continue
        try:
            with journal.resume(entry):
                told = _finish_rollback(journal, entry) if entry.kind == "rollback" else _finish_restore(journal, entry)
        except StoreError:
            # another process was quicker
            continue
        if told is not None:
            found.append(told)
    journal.sweep()
    return tuple(found)


def waiting(journal: Journal) -> tuple[Found, ...]:
    """Return the rollbacks whose old environment, or whose half-made one, still takes room; those whose is gone are forgotten."""
    found = []
    for entry in journal.entries():
        if entry.stage not in {"kept", "put-back"} or journal.is_running(entry):
            continue
        remains = _remains(entry)
        if not remains:
            journal.update(entry, stage="done")
            continue
        where = ", ".join(map(str, remains))
        if entry.stage == "kept":
            fact = f"{entry.prefix} was rolled back to {entry.source}; the environment before that stands at {where}"
            remedy = f"Remove it: envkeep rollback --discard-old -p {_word(entry.prefix)}"
        else:
            fact = f"the rollback of {entry.prefix} to {entry.source} came to nothing; what it had built stands at {where}"
            remedy = f"Remove that: envkeep rollback --discard-old -p {_word(entry.prefix)}"
        found.append(Found(entry=entry, fact=fact, remedy=remedy))
    journal.sweep()
    return tuple(found)


def _finish_rollback(journal: Journal, entry: Entry) -> Found | None:
    prefix, aside = Path(entry.prefix), Path(entry.aside or "")
    when = f"{entry.started.astimezone():%Y-%m-%d %H:%M:%S}"
    begun = f"the rollback of {prefix} to {entry.source}, begun {when}, was cut off"
    if inode_of(prefix) == entry.inode:
        journal.update(entry, stage="done")
        return Found(entry=entry, fact=f"{begun}; the environment is as it was", mended=True)
    if inode_of(aside) != entry.inode:
        journal.update(entry, stage="done")
        return Found(
            entry=entry,
            fact=f"{begun}; the environment that it had moved to {aside} is not there any more, so nothing was touched",
            remedy=f"Its state is in the backup {entry.saved}." if entry.saved else "",
        )
    users = _users(prefix)
    if users:
        return Found(
            entry=entry,
            fact=f"{begun}; the old environment stands at {aside}, and cannot be put back while {users}",
            remedy="End that, then run any envkeep command from outside of it.",
        )
    try:
        left = put_back(entry)
    except EnvkeepError as error:
        return Found(entry=entry, fact=f"{begun}; {error.fact}", remedy=error.remedy or "")
    if not left:
        journal.update(entry, stage="done")
        return Found(entry=entry, fact=f"{begun}; the old environment is back at its place", mended=True)
    entry = journal.update(entry, stage="put-back", left=left)
    return Found(
        entry=entry,
        fact=f"{begun}; the old environment is back at its place, what had been built of the new one stands at {left}",
        remedy=f"Remove that: envkeep rollback --discard-old -p {_word(str(prefix))}",
        mended=True,
    )


def _finish_restore(journal: Journal, entry: Entry) -> Found | None:
    prefix = Path(entry.prefix)
    if not os.path.lexists(prefix):
        journal.update(entry, stage="done")
        return None
    when = f"{entry.started.astimezone():%Y-%m-%d %H:%M:%S}"
    return Found(
        entry=entry,
        fact=f"{prefix} is half made: the restore of {entry.source}, begun {when}, was cut off",
        remedy=f"Remove it, then restore again: {'rmdir /s /q' if os.name == 'nt' else 'rm -r'} {_word(str(prefix))}",
    )


def _users(prefix: Path) -> str:
    from envkeep.engines.processes import processes_in

    if runs_from(prefix):
        return f"envkeep itself runs from {prefix}"
    running = processes_in(prefix)
    return f"{', '.join(f'{each.name} ({each.pid})' for each in running)} run from {prefix}" if running else ""


def _remains(entry: Entry) -> list[Path]:
    places = []
    if entry.stage == "kept" and entry.aside and inode_of(Path(entry.aside)) == entry.inode:
        places.append(Path(entry.aside))
    if entry.left and os.path.lexists(entry.left):
        places.append(Path(entry.left))
    return places


def _free(path: Path) -> Path:
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def _word(text: str) -> str:
    from envkeep.engines.run import quote

    return quote([text])
