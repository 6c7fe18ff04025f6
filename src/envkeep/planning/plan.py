"""The plan of a rebuild as a value: shown, written out as a script, or executed; made by ``planning.make``.

Each step says what it is in ``step``, for JSON. Fields that are left out of ``repr`` can hold secrets, and are left out of JSON
too. Nothing in a plan is text of a file: names, versions, channels and URLs were validated when it was made.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage, Origin, Record
    from envkeep.model.specification import Specification
    from envkeep.planning.fidelity import Fidelity

__all__ = [
    "Cannot",
    "CloneCheckout",
    "Contact",
    "InstallPip",
    "MakeConda",
    "MakeVenv",
    "PipLine",
    "Plan",
    "RecordRequested",
    "SetVariables",
    "Step",
    "StepDown",
    "Verify",
    "WritePinned",
]


@frozen
class Contact:
    """A host that will be talked to, or a local path that will be read, and what for."""

    where: str
    why: str


@frozen
class Cannot:
    """Something of the source that the plan cannot bring back.

    Attributes:
        kind: ``conda``, ``pip`` or ``variable``.
        reason: one sentence without a final full stop.
        was: where it came from on the machine it was recorded on, if that is known.
        remedy: what would bring it back, if anything would.
    """

    kind: str
    name: str
    reason: str
    was: str | None = None
    remedy: str | None = None


@frozen
class StepDown:
    """A package (or, with ``name`` empty, the whole conda part) that comes back less near than asked, and why."""

    name: str
    start: Fidelity
    end: str
    why: str


@frozen
class PipLine:
    """One line for pip or uv.

    Attributes:
        text: of our own making; a PEP 508 requirement, or ``-e file:///...``.
        version: what it is pinned to, else None.
        origin: where it comes from, if not from an index.
    """

    name: str
    text: str
    version: str | None = None
    origin: Origin | None = None


@frozen
class MakeConda:
    """Make a conda prefix.

    Attributes:
        how: the rung it is made on.
        packages: artefacts to be installed as they are.
        specs: MatchSpecs that a solve has to bring besides; empty where ``packages`` are the whole truth.
        python: the recorded version, which no step down gives up; None where the source holds none.
        settled: whether the channels were asked, so that ``packages`` are all, and there.
    """

    step: str = field(default="make-conda", init=False)
    how: Fidelity
    packages: tuple[CondaPackage, ...] = ()
    specs: tuple[str, ...] = ()
    python: str | None = None
    settled: bool = False


@frozen
class MakeVenv:
    """Make a venv with a Python of this version that is on the machine."""

    step: str = field(default="make-venv", init=False)
    python: str


@frozen
class CloneCheckout:
    """Clone a repository at a commit into a folder that does not exist yet."""

    step: str = field(default="clone-checkout", init=False)
    name: str
    url: str
    commit: str
    path: str


@frozen
class InstallPip:
    """Install Python packages; ``deps`` says whether dependencies are resolved."""

    step: str = field(default="install-pip", init=False)
    lines: tuple[PipLine, ...]
    deps: bool


@frozen
class SetVariables:
    """Write environment variables into ``conda-meta/state``; the values can be secrets and are not shown."""

    step: str = field(default="set-variables", init=False)
    variables: tuple[tuple[str, str], ...] = field(repr=False)
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(name for name, _ in self.variables))


@frozen
class WritePinned:
    """Write ``conda-meta/pinned``."""

    step: str = field(default="write-pinned", init=False)
    lines: tuple[str, ...]


@frozen
class RecordRequested:
    """Put what was asked for into ``conda-meta/history``, so that conda and mamba go on from there."""

    step: str = field(default="record-requested", init=False)
    specs: tuple[str, ...]


@frozen
class Verify:
    """Hold the new environment against the source."""

    step: str = field(default="verify", init=False)


Step: TypeAlias = MakeConda | MakeVenv | CloneCheckout | InstallPip | SetVariables | WritePinned | RecordRequested | Verify


@frozen
class Plan:
    """The steps of a rebuild with their reasons.

    Attributes:
        source: what is rebuilt.
        target: absolute path of the prefix to be made; empty where nobody has chosen one (``inspect``).
        name: what a person calls the new environment; empty where the target is.
        subdir: the platform it is made for.
        asked: the fidelity that was asked for; what an exit status is measured by.
        start: the fidelity that this plan starts at.
        strict: whether a step down is an error.
        channels: canonical, in order of priority.
        channels_from: who named them, for the reader: ``the options``, ``the record``, ``the file``, ``the settings``,
            ``condarc``, ``envkeep``.
        steps: in order.
        steps_down: what is already known to come back less near.
        contacts: hosts and paths, each once.
        download: bytes of the artefacts whose size is known.
        size_unknown: how many artefacts have no known size.
        link_scripts: names of the packages that have some.
        run_link_scripts: whether they may run.
        index_urls: indexes that were consented to besides those of the user's own settings.
        find_links: folders of wheels that Python packages are taken from, besides.
        offline: use no network.
        cannot: what does not come back.
        notes: what a reader should know before agreeing.
    """

    source: Record | Specification = field(repr=False)
    target: str
    name: str
    subdir: str
    asked: Fidelity
    start: Fidelity
    strict: bool
    channels: tuple[str, ...]
    channels_from: str
    steps: tuple[Step, ...]
    steps_down: tuple[StepDown, ...] = ()
    contacts: tuple[Contact, ...] = ()
    download: int = 0
    size_unknown: int = 0
    link_scripts: tuple[str, ...] = ()
    run_link_scripts: bool = False
    index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    offline: bool = False
    cannot: tuple[Cannot, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def conda_step(self) -> MakeConda | None:
        """The step that makes a conda prefix, if there is one."""
        return next((step for step in self.steps if isinstance(step, MakeConda)), None)

    @property
    def pip_step(self) -> InstallPip | None:
        """The step that installs Python packages, if there is one."""
        return next((step for step in self.steps if isinstance(step, InstallPip)), None)
