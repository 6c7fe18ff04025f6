"""``envkeep forget``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, DryRun, Home, Name, Prefix, Quiet, Verbose, Yes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.store.layout import Backup
    from envkeep.store.retention import Decision

__all__ = ["command"]


def command(
    backups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[BACKUP]...", help="What to forget; none: what is beyond the limit.", show_default=False),
    ] = None,
    name: Name = None,
    prefix: Prefix = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Remove backups; without naming any, those that rotation would, with the reason for each.

    Example: envkeep forget --dry-run
    """
    with answering("forget", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import active_stored, choose, stored_environment
        from envkeep.errors import EnvironmentNotFoundError, RefusedError, UsageError
        from envkeep.report.forget import forgotten_text, rotation_text
        from envkeep.report.layout import count

        store = run.store()
        if not backups:
            environment = stored_environment(store, name, prefix) if name or prefix else active_stored(store)
            if environment is None:
                raise EnvironmentNotFoundError("no environment is named or active", "Name one with -n NAME; see envkeep list.")
            decisions = store.rotation(environment)
            if dry_run:
                run.answer({"forgotten": (), "decisions": decisions}, lambda: rotation_text(decisions))
            wanted = tuple(decision.backup for decision in decisions if not decision.keep)
        else:
            chosen = []
            for text in backups:
                backup = choose(store, text, name, prefix).backup
                if backup is None:
                    raise UsageError(f"{text} is a file outside the store", "Forget takes backups; remove the file yourself.")
                chosen.append(backup)
            wanted = tuple(dict.fromkeys(chosen))
            tagged = [backup for backup in wanted if backup.tags]
            if tagged and not yes:
                raise RefusedError(
                    f"{tagged[0].label} is tagged {', '.join(tagged[0].tags)}",
                    "Untag it first (envkeep tag --remove), or say --yes.",
                )
        if dry_run:
            run.answer({"forgotten": (), "decisions": _named(wanted)}, lambda: forgotten_text(wanted, would=True))
        if wanted and not yes:
            run.console.say(forgotten_text(wanted, would=True))
            question = f"Remove {count(len(wanted), 'backup')} for good?"
            run.confirm(question, "nothing was removed", "Say --yes to remove without being asked.")
        gone = store.forget(wanted)
        run.answer({"forgotten": gone, "decisions": ()}, lambda: forgotten_text(gone, would=False), talk=True)


def _named(backups: Sequence[Backup]) -> tuple[Decision, ...]:
    from envkeep.store.retention import Decision

    return tuple(Decision(backup=backup, keep=False, reason="named") for backup in backups)
