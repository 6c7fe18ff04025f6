"""``envkeep rollback``."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import Answering, answering
from envkeep.cli.options import AsJson, DryRun, Home, Name, Prefix, Quiet, Verbose, Yes
from envkeep.cli.rebuilding import Rebuild, with_rebuild
from envkeep.model.paths import absolute

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from envkeep.cli.choosing import Chosen
    from envkeep.store.config import Config
    from envkeep.store.store import Store

__all__ = ["command"]


class _Allow(str, Enum):
    running = "running"
    frozen = "frozen"
    base = "base"
    externally_managed = "externally-managed"
    nested = "nested"
    no_backup = "no-backup"


@with_rebuild
def command(
    backup: Annotated[
        str | None,
        typer.Argument(metavar="[BACKUP]", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a file.", show_default=False),
    ] = None,
    name: Name = None,
    prefix: Prefix = None,
    discard_old: Annotated[
        bool, typer.Option("--discard-old", help="Remove what earlier rollbacks moved aside; nothing is rolled back.")
    ] = False,
    allow: Annotated[
        list[_Allow] | None,
        typer.Option("--allow", help="Replace the environment though this speaks against it.", show_default=False),
    ] = None,
    *,
    rebuild: Rebuild,
    yes: Yes = False,
    dry_run: DryRun = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Rebuild an environment in place: back it up, move it aside, build the backup where it stood, and verify that.

    The old environment comes back if anything fails, or if the new one comes out worse than the plan says. It stays beside the
    new one until --discard-old.

    Example: envkeep rollback microscope@2025-01-31
    """
    with answering("rollback", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.errors import UsageError
        from envkeep.report.progress import progress_for

        config = rebuild.config(run)
        store = run.store(config)
        if discard_old:
            if backup is not None:
                raise UsageError("--discard-old goes with no backup", "Leave the backup out.")
            _discard(run, config, name, prefix, yes=yes, dry_run=dry_run)
        if backup is None:
            raise UsageError("no backup is named", "Name one: envkeep rollback latest. See envkeep list.")
        from envkeep.report.rollback import plan_of_rollback_text, rolled_back_text
        from envkeep.restoring.replaceable import refuse_unless_replaceable, refuse_where_we_run
        from envkeep.restoring.rollback import rollback
        from envkeep.restoring.unowned import look_into
        from envkeep.store.journal import Journal

        chosen, where = _choose(store, backup, name, prefix)
        allowed = {each.value for each in allow or ()}
        again = f"envkeep rollback {chosen.label} -p {where}"
        refuse_where_we_run(where, None, again)
        refuse_unless_replaceable(where, os.environ, allowed)
        engine = rebuild.woken(run, config, chosen)
        source = rebuild.load_whole(store, chosen)
        progress = progress_for(quiet=quiet)
        with rebuild.ready(
            run, config, chosen, source, progress, target=where, in_place=True, engine=engine, dry_run=dry_run
        ) as ready:
            plan = ready.plan
            refuse_where_we_run(where, ready.engine, again)
            contents = look_into(where)
            shown = plan_of_rollback_text(plan, contents, verbose=verbose)
            if dry_run:
                run.answer({"plan": plan, "old": contents}, lambda: shown)
            run.console.say(shown)
            if not yes:
                question = f"Replace {where} with {chosen.label}?"
                run.confirm(question, "nothing was changed", "Say --yes to replace it without being asked.")
            saved = _save(config, where, chosen, required="no-backup" not in allowed)
            with _alone(store, where):
                result = rollback(
                    plan,
                    journal=Journal(config.home),
                    engine=ready.engine,
                    source=chosen.label,
                    saved=saved,
                    contents=contents,
                    allowed=allowed,
                    installer=config.installer,
                    progress=progress,
                    files=rebuild.files,
                    imports=rebuild.imports,
                    finish=ready.finish,
                )
            run.answer(result, lambda: rolled_back_text(result, verbose=verbose), status=0 if result.as_asked else 3, talk=True)


def _choose(store: Store, selector: str, name: str | None, prefix: Path | None) -> tuple[Chosen, Path]:
    """Return what is rolled back to, and the environment that it takes the place of."""
    from envkeep.cli.choosing import choose, live_prefix
    from envkeep.errors import NotAnEnvironmentError, UsageError

    # an environment in the selector says whose backup it is, -n and -p say what is replaced
    named = name is not None or prefix is not None
    chosen = choose(store, selector, *((None, None) if "@" in selector or not named else (name, prefix)))
    if named:
        return chosen, live_prefix(name, prefix, store)
    if chosen.backup is None:
        raise UsageError(f"{chosen.label} is a file, which says nothing of an environment here", "Name it with -n or -p.")
    where = chosen.backup.environment.prefix
    if where is None:
        raise UsageError(f"nobody knows which environment {chosen.label} is of", "Name it with -n or -p.")
    if not Path(where).exists():
        raise NotAnEnvironmentError(
            f"{where}, which {chosen.label} is of, is not there", f"Build it anew: envkeep restore {chosen.label} -p {where}"
        )
    return chosen, Path(where)


def _save(config: Config, where: Path, chosen: Chosen, *, required: bool) -> str | None:
    """Back up the present state, and return its label; None where it cannot be, and that is allowed."""
    import sys

    from envkeep.errors import EnvkeepError, RefusedError
    from envkeep.keeping.backup import backup
    from envkeep.store.store import Store

    # nothing rotates now: it could be the one that is wanted
    generous = Store(config.home, folder=config.folder, limit=sys.maxsize, lock_timeout=config.lock_timeout)
    try:
        result = backup(where, generous, note=f"before the rollback to {chosen.label}")
    except EnvkeepError as error:
        if not required:
            return None
        raise RefusedError(
            f"nothing was changed, for the present state cannot be backed up: {error.fact}",
            f"{error.remedy or ''} Or do without: --allow no-backup".strip(),
        ) from error
    kept = result.kept or result.previous
    return None if kept is None else kept.label


def _alone(store: Store, where: Path) -> AbstractContextManager[None]:
    from contextlib import nullcontext

    environment = store.find_environment(where)
    # whoever backs it up meanwhile waits
    return nullcontext() if environment is None else store.locked(environment)


def _discard(run: Answering, config: Config, name: str | None, prefix: Path | None, *, yes: bool, dry_run: bool) -> None:
    from envkeep.report.rollback import discarded_text, waiting_text
    from envkeep.restoring.aside import discard, waiting
    from envkeep.store.journal import Journal

    journal = Journal(config.home)
    wanted = None if name is None and prefix is None else _place(name, prefix)
    found = [each for each in waiting(journal) if wanted is None or Path(each.entry.prefix) == wanted]
    if dry_run or not found:
        run.answer(found, lambda: waiting_text(found))
    run.console.say(waiting_text(found))
    if not yes:
        run.confirm("Remove that for good?", "nothing was removed", "Say --yes to remove it without being asked.")
    removed = discard(journal, [each.entry for each in found])
    run.answer(removed, lambda: discarded_text(removed), talk=True)


def _place(name: str | None, prefix: Path | None) -> Path:
    from envkeep.cli.choosing import live_prefix

    # the environment may be gone by now, what was moved aside not
    return absolute(prefix) if prefix is not None else live_prefix(name, None)
