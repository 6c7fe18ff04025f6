"""``envkeep diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose
from envkeep.errors import EnvironmentNotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.store.store import Store

__all__ = ["command"]


def command(
    old: Annotated[str, typer.Argument(metavar="A", help="A backup or a file; also live, live:NAME or live:PATH.")] = "latest",
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="[B]", help="The same; the live environment if left out: of -n or -p, else A's.", show_default=False
        ),
    ] = None,
    name: Name = None,
    prefix: Prefix = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what changed between two backups, or since a backup. Exit status 3 if they differ.

    Example: envkeep diff latest~1 latest
    """
    with answering("diff", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.diffing.diff import diff
        from envkeep.report.diff import diff_text

        store = run.store()
        if (name is not None or prefix is not None) and all(map(_names_its_own, (old, new or "live"))):
            raise UsageError(
                f"{old!r} and {new!r} name their environments already",
                "Leave out -n/--name and -p/--prefix, which say whose backups and which live environment are meant.",
            )
        before, before_label = _side(store, old, name, prefix)
        after, after_label = _side(store, new or "live", name, prefix, of=old)
        changes = diff(before, after)
        result = {"old": before_label, "new": after_label, "changes": changes.changes, "uncompared": changes.uncompared}
        status = 3 if changes else 0
        run.answer(result, lambda: diff_text(changes, before_label, after_label), status=status, talk=True)


def _names_its_own(text: str) -> bool:
    return "@" in text or text.startswith("live:")


def _side(
    store: Store, text: str, name: str | None, prefix: Path | None, of: str | None = None
) -> tuple[Record | Specification, str]:
    """Return one side of the comparison, read, and what to call it; ``of``: the other side, whose environment ``live`` means."""
    from envkeep.cli.choosing import choose, load

    if text == "live" or text.startswith("live:"):
        where = _live(store, text, name, prefix, of)
        from envkeep.keeping.former import capture_beside

        return capture_beside(where, store, ask_git=False), f"live {where}"
    # -n and -p say which environment is meant where a side does not, as of verify
    chosen = choose(store, text) if _names_its_own(text) else choose(store, text, name, prefix)
    return load(store, chosen), chosen.label


def _live(store: Store, text: str, name: str | None, prefix: Path | None, of: str | None) -> Path:
    from pathlib import Path

    from envkeep.cli.choosing import choose, live_prefix

    if text != "live":
        wanted = text.removeprefix("live:")
        if "/" in wanted or "\\" in wanted or Path(wanted).is_dir():
            return live_prefix(None, Path(wanted))
        return live_prefix(wanted, None, store)
    if name is None and prefix is None and of is not None and "@" in of:
        backup = choose(store, of).backup
        if backup is not None and backup.environment.prefix is not None:
            where = Path(backup.environment.prefix)
            if not where.exists():
                raise EnvironmentNotFoundError(
                    f"the environment of {backup.label}, {where}, is no longer there",
                    f"Compare two backups (envkeep diff A B), or build it again: envkeep restore {of}",
                )
            return live_prefix(None, where)
    return live_prefix(name, prefix, store)
