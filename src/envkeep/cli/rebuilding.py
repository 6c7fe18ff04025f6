"""The options that ``restore`` and ``rollback`` share, and what they mean."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from envkeep.cli.parameters import option
from envkeep.engines.base import EngineName, InstallerName
from envkeep.planning.fidelity import Fidelity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkeep.cli.answering import Answering
    from envkeep.cli.choosing import Chosen
    from envkeep.engines.base import Engine, Progress
    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.planning.plan import Plan
    from envkeep.store.config import Config
    from envkeep.store.store import Store

__all__ = ["AllowIndex", "Ready", "Rebuild"]

AllowIndex: TypeAlias = Annotated[
    list[str] | None, option("--allow-index", metavar="URL", help="A package index that the file may name.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """How something is rebuilt, as the command line says it."""

    fidelity: Annotated[Fidelity | None, option("--fidelity", help="Start here (default: the best there is).")] = None
    strict: Annotated[bool, option("--strict", help="Fail rather than bring anything back less near.")] = False
    engine: Annotated[EngineName | None, option("--engine", help="What makes conda environments.")] = None
    installer: Annotated[InstallerName | None, option("--installer", help="What installs Python packages.")] = None
    channel: Annotated[
        list[str] | None, option("-c", "--channel", metavar="CHANNEL", help="Take packages from here instead.")
    ] = None
    remap: Annotated[list[str] | None, option("--remap", metavar="OLD=NEW", help="Take one channel in place of another.")] = None
    allow_index: AllowIndex = None
    skip_refused: Annotated[bool, option("--skip-refused", help="Leave out the lines of a file that are refused.")] = False
    checkout: Annotated[
        Path | None, option("--checkout", metavar="DIR", help="Clone missing editable checkouts into this folder.")
    ] = None
    offline: Annotated[bool, option("--offline", help="Use no network.")] = False
    link_scripts: Annotated[
        bool, option("--link-scripts", help="Let packages of a file from elsewhere run their link scripts.")
    ] = False
    with_secrets: Annotated[bool, option("--with-secrets", help="Bring back variables that look secret, too.")] = False
    files: Annotated[bool, option("--files", help="Afterwards, hold every file against its recorded hash.")] = False
    imports: Annotated[bool, option("--imports", help="Afterwards, import every package.")] = False

    def config(self, run: Answering) -> Config:
        """Return the settings, with the engine and installer that the options name."""
        return run.config({"restore.engine": self.engine, "restore.installer": self.installer})

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
    ) -> Iterator[Ready]:
        """Make the plan of a rebuild, and unpack an archive for as long as it runs.

        Raises:
            EnvkeepError: as of ``restoring.prepare.prepare``; the archive is damaged.
        """
        from envkeep.capturing.layout import machine_subdir
        from envkeep.cli.packed import opened
        from envkeep.restoring.prepare import Options, prepare

        remap = _remapped(self.remap)
        with opened(chosen, source, progress) as packed:
            options = Options(
                target=target,
                name=name,
                fidelity=self.fidelity,
                strict=self.strict,
                channels=tuple(self.channel or (config.channels if chosen.file else ())),
                remap=remap or dict(config.remap),
                engine=config.engine,
                offline=self.offline or (packed is not None and not packed.needs_network(platform or machine_subdir())),
                # confirming the plan consents to the scripts of one's own backups; a file may be anybody's
                link_scripts=self.link_scripts or chosen.backup is not None,
                with_secrets=self.with_secrets,
                checkout=self.checkout,
                index_urls=tuple(self.allow_index or ()),
                skip_refused=self.skip_refused,
                ask_servers=chosen.backup is not None,
                subdir=platform,
                in_place=in_place,
            )
            prepared = prepare(
                source if packed is None else packed.source,
                options,
                os.environ,
                stamp=chosen.backup.stamp if chosen.backup else "restored",
                progress=progress,
                on_line=run.console.say,
            )
            if packed is None:
                yield Ready(prepared.plan, prepared.engine)
            else:
                yield Ready(packed.adapt(prepared.plan), prepared.engine, packed.put_right)

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
        if backup is None or backup.folder is None or backup.state == "edited" or self.fidelity == "pip":
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


@dataclass(frozen=True, slots=True)
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
