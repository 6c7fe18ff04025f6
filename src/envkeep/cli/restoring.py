"""What ``envkeep restore`` does, apart from its options: to load typer would be a tenth of a rebuild's time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from envkeep.cli.answering import Answering, answering
from envkeep.cli.rebuilding import Rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.planning.plan import Plan

__all__ = ["restore_backup"]


def restore_backup(
    backup: str,
    home: Path | None = None,
    *,
    name: str | None = None,
    prefix: Path | None = None,
    platform: str | None = None,
    script: Path | None = None,
    rebuild: Rebuild | None = None,
    yes: bool = False,
    dry_run: bool = False,
    json: bool = False,
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Build a new environment from a backup or a file, verify it, and say what came of it.

    Raises:
        SystemExit: always.
    """
    rebuild = rebuild or Rebuild()
    with answering("restore", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import choose
        from envkeep.errors import UsageError
        from envkeep.formats.archive_sign import is_archive
        from envkeep.report.progress import progress_for

        config = rebuild.config(run)
        store = run.store(config)
        chosen = choose(store, backup)
        engine = rebuild.woken(run, config, chosen)
        source = rebuild.load_whole(store, chosen)
        if platform is not None and not dry_run and script is None:
            raise UsageError(
                "an environment is built for this machine only",
                "Add --dry-run to see the plan for another, or --script FILE to build it there.",
            )
        if script is not None and chosen.file is not None and is_archive(chosen.file):
            raise UsageError(
                "a script cannot carry an archive's artefacts", "Restore the archive itself, or write a script of the backup."
            )
        progress = progress_for(quiet=quiet)
        with rebuild.ready(
            run,
            config,
            chosen,
            source,
            progress,
            target=prefix,
            name=name,
            platform=platform,
            engine=engine,
            dry_run=dry_run or script is not None,
        ) as ready:
            from envkeep.report.plan import plan_text

            plan = ready.plan
            if script is not None and not dry_run:
                _write_script(run, plan, script, verbose=verbose)
            if dry_run:
                run.answer(plan, lambda: plan_text(plan, verbose=verbose))
            if not quiet:
                run.console.say(plan_text(plan, verbose=verbose))
            if not yes:
                question = f"Build {plan.target} from {chosen.label}?"
                run.confirm(question, "nothing was built", "Say --yes to build without being asked.")
            from envkeep.report.restore import restored_text
            from envkeep.restoring.restore import restore
            from envkeep.store.journal import Journal

            with Journal(config.home).noting_restore(plan.target, chosen.label):
                result = restore(
                    plan,
                    engine=ready.engine,
                    installer=config.installer,
                    progress=progress,
                    files=rebuild.files,
                    imports=rebuild.imports,
                    finish=ready.finish,
                )
            run.answer(
                result,
                lambda: restored_text(result, verbose=verbose),
                status=0 if result.as_asked else 3,
                talk=True,
            )


def _write_script(run: Answering, plan: Plan, path: Path, *, verbose: bool) -> NoReturn:
    from envkeep.errors import UsageError
    from envkeep.planning.plan import SetVariables
    from envkeep.planning.script import bash, powershell
    from envkeep.report.files import write_file
    from envkeep.report.plan import plan_text

    kinds = {".sh": bash, ".ps1": powershell}
    write = kinds.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path} names no kind of script", "Let it end in .sh for bash, or in .ps1 for PowerShell.")
    # Windows' own PowerShell takes a file without a byte order mark for one in the old code page
    text = write(plan) if write is bash else "\ufeff" + write(plan)
    written = write_file(path, text, executable=True)
    if any(isinstance(step, SetVariables) for step in plan.steps):
        # their values can be secrets
        path.chmod(0o700)
    run.console.say(plan_text(plan, verbose=verbose))
    run.answer({"script": path, "plan": plan}, lambda: written, talk=True)
