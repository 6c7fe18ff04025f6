"""An environment replaced in place: the old one moves aside, the new one is built where it stood and proven, or it returns.

A program knows its own place (the first line of a script, a compiled-in path), so the new environment has to be built at the old
one's path; only then can it be what was recorded.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.interrupting import interruptible, undisturbed
from envkeep.engines.prefixes import remove_tree
from envkeep.errors import EnvkeepError, InterruptedByUserError, StoreError
from envkeep.model.names import normalise
from envkeep.restoring.aside import aside_place, inode_of, move_aside, put_back
from envkeep.restoring.replaceable import refuse_if_used
from envkeep.restoring.restore import restore
from envkeep.restoring.result import RollbackResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from envkeep.engines.base import Engine, InstallerName, Progress
    from envkeep.planning.plan import Plan
    from envkeep.restoring.result import RestoreResult
    from envkeep.restoring.unowned import Contents
    from envkeep.store.journal import Entry, Journal

__all__ = ["rollback", "worse_than_planned"]

_STANDS = "The old environment stands where it was."


def rollback(
    plan: Plan,
    *,
    journal: Journal,
    engine: Engine | None,
    source: str,
    saved: str | None,
    contents: Contents,
    allowed: Collection[str] = (),
    installer: InstallerName | None = None,
    progress: Progress | None = None,
    files: bool = False,
    imports: bool = False,
    finish: Callable[[Path], None] | None = None,
) -> RollbackResult:
    """Replace the environment at a plan's target by what the plan makes.

    The old environment comes back whenever something fails, Ctrl-C included; after ``kill -9`` the next run brings it back
    (``aside.finish_killed``). It comes back, too, where the new one turns out worse than the plan said.

    Args:
        plan: made for the prefix of the environment.
        journal: where it is written down what stands where.
        engine: as of ``restore``.
        source: what is rolled back to, for people.
        saved: label of the backup that the present state is in; None where it could not be backed up.
        contents: of the old environment.
        allowed: as of ``replaceable``.
        installer: as of ``restore``.
        progress: as of ``restore``.
        files: as of ``restore``.
        imports: as of ``restore``.
        finish: as of ``restore``.

    Raises:
        RefusedError: processes run from it, or it cannot be moved; nothing has changed.
        StoreError: the journal cannot be written; nothing has changed.
        EnvkeepError: as of ``restore``; the old environment is back.
    """
    prefix = Path(plan.target)
    refuse_if_used(prefix, allowed)
    aside = aside_place(prefix, datetime.now(timezone.utc))
    with (
        interruptible(),
        journal.begin("rollback", str(prefix), source, aside=str(aside), inode=inode_of(prefix), saved=saved) as entry,
    ):
        try:
            move_aside(prefix, aside)
            built = restore(
                plan, engine=engine, installer=installer, progress=progress, files=files, imports=imports, finish=finish
            )
            worse = worse_than_planned(plan, built)
            if not worse:
                # from here on the new one stays, whatever comes
                journal.update(entry, stage="kept")
        except BaseException as error:
            _bring_back(journal, entry)
            if isinstance(error, KeyboardInterrupt):
                raise InterruptedByUserError("interrupted", _STANDS) from None
            if isinstance(error, EnvkeepError):
                error.remedy = f"{error.remedy} {_STANDS}" if error.remedy else _STANDS
            raise
        if worse:
            _bring_back(journal, entry)
    journal.sweep()
    return RollbackResult(built=built, aside=None if worse else aside, saved=saved, worse=worse, contents=contents)


def worse_than_planned(plan: Plan, built: RestoreResult) -> tuple[str, ...]:
    """Return what came out worse than the plan had said, one sentence each; the user agreed to the plan and to nothing else.

    Args:
        plan: as it was shown; the one that was executed can have stepped down further.
        built: what came of it.
    """
    known = {normalise(name) for name in (*(item.name for item in plan.cannot), *(item.name for item in plan.steps_down))}
    faults = list(built.verification.faults)
    for outcome in built.verification.outcomes:
        # from a list of Python packages alone nothing else of conda's is expected back
        counts = outcome.kind in {"python", "pip"} or (outcome.kind == "conda" and plan.start != "pip")
        if counts and outcome.outcome in {"missing", "other-version"} and normalise(outcome.name) not in known:
            reason = f": {outcome.reason}" if outcome.reason else ""
            faults.append(f"{outcome.name} is {outcome.found or 'missing'}, and {outcome.expected} was recorded{reason}")
    return tuple(faults)


def _bring_back(journal: Journal, entry: Entry) -> None:
    with undisturbed():
        left = put_back(entry)
        # where the journal cannot be written, the next run sees for itself that the old one is back
        with suppress(StoreError):
            entry = journal.update(entry, stage="put-back" if left else "done", left=left)
    if left:
        # it was made just now, by us
        remove_tree(Path(left))
        if not os.path.lexists(left):
            with suppress(StoreError):
                journal.update(entry, stage="done")
