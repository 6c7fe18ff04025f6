"""``envkeep check``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose

__all__ = ["command"]


def command(
    name: Name = None,
    prefix: Prefix = None,
    files: Annotated[bool, typer.Option("--files", help="Also hold every file against its recorded hash.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Also ask channels and indexes whether they still have it.")] = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what in an environment could not be rebuilt, worst first, each with the remedy. Exit status 3 if anything.

    Example: envkeep check -n microscope --files
    """
    with answering("check", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.capturing.capture import capture
        from envkeep.checking.check import check
        from envkeep.checking.files import altered_files
        from envkeep.cli.choosing import live_prefix
        from envkeep.report.check import check_text
        from envkeep.report.progress import progress_for

        where = live_prefix(name, prefix, run.store())
        progress = progress_for(quiet=quiet)
        record = capture(where)
        engine = None
        if online:
            from envkeep.engines.select import find_engine

            engine = find_engine(run.config().engine, os.environ)
        findings = check(record, prefix=where, online=online, engine=engine, progress=progress)
        altered = altered_files(where, progress) if files else ()
        status = 3 if findings or altered else 0
        result = {"findings": findings, "files": altered}
        run.answer(result, lambda: check_text(record, findings, altered), status=status, problems=record.problems, talk=True)
