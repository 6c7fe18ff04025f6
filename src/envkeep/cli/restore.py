"""``envkeep restore``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from envkeep.cli.answering import Answering, answering
from envkeep.cli.options import AsJson, DryRun, Home, Quiet, Verbose, Yes, folder
from envkeep.cli.rebuilding import (
    AllowIndex,
    Channels,
    Checkout,
    EngineOption,
    FidelityOption,
    Files,
    Imports,
    InstallerOption,
    LinkScripts,
    Offline,
    Remap,
    SkipRefused,
    Strict,
    WithSecrets,
    config_with,
    load_whole,
    remapped,
)

if TYPE_CHECKING:
    from envkeep.planning.plan import Plan

__all__ = ["command"]


def command(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a file.")],
    name: Annotated[
        str | None,
        typer.Option(
            "-n",
            "--name",
            metavar="NAME",
            help="Name of the new environment, beside the old one (default: OLDNAME-STAMP).",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[
        Path | None,
        typer.Option("-p", "--prefix", parser=folder, metavar="PATH", help="Folder of the new environment.", show_default=False),
    ] = None,
    fidelity: FidelityOption = None,
    strict: Strict = False,
    engine: EngineOption = None,
    installer: InstallerOption = None,
    channel: Channels = None,
    remap: Remap = None,
    allow_index: AllowIndex = None,
    skip_refused: SkipRefused = False,
    checkout: Checkout = None,
    platform: Annotated[
        str | None,
        typer.Option(
            "--platform", metavar="SUBDIR", help="Plan for another platform (with --dry-run or --script).", show_default=False
        ),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            metavar="FILE",
            help="Write the plan as a script for bash (.sh) or PowerShell (.ps1) that needs no envkeep, and build nothing.",
            show_default=False,
        ),
    ] = None,
    offline: Offline = False,
    link_scripts: LinkScripts = False,
    with_secrets: WithSecrets = False,
    files: Files = False,
    imports: Imports = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Build a new environment from a backup or a file, and verify it, package by package.

    The old environment stays as it is. Exit status 3 if the new one came out below the fidelity that was asked for.

    Example: envkeep restore microscope@latest -p ~/envs/microscope-new
    """
    with answering("restore", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.capturing.layout import machine_subdir
        from envkeep.cli.choosing import choose
        from envkeep.cli.packed import opened
        from envkeep.errors import RefusedError, UsageError
        from envkeep.report.plan import plan_text
        from envkeep.report.progress import progress_for
        from envkeep.report.restore import restored_text
        from envkeep.restoring.prepare import Options, prepare
        from envkeep.restoring.restore import restore
        from envkeep.store.journal import Journal

        config = config_with(run, engine, installer)
        store = run.store(config)
        chosen = choose(store, backup)
        source = load_whole(store, chosen, fidelity, allow_index)
        if platform is not None and not dry_run and script is None:
            raise UsageError(
                "an environment is built for this machine only",
                "Add --dry-run to see the plan for another, or --script FILE to build it there.",
            )
        progress = progress_for(quiet=quiet)
        with opened(chosen, source, progress) as packed:
            if packed is not None and script is not None:
                raise UsageError(
                    "a script cannot carry an archive's artefacts", "Restore the archive itself, or write a script of the backup."
                )
            options = Options(
                target=prefix,
                name=name,
                fidelity=fidelity.value if fidelity else None,
                strict=strict,
                channels=tuple(channel or (config.channels if chosen.file else ())),
                remap=remapped(remap) or dict(config.remap),
                engine=config.engine,
                offline=offline or (packed is not None and not packed.needs_network(platform or machine_subdir())),
                # confirming the plan consents to the scripts of one's own backups; a file may be anybody's
                link_scripts=link_scripts or chosen.backup is not None,
                with_secrets=with_secrets,
                checkout=checkout,
                index_urls=tuple(allow_index or ()),
                skip_refused=skip_refused,
                ask_servers=chosen.backup is not None,
                subdir=platform,
            )
            stamp = chosen.backup.stamp if chosen.backup else "restored"
            prepared = prepare(
                source if packed is None else packed.source,
                options,
                os.environ,
                stamp=stamp,
                progress=progress,
                on_line=run.console.say,
            )
            plan = prepared.plan if packed is None else packed.adapt(prepared.plan)
            if script is not None and not dry_run:
                _write_script(run, plan, script, verbose=verbose)
            if dry_run:
                run.answer(plan, lambda: plan_text(plan, verbose=verbose))
            run.console.say(plan_text(plan, verbose=verbose))
            if not yes and not run.console.ask("Build it?"):
                raise RefusedError("nothing was built", "Say --yes to build without being asked.")
            with Journal(config.home).noting_restore(plan.target, chosen.label):
                result = restore(
                    plan,
                    engine=prepared.engine,
                    installer=config.installer,
                    progress=progress,
                    files=files,
                    imports=imports,
                    finish=None if packed is None else packed.put_right,
                )
            run.answer(result, lambda: restored_text(result, verbose=verbose), status=0 if result.as_asked else 3, talk=True)


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
    write_file(path, text, executable=True)
    if any(isinstance(step, SetVariables) for step in plan.steps):
        # their values can be secrets
        path.chmod(0o700)
    run.console.say(plan_text(plan, verbose=verbose))
    run.answer({"script": path, "plan": plan}, lambda: f"wrote {path}", talk=True)
