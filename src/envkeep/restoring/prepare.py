"""From a record or a file and what is asked for to a plan that says what it will do: facts, engine, plan, channels."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.errors import EnvkeepError, RefusedError, TargetExistsError, UsageError
from envkeep.model.frozen import frozen
from envkeep.model.paths import absolute
from envkeep.model.record import PythonInfo, Record
from envkeep.model.specification import Specification
from envkeep.planning.make import make_plan
from envkeep.planning.plan import MakeConda

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkeep.engines.base import Engine, EngineName, Progress
    from envkeep.planning.fidelity import Fidelity
    from envkeep.planning.plan import Plan
    from envkeep.store.config import Config

__all__ = ["Options", "Prepared", "choose_target", "prepare", "woken_engine"]

# CEP 24: no separator, no blank; nor anything that a command could take for an option
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\Z")

# what ends a string in Python's _sysconfigdata, where conda and conda's like put the prefix
_BREAKS = re.compile(r"['\"`\x00-\x1f\x7f]")


@frozen
class Options:
    """What is asked of a restore.

    Attributes:
        target: of the new prefix; None: a folder called ``name``, or ``<old name>-<stamp>``, beside the old environment's.
        name: of the new environment.
        fidelity: the rung to start at; None: the best there is.
        strict: never step down.
        channels: take the place of the source's.
        configured_channels: of the settings, where the source names none.
        remap: channels that take the place of others; None: nobody said.
        engine: by name; None: the embedded one, else what is found.
        offline: use no network.
        link_scripts: the packages' link scripts may run.
        with_secrets: variables that look secret come back too.
        checkout: folder that missing checkouts are cloned into.
        index_urls: package indexes that were consented to.
        skip_refused: leave out the lines of a file that are refused, rather than refuse the file.
        subdir: the platform to plan for; another than this machine's can be looked at only.
        settle: ask the channels, so that the plan names every package and each step down.
        ask_servers: look at recorded paths on file servers; not for a file of unknown origin.
        in_place: an environment stands at the target, and will be moved aside before anything is built.
    """

    target: Path | None = None
    name: str | None = None
    fidelity: Fidelity | None = None
    strict: bool = False
    channels: tuple[str, ...] = ()
    configured_channels: tuple[str, ...] = ()
    remap: Mapping[str, str] | None = None
    engine: EngineName | None = None
    offline: bool = False
    link_scripts: bool = False
    with_secrets: bool = False
    checkout: Path | None = None
    index_urls: tuple[str, ...] = ()
    skip_refused: bool = False
    subdir: str | None = None
    settle: bool = True
    ask_servers: bool = True
    in_place: bool = False

    def with_settings(self, config: Config, *, own: bool) -> Options:
        """Return them with the settings in place of what was not asked.

        Args:
            config: the settings.
            own: whether the source is one of the user's own backups: its packages' link scripts run, since agreeing to the plan
                consents to them, and recorded file servers are asked. A file, or a record from anywhere, may be anybody's.
        """
        return replace(
            self,
            configured_channels=config.channels,
            remap=dict(config.remap) if self.remap is None else self.remap,
            engine=self.engine or config.engine,
            link_scripts=self.link_scripts or own,
            ask_servers=own,
        )


@frozen
class Prepared:
    """A plan and the engine that can execute it; None where the plan makes no conda environment."""

    plan: Plan
    engine: Engine | None


def prepare(
    source: Record | Specification,
    options: Options,
    environ: Mapping[str, str],
    *,
    stamp: str = "restored",
    engine: Engine | None = None,
    progress: Progress | None = None,
    on_line: Callable[[str], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Prepared:
    """Return the plan of a restore, and the engine for it; nothing is built.

    Args:
        source: what is rebuilt.
        options: what is asked.
        environ: where engines, condarc and Pythons are looked for.
        stamp: ends the name of a new environment that nobody named.
        engine: one that was woken before; None: the one that the options name.
        progress: told how far the look at the channels is.
        on_line: told what conda, mamba or micromamba will print while they install; None: nobody.
        meanwhile: called before the engine is waited for: what it begins can go on until there is an answer.

    Raises:
        TargetExistsError: the target is there and not an empty folder.
        UsageError: the options make no sense together, or for this source.
        RefusedError: strict, and it would step down; or the file has lines that are not taken over.
        EngineError: there is no engine, or it failed.
        UnsolvableError: the channels do not hold what is asked for.
    """
    from envkeep.capturing.layout import machine_subdir
    from envkeep.restoring.facts import gather_facts, without_folder

    target = choose_target(source, options, environ, stamp)
    if isinstance(source, Specification) and not options.skip_refused:
        _refuse_lines(source)
    packages = source.conda if isinstance(source, Record) else (*source.artefacts, *source.conda_specs)
    if engine is None and packages and options.settle:
        # it comes up while the plan is made
        engine = woken_engine(options.engine, environ, on_line, offline=options.offline)
    facts = gather_facts(
        source, environ, subdir=options.subdir, ask_servers=options.ask_servers, channels=options.configured_channels
    )
    if options.in_place:
        facts = without_folder(facts, target)
    plan = make_plan(
        source,
        target=str(target),
        facts=facts,
        name=options.name,
        fidelity=options.fidelity,
        strict=options.strict,
        channels=options.channels,
        remap=options.remap or {},
        link_scripts=options.link_scripts,
        with_secrets=options.with_secrets,
        checkout=None if options.checkout is None else str(options.checkout.absolute()),
        index_urls=options.index_urls,
        offline=options.offline,
    )
    if plan.strict and not plan.offline:
        _refuse_lacking(plan, environ)
    if not isinstance(plan.steps[0], MakeConda):
        if options.subdir not in {None, machine_subdir()}:
            raise RefusedError("a venv can be planned for this machine's platform only", "Leave out the platform.")
        return Prepared(plan=plan, engine=None)
    from envkeep.restoring.engine import engine_here

    engine = engine or engine_here(options.engine, environ, on_line)
    if options.settle:
        from envkeep.restoring.settle import settle

        if meanwhile is not None:
            meanwhile()
        plan = settle(plan, engine, progress)
    return Prepared(plan=_with_scripts_said(plan, engine), engine=engine)


def _with_scripts_said(plan: Plan, engine: Engine) -> Plan:
    """Return the plan with a note where an engine will refuse it since it cannot leave link scripts that are not allowed."""
    from envkeep.planning.link_scripts import may_have_link_scripts

    if engine.name == "rattler" or plan.run_link_scripts or not may_have_link_scripts(plan):
        return plan
    note = f"{engine.name} always runs link scripts, and will not start while these are not allowed: add --link-scripts"
    return replace(plan, notes=(*plan.notes, note))


def woken_engine(
    name: EngineName | None, environ: Mapping[str, str], on_line: Callable[[str], None] | None, *, offline: bool
) -> Engine | None:
    """Return an engine that begins to come up now; None where there is none, which is said once it is needed.

    Args:
        name: as of ``engine_here``.
        environ: the same.
        on_line: the same.
        offline: whether it will be asked to use no network.
    """
    from envkeep.restoring.engine import engine_here

    try:
        engine = engine_here(name, environ, on_line)
    except EnvkeepError:
        return None
    engine.wake(offline=offline)
    return engine


def _refuse_lines(source: Specification) -> None:
    """Refuse a file of which lines are not taken over: without them it can mean other packages than its writer's.

    Left out without a word, an index that is named there would let another's package of the same name in from the user's own.
    """
    if not source.refused:
        return
    lines = [f"{source.source}:{line.line}: {line.text}: {line.reason}" for line in source.refused]
    allowed = list(dict.fromkeys(line.allow for line in source.refused if line.allow))
    remedy = f"Allow what you trust: {' '.join(allowed)}. " if allowed else ""
    raise RefusedError(
        "lines of the file would be obeyed, not installed:\n" + "\n".join(lines),
        f"{remedy}--skip-refused leaves {'the others' if allowed else 'them'} out; envkeep inspect shows what the rest would do.",
    )


def _refuse_lacking(plan: Plan, environ: Mapping[str, str]) -> None:
    """Refuse a strict plan whose pinned Python packages no index has: later would be after an environment was built."""
    from envkeep.engines.index_look import lacking

    step = plan.pip_step
    python = plan.source.python
    version = python.version if isinstance(python, PythonInfo) else python
    if step is None or version is None or plan.find_links:
        return
    pins = [(line.name, line.version) for line in step.lines if line.origin is None and line.version is not None]
    found = lacking(pins, version, environ, index_urls=plan.index_urls)
    if found:
        raise RefusedError(
            "these Python packages cannot be had: " + "; ".join(f"{name}: {why}" for name, why in found.items()),
            "Without --strict the others are installed and these are named.",
        )


def choose_target(source: Record | Specification, options: Options, environ: Mapping[str, str], stamp: str) -> Path:
    """Return the absolute path of the prefix to be made: never one that is there.

    Raises:
        TargetExistsError: it is there and not an empty folder.
        UsageError: the name is no name, or both a name and a path are given.
    """
    if options.target is not None and options.name is not None:
        raise UsageError("a name and a path are both given for the new environment", "Give one of -n and -p.")
    if options.target is not None:
        target = absolute(options.target)
    else:
        old = source.environment.name if isinstance(source, Record) else source.name or "environment"
        name = f"{old}-{stamp}" if options.name is None else options.name
        if not _NAME.match(name):
            raise UsageError(
                f"'{name}' is no name for an environment", "Use letters, digits and . _ - in it, or give a path with -p."
            )
        target = _folder(source, environ) / name
    if _BREAKS.search(str(target)):
        raise UsageError(
            f"no environment can live at {str(target)!r}: its path is written into scripts and into Python's own files, "
            "which a quote, a backtick or a line break in it breaks",
            "Name another path with -p; blanks are fine.",
        )
    if options.in_place or (target.is_dir() and not any(target.iterdir())):
        return target
    if target.exists() or target.is_symlink():
        raise TargetExistsError(f"{target} exists already", "Choose another name or path, or remove it first.")
    return target


def _folder(source: Record | Specification, environ: Mapping[str, str]) -> Path:
    """Where a new environment goes that has only a name: beside the old one, else where names are looked up."""
    from envkeep.capturing.discovery import env_folders

    places = []
    if isinstance(source, Record):
        old = Path(source.environment.prefix)
        # beside a root prefix is no place for an environment
        places += [old / "envs" if (old / "envs").is_dir() else old.parent] if old.is_absolute() else []
    # where -n would find it again
    for place in (*places, *env_folders(environ)):
        if place.is_dir() and os.access(place, os.W_OK):
            return place
    raise UsageError("nobody says where the new environment is to be", "Name its path with -p.")
