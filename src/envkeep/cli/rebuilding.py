"""The options that ``restore`` and ``rollback`` share, and what they mean; typer is loaded where it reads them alone."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import fields
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import typer

    from envkeep.cli.answering import Answering
    from envkeep.cli.choosing import Chosen
    from envkeep.cli.options import AllowIndex
    from envkeep.engines.base import Engine, Progress
    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.planning.plan import Plan
    from envkeep.store.config import Config
    from envkeep.store.store import Store

__all__ = ["Ready", "Rebuild", "with_rebuild"]


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


@frozen
class Rebuild:
    """How something is rebuilt, as the command line says it."""

    fidelity: Annotated[
        _Fidelity | None, typer.Option("--fidelity", help="Start here (default: the best there is).", show_default=False)
    ] = None
    strict: Annotated[bool, typer.Option("--strict", help="Fail rather than bring anything back less near.")] = False
    engine: Annotated[_Engine | None, typer.Option("--engine", help="What makes conda environments.", show_default=False)] = None
    installer: Annotated[
        _Installer | None, typer.Option("--installer", help="What installs Python packages.", show_default=False)
    ] = None
    channel: Annotated[
        list[str] | None,
        typer.Option("-c", "--channel", metavar="CHANNEL", help="Take packages from here instead.", show_default=False),
    ] = None
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", metavar="OLD=NEW", help="Take one channel in place of another.", show_default=False),
    ] = None
    allow_index: AllowIndex = None
    skip_refused: Annotated[bool, typer.Option("--skip-refused", help="Leave out the lines of a file that are refused.")] = False
    checkout: Annotated[
        Path | None,
        typer.Option("--checkout", metavar="DIR", help="Clone missing editable checkouts into this folder.", show_default=False),
    ] = None
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False
    link_scripts: Annotated[
        bool, typer.Option("--link-scripts", help="Let packages of a file from elsewhere run their link scripts.")
    ] = False
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Bring back variables that look secret, too.")] = False
    files: Annotated[bool, typer.Option("--files", help="Afterwards, hold every file against its recorded hash.")] = False
    imports: Annotated[bool, typer.Option("--imports", help="Afterwards, import every package.")] = False

    def config(self, run: Answering) -> Config:
        """Return the settings, with the engine and installer that the options name."""
        return run.config({"restore.engine": _word(self.engine), "restore.installer": _word(self.installer)})

    @contextmanager
    def ready(
        self,
        run: Answering,
        config: Config,
        chosen: Chosen,
        source: Record | Specification,
        progress: Progress,
        *,
        target: Path | None,
        name: str | None = None,
        platform: str | None = None,
        in_place: bool = False,
        engine: Engine | None = None,
        dry_run: bool = False,
    ) -> Iterator[Ready]:
        """Make the plan of a rebuild, and unpack an archive for as long as it runs; ``engine`` is one that was woken before.

        Raises:
            EnvkeepError: as of ``restoring.prepare.prepare``; the archive is damaged.
        """
        from envkeep.capturing.layout import machine_subdir
        from envkeep.cli.loading import load_for_building
        from envkeep.cli.packed import opened
        from envkeep.restoring.prepare import Options, prepare

        remap = _remapped(self.remap)
        with opened(chosen, source, progress) as packed:
            options = Options(
                target=target,
                name=name,
                fidelity=self.fidelity.value if self.fidelity else None,
                strict=self.strict,
                channels=tuple(self.channel or ()),
                remap=remap or None,
                offline=self.offline or (packed is not None and not packed.needs_network(platform or machine_subdir())),
                link_scripts=self.link_scripts,
                with_secrets=self.with_secrets,
                checkout=self.checkout,
                index_urls=tuple(self.allow_index or ()),
                skip_refused=self.skip_refused,
                subdir=platform,
                in_place=in_place,
            ).with_settings(config, own=chosen.backup is not None)
            prepared = prepare(
                source if packed is None else packed.source,
                options,
                os.environ,
                stamp=chosen.backup.stamp if chosen.backup else "restored",
                engine=engine,
                progress=progress,
                on_line=run.console.say,
                meanwhile=None if dry_run else load_for_building,
            )
            if packed is None:
                yield Ready(plan=prepared.plan, engine=prepared.engine)
            else:
                yield Ready(plan=packed.adapt(prepared.plan), engine=prepared.engine, finish=packed.put_right)

    def woken(self, run: Answering, config: Config, chosen: Chosen) -> Engine | None:
        """Return the engine that a backup with conda packages will need, which comes up while the backup is read; else None."""
        summary = chosen.backup.summary if chosen.backup is not None else None
        if summary is not None and not summary.conda:
            from envkeep.engines.rattler_start import end_early

            end_early()
        if summary is None or not summary.conda:
            return None
        from envkeep.restoring.prepare import woken_engine

        return woken_engine(config.engine, os.environ, run.console.say, offline=self.offline)

    def load_whole(self, store: Store, chosen: Chosen) -> Record | Specification:
        """Return what was chosen, read; of a backup that was kept with a record, the record or nothing.

        A list of Python packages that stands in for a damaged record would rebuild much less and could not say so. It is taken
        only where ``--fidelity pip`` asks for just that, or where the user edited the ``.txt``, which then means itself.

        Raises:
            BadRecordError: the record is damaged.
        """
        from envkeep.cli.choosing import load
        from envkeep.errors import BadRecordError
        from envkeep.model.specification import Specification

        source = load(store, chosen, allow_index=self.allow_index or ())
        backup = chosen.backup
        if backup is None or backup.folder is None or backup.state == "edited" or self.fidelity is _Fidelity.pip:
            return source
        if isinstance(source, Specification) and backup.digest is not None:
            why = "; ".join(source.problems) or "it is not as it was written"
            explicit = backup.folder / "explicit.txt"
            better = f"Try its list of artefacts, {explicit}, or" if explicit.is_file() else "Try"
            raise BadRecordError(
                f"the record of {chosen.label} is damaged ({why})",
                f"{better} another backup (envkeep list). --fidelity pip rebuilds what its .txt lists, which is less.",
            )
        return source


@frozen
class Ready:
    """A plan that can be executed, with what executes it.

    Attributes:
        plan: of the rebuild.
        engine: that makes the conda environment; None where the plan makes none.
        finish: puts right what names the unpacked archive; None where nothing was unpacked.
    """

    plan: Plan
    engine: Engine | None
    finish: Callable[[Path], None] | None = None


def _remapped(texts: list[str] | None) -> dict[str, str]:
    """Return the pairs of ``--remap OLD=NEW``.

    Raises:
        UsageError: one is no pair.
    """
    from envkeep.errors import UsageError

    pairs: dict[str, str] = {}
    for text in texts or ():
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError(f"--remap {text} is no pair of channels", "Write --remap defaults=conda-forge.")
        pairs[old] = new
    return pairs


def with_rebuild(function: Callable[..., None]) -> Callable[..., None]:
    """Give a verb that takes a ``Rebuild`` the options which the fields of that declare: typer reads them off the signature."""
    import inspect

    import typer

    from envkeep.cli.options import AllowIndex

    hints = get_type_hints(Rebuild, localns={"typer": typer, "AllowIndex": AllowIndex}, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(each.name, keyword, default=each.default, annotation=hints[each.name]) for each in fields(Rebuild)
    ]
    flat: list[inspect.Parameter] = []
    for name, own in inspect.signature(function, eval_str=True).parameters.items():
        flat += shared if name == "rebuild" else [own.replace(kind=keyword)]

    @wraps(function)
    def verb(**given: Any) -> None:
        rebuild = Rebuild(**{each.name: given.pop(each.name) for each in shared})
        function(**given, rebuild=rebuild)

    verb.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    verb.__annotations__ = {each.name: each.annotation for each in flat}
    return verb


def _word(choice: Enum | None) -> str | None:
    return None if choice is None else str(choice.value)
