"""``envkeep show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

if TYPE_CHECKING:
    from envkeep.cli.choosing import Chosen

__all__ = ["command"]


def command(
    backup: Annotated[
        str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a file.")
    ] = "latest",
    name: Name = None,
    prefix: Prefix = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show what a backup holds.

    Example: envkeep show microscope@latest
    """
    with answering("show", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import choose, load
        from envkeep.model.record import Record
        from envkeep.report.record import record_text, specification_text

        store = run.store()
        chosen = choose(store, backup, name, prefix)
        what = load(store, chosen)
        if isinstance(what, Record):
            record = what
            run.answer(record, lambda: record_text(record, _title(chosen), verbose=verbose), problems=record.problems)
        else:
            specification = what
            run.answer(specification, lambda: specification_text(specification, _title(chosen)))


def _title(chosen: Chosen) -> str:
    if chosen.backup is None:
        return chosen.label
    notes = [f"tag {tag}" for tag in chosen.backup.tags]
    if chosen.backup.note:
        notes.append(chosen.backup.note)
    return f"{chosen.label} ({'; '.join(notes)})" if notes else chosen.label
