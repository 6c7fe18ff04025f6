"""The options that ``restore`` and ``rollback`` share, and what they mean."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from envkeep.cli.answering import Answering
    from envkeep.cli.choosing import Chosen
    from envkeep.model.record import Record
    from envkeep.model.specification import Specification
    from envkeep.store.config import Config
    from envkeep.store.store import Store

__all__ = [
    "AllowIndex",
    "Channels",
    "Checkout",
    "EngineOption",
    "FidelityOption",
    "Files",
    "Imports",
    "InstallerOption",
    "LinkScripts",
    "Offline",
    "Remap",
    "SkipRefused",
    "Strict",
    "WithSecrets",
    "config_with",
    "load_whole",
    "remapped",
]


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


FidelityOption = Annotated[
    _Fidelity | None, typer.Option("--fidelity", help="Start here (default: the best there is).", show_default=False)
]
Strict = Annotated[bool, typer.Option("--strict", help="Fail rather than bring anything back less near.")]
EngineOption = Annotated[_Engine | None, typer.Option("--engine", help="What makes conda environments.", show_default=False)]
InstallerOption = Annotated[
    _Installer | None, typer.Option("--installer", help="What installs Python packages.", show_default=False)
]
Channels = Annotated[
    list[str] | None,
    typer.Option("-c", "--channel", metavar="CHANNEL", help="Take packages from here instead.", show_default=False),
]
Remap = Annotated[
    list[str] | None,
    typer.Option("--remap", metavar="OLD=NEW", help="Take one channel in place of another.", show_default=False),
]
AllowIndex = Annotated[
    list[str] | None,
    typer.Option("--allow-index", metavar="URL", help="A package index that the file may name.", show_default=False),
]
SkipRefused = Annotated[bool, typer.Option("--skip-refused", help="Leave out the lines of a file that are refused.")]
Checkout = Annotated[
    Path | None,
    typer.Option("--checkout", metavar="DIR", help="Clone missing editable checkouts into this folder.", show_default=False),
]
Offline = Annotated[bool, typer.Option("--offline", help="Use no network.")]
LinkScripts = Annotated[
    bool, typer.Option("--link-scripts", help="Let packages of a file from elsewhere run their link scripts.")
]
WithSecrets = Annotated[bool, typer.Option("--with-secrets", help="Bring back variables that look secret, too.")]
Files = Annotated[bool, typer.Option("--files", help="Afterwards, hold every file against its recorded hash.")]
Imports = Annotated[bool, typer.Option("--imports", help="Afterwards, import every package.")]


def config_with(run: Answering, engine: EngineOption, installer: InstallerOption) -> Config:
    """Return the settings, with the engine and installer that the options name."""
    flags: dict[str, object] = {}
    if engine is not None:
        flags["restore.engine"] = engine.value
    if installer is not None:
        flags["restore.installer"] = installer.value
    return run.config(flags)


def remapped(texts: list[str] | None) -> dict[str, str]:
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


def load_whole(store: Store, chosen: Chosen, fidelity: FidelityOption, allow_index: list[str] | None) -> Record | Specification:
    """Return what was chosen, read; of a backup that was kept with a record, the record or nothing.

    A list of Python packages that stands in for a damaged record would rebuild much less and could not say so. It is taken only
    where ``--fidelity pip`` asks for just that, or where the user edited the ``.txt``, which then means itself.

    Raises:
        BadRecordError: the record is damaged.
    """
    from envkeep.cli.choosing import load
    from envkeep.errors import BadRecordError
    from envkeep.model.specification import Specification

    source = load(store, chosen, allow_index=allow_index or ())
    backup = chosen.backup
    if backup is None or backup.folder is None or backup.state == "edited" or fidelity is _Fidelity.pip:
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
