"""``envkeep restore``."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import Answering, answering
from envkeep.cli.options import AsJson, DryRun, Home, Quiet, Verbose, Yes

if TYPE_CHECKING:
    from envkeep.store.config import Config

__all__ = ["command"]


class _Fidelity(str, Enum):
    exact = "exact"
    same_version = "same-version"
    requested = "requested"
    pip = "pip"


class _Engine(str, Enum):
    rattler = "rattler"
    conda = "conda"
    mamba = "mamba"
    micromamba = "micromamba"


class _Installer(str, Enum):
    pip = "pip"
    uv = "uv"


def command(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="[ENV@]latest, latest~2, a stamp, a date, a tag, or a file.")],
    name: Annotated[
        str | None, typer.Option("-n", "--name", metavar="NAME", help="Name of the new environment.", show_default=False)
    ] = None,
    prefix: Annotated[
        Path | None, typer.Option("-p", "--prefix", metavar="PATH", help="Folder of the new environment.", show_default=False)
    ] = None,
    fidelity: Annotated[
        _Fidelity | None, typer.Option("--fidelity", help="Start here (default: the best there is).", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail rather than bring anything back less near.")] = False,
    engine: Annotated[_Engine | None, typer.Option("--engine", help="What makes conda environments.", show_default=False)] = None,
    installer: Annotated[
        _Installer | None, typer.Option("--installer", help="What installs Python packages.", show_default=False)
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("-c", "--channel", metavar="CHANNEL", help="Take packages from here instead.", show_default=False),
    ] = None,
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", metavar="OLD=NEW", help="Take one channel in place of another.", show_default=False),
    ] = None,
    allow_index: Annotated[
        list[str] | None,
        typer.Option("--allow-index", metavar="URL", help="A package index that the file may name.", show_default=False),
    ] = None,
    checkout: Annotated[
        Path | None,
        typer.Option("--checkout", metavar="DIR", help="Clone missing editable checkouts into this folder.", show_default=False),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option("--platform", metavar="SUBDIR", help="Plan for another platform (with --dry-run).", show_default=False),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
    link_scripts: Annotated[
        bool, typer.Option("--link-scripts", help="Let packages of a file from elsewhere run their link scripts.")
    ] = False,
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Bring back variables that look secret, too.")] = False,
    files: Annotated[bool, typer.Option("--files", help="Afterwards, hold every file against its recorded hash.")] = False,
    imports: Annotated[bool, typer.Option("--imports", help="Afterwards, import every package.")] = False,
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
        from envkeep.cli.choosing import choose, load
        from envkeep.cli.packed import opened
        from envkeep.errors import RefusedError, UsageError
        from envkeep.report.plan import plan_text
        from envkeep.report.progress import progress_for
        from envkeep.report.restore import restored_text
        from envkeep.restoring.prepare import Options, prepare
        from envkeep.restoring.restore import restore

        config = _config(run, engine, installer)
        store = run.store(config)
        chosen = choose(store, backup)
        source = load(store, chosen, allow_index=allow_index or ())
        if platform is not None and not dry_run:
            raise UsageError("an environment is built for this machine only", "Add --dry-run to see the plan for another.")
        progress = progress_for(quiet=quiet)
        with opened(chosen, source, progress) as packed:
            options = Options(
                target=prefix,
                name=name,
                fidelity=fidelity.value if fidelity else None,
                strict=strict,
                channels=tuple(channel or (config.channels if chosen.file else ())),
                remap=_remap(remap) or dict(config.remap),
                engine=config.engine,
                offline=offline or (packed is not None and not packed.needs_network(platform or machine_subdir())),
                # confirming the plan consents to the scripts of one's own backups; a file may be anybody's
                link_scripts=link_scripts or chosen.backup is not None,
                with_secrets=with_secrets,
                checkout=checkout,
                index_urls=tuple(allow_index or ()),
                subdir=platform,
            )
            stamp = chosen.backup.stamp if chosen.backup else "restored"
            prepared = prepare(source if packed is None else packed.source, options, os.environ, stamp=stamp, progress=progress)
            plan = prepared.plan if packed is None else packed.adapt(prepared.plan)
            if dry_run:
                run.answer(plan, lambda: plan_text(plan, verbose=verbose))
            run.console.say(plan_text(plan, verbose=verbose))
            if not yes and not run.console.ask("Build it?"):
                raise RefusedError("nothing was built", "Say --yes to build without being asked.")
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


def _config(run: Answering, engine: _Engine | None, installer: _Installer | None) -> Config:
    flags: dict[str, object] = {}
    if engine is not None:
        flags["restore.engine"] = engine.value
    if installer is not None:
        flags["restore.installer"] = installer.value
    return run.config(flags)


def _remap(texts: list[str] | None) -> dict[str, str]:
    from envkeep.errors import UsageError

    pairs: dict[str, str] = {}
    for text in texts or ():
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError(f"--remap {text} is no pair of channels", "Write --remap defaults=conda-forge.")
        pairs[old] = new
    return pairs
