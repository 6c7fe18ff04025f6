"""The two protocols that everything above the engines knows: what makes conda environments, what installs Python packages.

Nothing here starts anything. ``engines.select`` finds an engine or an installer, one module each implements them.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal, Protocol

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envkeep.engines.reason import Reason
    from envkeep.model.record import CondaPackage

__all__ = [
    "Engine",
    "EngineInfo",
    "EngineName",
    "InstallReport",
    "InstallRequest",
    "Installer",
    "InstallerName",
    "NoProgress",
    "PipReport",
    "PipRequest",
    "Progress",
    "SolveRequest",
]

EngineName = Literal["rattler", "conda", "mamba", "micromamba"]
InstallerName = Literal["pip", "uv"]


class Progress(Protocol):
    """Who is told how far long work is. ``report`` shows it at a terminal; ``NoProgress`` says nothing."""

    def start(self, label: str, total: int | None = None) -> None:
        """Begin a piece of work of ``total`` units (None: not known); it ends when the next one starts or with ``finish``."""
        ...

    def advance(self, units: int = 1) -> None:
        """Say that so many more units are done."""
        ...

    def finish(self) -> None:
        """End the piece of work; safe to call twice."""
        ...


class NoProgress:
    """A Progress that says nothing."""

    def start(self, label: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, units: int = 1) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""


@frozen
class EngineInfo:
    """An engine that was found: its name, version (None where it does not say) and where it lies."""

    name: EngineName
    version: str | None
    path: str


@frozen
class SolveRequest:
    """What to solve for; nothing is installed.

    Attributes:
        specs: MatchSpec strings, validated.
        channels: names or URLs in order of priority.
        subdir: the platform to solve for.
        offline: use what is cached only.
    """

    specs: tuple[str, ...]
    channels: tuple[str, ...]
    subdir: str
    offline: bool = False


@frozen
class InstallRequest:
    """The wanted end state of a new prefix.

    Attributes:
        prefix: absolute; must not exist, or be an empty folder.
        packages: every package, each with a URL; hashes are enforced by the engine or by us before it starts.
        requested: MatchSpec strings that ``conda-meta/history`` shall say were asked for.
        channels: for engines that want to know them.
        link_scripts: whether the packages' link scripts may run.
        may_have_scripts: names of packages that have link scripts, or of which nobody knows; where these may not run, an engine
            that cannot leave them refuses.
        offline: use what is cached only.
    """

    prefix: Path
    packages: tuple[CondaPackage, ...]
    subdir: str
    requested: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    link_scripts: bool = False
    may_have_scripts: tuple[str, ...] = ()
    offline: bool = False


@frozen
class InstallReport:
    """What an installation says of itself beyond success.

    Attributes:
        unavailable: packages whose artefact could not be had, by name, with the reason; when there is one, nothing was installed.
        scripts_run, scripts_failed: names of packages.
    """

    unavailable: tuple[tuple[str, str], ...] = ()
    scripts_run: tuple[str, ...] = ()
    scripts_failed: tuple[str, ...] = ()


class Engine(Protocol):
    """What makes conda environments."""

    name: EngineName

    def info(self) -> EngineInfo:
        """Return which one this is."""
        ...

    def wake(self, *, offline: bool = False) -> None:
        """Begin what takes a while before the first answer, and return at once; nobody has to call it.

        Args:
            offline: whether the network will be used.
        """
        ...

    def solve(self, request: SolveRequest) -> tuple[CondaPackage, ...]:
        """Return the packages that satisfy a request, each with URL and hash, sorted by name.

        Raises:
            UnsolvableError: the channels do not hold it; quotes the engine's explanation.
            EngineError: the engine failed or cannot be had.
        """
        ...

    def available(
        self, names: Sequence[str], channels: Sequence[str], subdir: str, *, offline: bool = False
    ) -> tuple[CondaPackage, ...]:
        """Return every package of these names that the channels hold for the platform (and noarch), unsorted.

        Args:
            names: of packages.
            channels: in any spelling.
            subdir: the platform.
            offline: by what is cached of the channels.

        Raises:
            EngineError: a channel cannot be read.
        """
        ...

    def unavailable(
        self, packages: Sequence[CondaPackage], progress: Progress, *, offline: bool = False
    ) -> tuple[tuple[str, Reason], ...]:
        """Return ``(name, reason)`` of the packages whose artefact is neither cached with the right hash nor at its URL.

        Args:
            packages: to look for.
            progress: told how many were looked for.
            offline: whether only caches and this machine's own files count.
        """
        ...

    def install(self, request: InstallRequest, progress: Progress) -> InstallReport:
        """Make the prefix of a request.

        Raises:
            TargetExistsError: the prefix is there and not empty.
            EngineError: it failed; what is left of the prefix is removed before this is raised.
        """
        ...


@frozen
class PipRequest:
    """Python packages to install into an environment.

    Attributes:
        python: absolute path of the environment's Python.
        requirements: lines of our own making, one requirement each (never text of a file).
        deps: whether dependencies are resolved; False where the requirements are the whole truth.
        index_urls: indexes that were consented to, besides those of the user's own settings.
        find_links: folders of wheels.
        offline: use no network.
    """

    python: str
    requirements: tuple[str, ...]
    deps: bool = False
    index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    offline: bool = False


@frozen
class PipReport:
    """What came of each requirement: the lines that were installed, and those that were not with the reason."""

    installed: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = field(default=())


class Installer(Protocol):
    """What installs Python packages into an environment."""

    name: InstallerName

    def install(self, request: PipRequest, progress: Progress) -> PipReport:
        """Install all requirements at once; where that fails, one by one, so that one bad line does not fail the rest.

        Raises:
            InstallerError: it is not there or cannot be started.
        """
        ...
