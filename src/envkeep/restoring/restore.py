"""A plan executed: a new environment, whole and verified, or nothing at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.base import InstallRequest, NoProgress, PipRequest
from envkeep.engines.prefixes import fresh_prefix
from envkeep.errors import EngineError, InstallerError
from envkeep.model.names import normalise
from envkeep.planning.link_scripts import may_have_link_scripts
from envkeep.planning.plan import (
    CloneCheckout,
    InstallPip,
    MakeConda,
    MakeVenv,
    RecordRequested,
    SetVariables,
    StepDown,
    Verify,
    WritePinned,
)
from envkeep.planning.script_parts import tools_besides
from envkeep.restoring.result import RestoreResult
from envkeep.restoring.settle import settle, step_down

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envkeep.engines.base import Engine, InstallerName, InstallReport, Progress
    from envkeep.planning.plan import Plan, Step

__all__ = ["environment_python", "restore"]

# an artefact can vanish between the look and the installation; a channel that loses them all is not to be chased for ever
_ROUNDS = 4


def restore(
    plan: Plan,
    *,
    engine: Engine | None,
    installer: InstallerName | None = None,
    progress: Progress | None = None,
    files: bool = False,
    imports: bool = False,
    finish: Callable[[Path], None] | None = None,
) -> RestoreResult:
    """Execute a plan: make the prefix, put everything into it, verify it.

    If anything fails, Ctrl-C included, nothing of the prefix is left and nothing else was touched (clones of checkouts that were
    asked for stay: they are the user's). A Python package that cannot be installed fails nothing but itself, and is named.

    Args:
        plan: of ``planning.make``, settled or not.
        engine: makes the conda prefix; None will do for a plan that has none.
        installer: pip or uv; None takes what is there.
        progress: told how far long work is.
        files: verify every file.
        imports: verify that packages can be imported.
        finish: called with the prefix when all steps are done, before it is verified.

    Raises:
        TargetExistsError: the target is there and not an empty folder.
        UnsolvableError: the channels do not hold what was asked for.
        RefusedError: the plan is strict and would step down.
        EngineError: the engine failed, or there is none.
        InstallerError: there is neither pip nor uv, or the plan is strict and a Python package could not be installed.
    """
    run = _Run(plan=plan, engine=engine, installer=installer, progress=progress or NoProgress())
    with fresh_prefix(Path(plan.target)):
        for step in plan.steps:
            run.execute(step)
        if finish is not None:
            finish(run.prefix)
        return run.verified(files=files, imports=imports)


def environment_python(prefix: Path) -> Path:
    """Return the executable of an environment's Python: conda's and venv's places, on this system.

    Raises:
        EngineError: there is none.
    """
    places = ("python.exe", "Scripts/python.exe") if os.name == "nt" else ("bin/python", "bin/python3")
    for place in places:
        if (prefix / place).exists():
            return prefix / place
    raise EngineError(f"{prefix} has no Python to install with", "The record or the file has to name python.")


class _Run:
    """One execution: what happened so far."""

    def __init__(self, *, plan: Plan, engine: Engine | None, installer: InstallerName | None, progress: Progress) -> None:
        self.plan = plan
        self.engine = engine
        self.installer = installer
        self.progress = progress
        self.prefix = Path(plan.target)
        self.reasons = {normalise(item.name): item.reason for item in plan.cannot}
        self.scripts_skipped: tuple[str, ...] = ()
        self.notes: list[str] = []
        self.tools: tuple[str, ...] = ()

    def execute(self, step: Step) -> None:
        if isinstance(step, MakeConda):
            self._make_conda()
        elif isinstance(step, MakeVenv):
            self._make_venv(step)
        elif isinstance(step, SetVariables):
            from envkeep.restoring.settings import write_variables

            write_variables(self.prefix, step.variables)
        elif isinstance(step, WritePinned):
            from envkeep.restoring.settings import write_pinned

            write_pinned(self.prefix, step.lines)
        elif isinstance(step, CloneCheckout):
            from envkeep.restoring.checkouts import clone

            clone(step)
        elif isinstance(step, InstallPip):
            self._install_pip(step)
        else:
            # the engine writes the history as it makes the prefix, and verifying comes when all steps are done
            assert isinstance(step, (RecordRequested, Verify))  # noqa: S101 - for the type checker: every step is handled

    def verified(self, *, files: bool, imports: bool) -> RestoreResult:
        from envkeep.verifying.prefix import verify_prefix

        verification = verify_prefix(
            self.plan.source,
            self.prefix,
            files=files,
            imports=imports,
            reasons=self.reasons,
            scripts_skipped=self.scripts_skipped,
            progress=self.progress,
        )
        return RestoreResult(
            plan=self.plan,
            prefix=self.prefix,
            verification=verification,
            steps_down=(*self.plan.steps_down, *self._pip_steps_down()),
            notes=tuple(self.notes),
        )

    def _make_conda(self) -> None:
        if self.engine is None:
            raise EngineError("the plan makes a conda environment, and there is no engine that could", "See `envkeep doctor`.")
        self.plan = settle(self.plan, self.engine, self.progress)
        report = self._install()
        for _ in range(_ROUNDS):
            if not report.unavailable:
                self._say_scripts(report)
                return
            self.plan = step_down(self.plan, dict(report.unavailable), self.engine)
            report = self._install()
        names = ", ".join(name for name, _ in report.unavailable)
        raise EngineError(f"artefacts keep being gone: {names}", "Try again later, or name another channel with -c.")

    def _install(self) -> InstallReport:
        step = self.plan.conda_step
        if step is None or self.engine is None:
            raise EngineError("the plan makes no conda environment")
        requested = next((item.specs for item in self.plan.steps if isinstance(item, RecordRequested)), ())
        return self.engine.install(
            InstallRequest(
                prefix=self.prefix,
                packages=step.packages,
                subdir=self.plan.subdir,
                requested=requested,
                channels=self.plan.channels,
                link_scripts=self.plan.run_link_scripts,
                may_have_scripts=may_have_link_scripts(self.plan),
                offline=self.plan.offline,
            ),
            self.progress,
        )

    def _say_scripts(self, report: InstallReport) -> None:
        failed = set(report.scripts_failed)
        if failed:
            self.notes.append(f"The link scripts of {', '.join(sorted(failed))} failed.")
        skipped = set() if self.plan.run_link_scripts else set(self.plan.link_scripts)
        self.scripts_skipped = tuple(sorted(skipped | failed))

    def _make_venv(self, step: MakeVenv) -> None:
        from envkeep.engines.pythons import find_python, make_venv
        from envkeep.engines.uv import find_uv

        python = find_python(step.python)
        if python is None:
            raise EngineError(f"there is no Python {step.python} on this machine any more", "Make the plan again.")
        pip = self.plan.pip_step
        recorded = {normalise(line.name) for line in pip.lines} if pip is not None else set()
        by_uv = self.installer != "pip" and find_uv(os.environ) is not None
        # before 3.12 the venv module puts setuptools beside pip; where it was not there, uv brings pip alone
        with_setuptools = tuple(int(part) for part in step.python.split(".")[:2]) < (3, 12)
        bundled = "pip" in recorded and (not with_setuptools or "setuptools" in recorded)
        with_pip = bundled or (pip is not None and not by_uv)
        make_venv(python, self.prefix, with_pip=with_pip, installer="uv" if by_uv else "pip")
        if with_pip and pip is not None and not pip.deps:
            # brought to install with alone, and not recorded
            self.tools = tools_besides(recorded)

    def _install_pip(self, step: InstallPip) -> None:
        from envkeep.engines.pip import uninstall
        from envkeep.engines.select import find_installer

        python = environment_python(self.prefix)
        installer = find_installer(self.installer, python)
        request = PipRequest(
            python=str(python),
            requirements=tuple(line.text for line in step.lines),
            deps=step.deps,
            index_urls=self.plan.index_urls,
            find_links=self.plan.find_links,
            offline=self.plan.offline,
        )
        report = installer.install(request, self.progress)
        names = {line.text: line.name for line in step.lines}
        failed = {names.get(text, text): reason for text, reason in report.failed}
        if failed and self.plan.strict:
            raise InstallerError(
                "these Python packages cannot be installed: " + "; ".join(f"{name}: {why}" for name, why in failed.items()),
                "Nothing was left behind. Without --strict the others are installed and these are named.",
            )
        self.reasons.update({normalise(name): why for name, why in failed.items()})
        self._put_origins_right(step, failed)
        if self.tools and (why := uninstall(str(python), self.tools, os.environ)) is not None:
            self.notes.append(f"{' and '.join(self.tools)} stayed in it, though not recorded, and could not be removed: {why}.")

    def _put_origins_right(self, step: InstallPip, failed: Mapping[str, str]) -> None:
        origins = [(line.name, line.origin) for line in step.lines if line.origin is not None and line.name not in failed]
        if not origins:
            return
        from envkeep.capturing.capture import capture
        from envkeep.restoring.origins import put_right

        put_right(self.prefix, origins, capture(self.prefix, start_python=False))

    def _pip_steps_down(self) -> Iterator[StepDown]:
        step = self.plan.pip_step
        for line in step.lines if step is not None else ():
            why = self.reasons.get(normalise(line.name))
            if why is not None:
                yield StepDown(name=line.name, start=self.plan.start, end="missing", why=why)
