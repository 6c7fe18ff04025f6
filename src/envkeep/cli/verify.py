"""``envkeep verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command"]


def command(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a file.")],
    name: Name = None,
    prefix: Prefix = None,
    files: Annotated[bool, typer.Option("--files", help="Also hold every file against its recorded hash.")] = False,
    imports: Annotated[bool, typer.Option("--imports", help="Also import every package (this can open hardware).")] = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Hold an environment against a backup, package by package. Exit status 3 if it differs.

    -n and -p name the environment; without ENV@ the backup is one of the active environment, whose copy that may be.

    Example: envkeep verify microscope@latest -p ~/envs/rebuilt
    """
    with answering("verify", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import choose, live_prefix, load
        from envkeep.model.record import Record
        from envkeep.model.specification import Specification
        from envkeep.report.progress import progress_for
        from envkeep.report.verification import verification_text
        from envkeep.verifying.prefix import verify_prefix

        store = run.store()
        chosen = choose(store, backup)
        expected = load(store, chosen)
        where = live_prefix(name, prefix, store)
        found = verify_prefix(expected, where, files=files, imports=imports, progress=progress_for(quiet=quiet))
        status = 0 if found.exact else 3
        listed = not isinstance(expected, Record)
        if isinstance(expected, Specification):
            for problem in expected.problems:
                run.console.say(f"note: {problem}")

        def text() -> str:
            # which of two environments it was is nothing to guess at
            return f"{where} held against {chosen.label}:\n{verification_text(found, of_list=listed, verbose=verbose)}"

        run.answer(found, text, status=status, talk=True)
