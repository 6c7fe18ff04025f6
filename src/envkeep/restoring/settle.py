"""A plan held against the channels: what is to be installed is known to the last package, and each step down is named.

Nothing is installed here. A plan that is settled says what it will do; one that is not can be executed too, and is settled then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.engines.base import NoProgress, SolveRequest
from envkeep.errors import RefusedError, UnsolvableError
from envkeep.model import matchspec
from envkeep.model.frozen import frozen
from envkeep.model.record import Record
from envkeep.planning.conda_part import held, requested_step
from envkeep.planning.plan import Cannot, MakeConda, Plan, StepDown
from envkeep.planning.totals import with_totals
from envkeep.restoring.candidates import nearest_versions, ranked
from envkeep.restoring.stand_ins import StandIns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.engines.base import Engine, Progress
    from envkeep.model.record import CondaPackage
    from envkeep.planning.fidelity import Fidelity

__all__ = ["settle", "step_down"]

# how many offers in place of a gone artefact are tried before its version is left to the solver
_TRIES = 4
# how many packages are tried from the index each by itself, at a few solves, before all of them are
_ALONE = 20


def settle(plan: Plan, engine: Engine, progress: Progress | None = None) -> Plan:
    """Return the plan with every conda package to be installed in it.

    Args:
        plan: settled ones come back as they are, and those without a conda part.
        engine: asked what its channels hold, and to solve.
        progress: told how far that is.

    Raises:
        UnsolvableError: the channels do not hold it; names the recorded Python and the nearest there are if it is that.
        RefusedError: the plan is strict and would step down.
        EngineError: the engine failed.
    """
    step = plan.conda_step
    if step is None or step.settled:
        return plan
    if step.how == "exact":
        gone = engine.unavailable(step.packages, progress or NoProgress(), offline=plan.offline)
        if not gone and not step.specs:
            return _with(plan, replace(step, settled=True))
        return step_down(plan, dict(gone), engine)
    return _solved(plan, step, engine)


def step_down(plan: Plan, gone: Mapping[str, str], engine: Engine) -> Plan:
    """Return the plan with other packages in place of those that cannot be had, all others held as they are.

    Args:
        plan: its conda step names the packages.
        gone: names of packages whose artefact cannot be had, and why.
        engine: as for ``settle``.

    Raises:
        RefusedError: the plan is strict.
        UnsolvableError: nothing can take their place.
    """
    step = plan.conda_step
    if step is None:
        return plan
    if plan.strict and gone:
        names_by_reason: dict[str, list[str]] = {}
        for name, why in sorted(gone.items()):
            names_by_reason.setdefault(why, []).append(name)
        raise RefusedError(
            "artefacts are gone: " + "; ".join(f"{', '.join(names)}: {why}" for why, names in names_by_reason.items()),
            "Without --strict, others take their place and each is named.",
        )
    keep = tuple(package for package in step.packages if package.name not in gone)
    lost = _Lost.of(plan, step, gone)
    wanted = [package.name for package in lost.packages]
    offers: dict[str, list[CondaPackage]] = {}
    for offer in engine.available(wanted, plan.channels, plan.subdir, offline=plan.offline):
        offers.setdefault(offer.name, []).append(offer)
    # what took a package's place before is gone, and so is the package itself
    dead = {package.url for package in (*step.packages, *lost.packages) if package.name in gone and package.url}
    choices = {package.name: ranked(package, offers.get(package.name, ()), dead) for package in lost.packages}
    if "python" in choices and step.python is not None:
        choices["python"] = tuple(offer for offer in choices["python"] if offer.version == step.python)
        if not choices["python"]:
            _require_python(plan, step, {offer.version for offer in offers.get("python", ()) if offer.url not in dead})
    plan = replace(plan, steps_down=_others(plan, gone))
    stranded = [package for package in lost.packages if not choices[package.name]]
    stand_ins = StandIns(plan, lost.why, step.how)
    movable = [package for package in lost.packages if choices[package.name] and stand_ins.are_there_for(package)]
    alone = [[package] for package in movable[:_ALONE]] if len(movable) > 1 else []
    explanation: UnsolvableError | None = None
    # besides what nothing is there for, one that fits to nothing else, or all of them, may have to come from elsewhere
    for others in ([], *alone, *([movable] if movable else [])):
        with_stand_ins, moved = stand_ins.instead_of([*stranded, *others])
        left = replace(lost, packages=tuple(package for package in lost.packages if package.name not in moved))
        try:
            return _replaced(with_stand_ins, step, left, keep=keep, choices=choices, dead=dead, moved=moved, engine=engine)
        except UnsolvableError as error:
            explanation = explanation or error
    listed = ", ".join(f"{package.name} {package.version}" for package in lost.packages)
    detail = f": {explanation.fact}" if explanation is not None and explanation.fact else ""
    raise UnsolvableError(
        f"nothing on {', '.join(plan.channels)} can take the place of {listed}{detail}",
        "Name a channel that has it (-c), or ask for less: --fidelity requested.",
    )


def _replaced(
    plan: Plan,
    step: MakeConda,
    lost: _Lost,
    *,
    keep: tuple[CondaPackage, ...],
    choices: Mapping[str, tuple[CondaPackage, ...]],
    dead: set[str],
    moved: frozenset[str],
    engine: Engine,
) -> Plan:
    """Return the plan with other packages in place of the lost ones; ``moved`` are those that do not come from the channels."""
    if not lost.packages:
        return _with(plan, replace(step, packages=_sorted(keep), specs=(), settled=True))
    pins = [held(package.name, package.version, package.build) for package in keep]
    names = {package.name for package in keep} | moved
    explanation = UnsolvableError("")
    for attempt in _attempts(lost.packages, choices, pins, step.python):
        try:
            solved = engine.solve(_request(plan, attempt))
        except UnsolvableError as error:
            explanation = error
            continue
        new = tuple(package for package in solved if package.name not in names)
        if any(package.url in dead for package in new):
            continue
        settled = replace(step, packages=_sorted((*keep, *new)), specs=(), settled=True)
        return _with(plan, settled, steps_down=(*plan.steps_down, *lost.steps_down(new, step.how)), notes=_added(step, lost, new))
    raise explanation


@frozen
class _Lost:
    """The packages that others have to take the place of, and why."""

    packages: tuple[CondaPackage, ...]
    why: Mapping[str, str]

    @classmethod
    def of(cls, plan: Plan, step: MakeConda, gone: Mapping[str, str]) -> _Lost:
        asked = {matchspec.name_of(spec) for spec in step.specs}
        known = {package.name: package for package in _recorded(plan)}
        packages = {package.name: package for package in step.packages if package.name in gone}
        packages.update({name: known[name] for name in asked if name in known and name is not None})
        why = dict.fromkeys(packages, "no URL of its artefact is recorded")
        # the recorded version is what is to be come near to, also where another took its place before
        return cls(packages=tuple(known.get(name, package) for name, package in sorted(packages.items())), why={**why, **gone})

    def steps_down(self, new: Iterable[CondaPackage], start: Fidelity) -> tuple[StepDown, ...]:
        found = {package.name: package for package in new}
        steps = []
        for package in self.packages:
            other = found.get(package.name)
            if other is None:
                end = "missing"
            elif other.version == package.version:
                end = "same-version"
            else:
                end = "other-version"
            steps.append(StepDown(name=package.name, start=start, end=end, why=self.why[package.name]))
        return tuple(steps)


def _attempts(
    lost: tuple[CondaPackage, ...],
    choices: Mapping[str, tuple[CondaPackage, ...]],
    pins: list[str],
    python: str | None,
) -> Iterable[list[str]]:
    most = min(_TRIES, max((len(found) for found in choices.values()), default=0))
    for index in range(most):
        picked = []
        for package in lost:
            found = choices[package.name]
            if found:
                offer = found[min(index, len(found) - 1)]
                picked.append(held(offer.name, offer.version, offer.build))
        yield [*pins, *picked]
    free = [
        held("python", python) if package.name == "python" and python else package.name
        for package in lost
        if choices[package.name]
    ]
    yield [*pins, *free]
    # builds that are no longer listed cannot be asked for; their artefacts are installed as they are all the same
    yield [spec for spec in pins if matchspec.name_of(spec) == "python"] + free


def _solved(plan: Plan, step: MakeConda, engine: Engine) -> Plan:
    recorded = {package.name: package for package in _recorded(plan)}
    try:
        return _with_solution(plan, step, engine.solve(_request(plan, step.specs)), recorded, {})
    except UnsolvableError as error:
        explanation = error
    names = [name for name in (matchspec.name_of(spec) for spec in step.specs) if name is not None]
    offers = engine.available(names, plan.channels, plan.subdir, offline=plan.offline)
    versions: dict[str, set[str]] = {}
    for offer in offers:
        versions.setdefault(offer.name, set()).add(offer.version)
    if "python" in names:
        _require_python(plan, step, versions.get("python", set()))
    if plan.strict:
        raise explanation
    why = _why_not(plan, step, versions)
    relaxed = [_relaxed(spec, versions) for spec in step.specs]
    rungs: list[MakeConda] = [replace(step, specs=tuple(spec for spec in relaxed if spec is not None))]
    if step.how == "same-version" and isinstance(plan.source, Record):
        asked = requested_step(plan.source, step.python)
        specs = tuple(spec for spec in (_relaxed(spec, versions) for spec in asked.specs) if spec is not None)
        rungs.append(replace(asked, specs=specs))
    names_only = tuple(_name_alone(spec) for spec in rungs[-1].specs)
    rungs.append(replace(rungs[-1], specs=names_only))
    for rung in rungs:
        try:
            return _with_solution(plan, rung, engine.solve(_request(plan, rung.specs)), recorded, why)
        except UnsolvableError as error:  # noqa: PERF203 - a handful of rungs
            explanation = error
    raise UnsolvableError(
        f"the channels {', '.join(plan.channels)} do not hold what was asked for: {explanation.fact}",
        "Name a channel that has it (-c), or ask for less: --fidelity requested or --fidelity pip.",
    )


def _why_not(plan: Plan, step: MakeConda, versions: Mapping[str, set[str]]) -> dict[str, str]:
    where = f"{', '.join(plan.channels)} for {plan.subdir}"
    why = {}
    for spec in step.specs:
        parsed = matchspec.parse(spec)
        if parsed.name not in versions:
            why[parsed.name] = f"{where} has no {parsed.name}"
        elif parsed.exact_version is not None and parsed.exact_version not in versions[parsed.name]:
            why[parsed.name] = f"{where} has no version {parsed.exact_version}"
    return why


def _relaxed(spec: str, versions: Mapping[str, set[str]]) -> str | None:
    parsed = matchspec.parse(spec)
    there = versions.get(parsed.name)
    if there is None:
        return None
    if parsed.exact_version is None or parsed.exact_version in there:
        return spec
    return str(matchspec.MatchSpec(name=parsed.name, channel=parsed.channel))


def _name_alone(spec: str) -> str:
    parsed = matchspec.parse(spec)
    return spec if parsed.name == "python" else str(matchspec.MatchSpec(name=parsed.name, channel=parsed.channel))


def _with_solution(
    plan: Plan,
    step: MakeConda,
    solved: tuple[CondaPackage, ...],
    recorded: Mapping[str, CondaPackage],
    why: Mapping[str, str],
) -> Plan:
    found = {package.name: package for package in solved}
    steps_down = list(plan.steps_down)
    cannot = list(plan.cannot)
    first = plan.conda_step
    if first is not None and first.how != step.how:
        reason = "the recorded versions do not go together on the channels as they are now"
        steps_down.append(StepDown(name="", start=first.how, end=step.how, why=reason))
    for name, package in sorted(recorded.items()):
        other = found.get(name)
        if other is None and name in why:
            cannot.append(Cannot(kind="conda", name=name, reason=why[name], was=package.channel or None))
        elif other is not None and other.version != package.version and step.how != "pip":
            reason = why.get(name, "its recorded version does not go together with the others as the channels are now")
            steps_down.append(StepDown(name=name, start="same-version", end="other-version", why=reason))
    settled = replace(step, packages=_sorted(solved), specs=(), settled=True)
    return with_totals(
        replace(
            plan,
            steps=tuple(settled if isinstance(item, MakeConda) else item for item in plan.steps),
            steps_down=tuple(steps_down),
            cannot=tuple(cannot),
        )
    )


def _require_python(plan: Plan, step: MakeConda, there: set[str]) -> None:
    """Raise if the channels do not have the recorded Python: no other takes its place."""
    if step.python is None:
        return
    if any(version == step.python or version.startswith(f"{step.python}.") for version in there):
        return
    near = ", ".join(nearest_versions(step.python, there)[:4])
    raise UnsolvableError(
        f"Python {step.python}, which was recorded, is on none of the channels for {plan.subdir}: {', '.join(plan.channels)}",
        (f"The nearest they have: {near}. " if near else "They have no Python at all. ")
        + "Name a channel that has it with -c (conda-forge keeps every release).",
    )


def _with(plan: Plan, step: MakeConda, *, steps_down: tuple[StepDown, ...] | None = None, notes: tuple[str, ...] = ()) -> Plan:
    return with_totals(
        replace(
            plan,
            steps=tuple(step if isinstance(item, MakeConda) else item for item in plan.steps),
            steps_down=plan.steps_down if steps_down is None else steps_down,
            notes=(*plan.notes, *notes),
        )
    )


def _others(plan: Plan, gone: Mapping[str, str]) -> tuple[StepDown, ...]:
    step = plan.conda_step
    asked = {matchspec.name_of(spec) for spec in step.specs} if step is not None else set()
    return tuple(item for item in plan.steps_down if item.name not in gone and item.name not in asked)


def _added(step: MakeConda, lost: _Lost, new: Iterable[CondaPackage]) -> tuple[str, ...]:
    known = {package.name for package in (*step.packages, *lost.packages)}
    added = sorted(package.name for package in new if package.name not in known)
    return (f"What takes their place needs {', '.join(added)} besides.",) if added else ()


def _recorded(plan: Plan) -> tuple[CondaPackage, ...]:
    return plan.source.conda if isinstance(plan.source, Record) else plan.source.artefacts


def _request(plan: Plan, specs: Iterable[str]) -> SolveRequest:
    return SolveRequest(specs=tuple(specs), channels=plan.channels, subdir=plan.subdir, offline=plan.offline)


def _sorted(packages: Iterable[CondaPackage]) -> tuple[CondaPackage, ...]:
    return tuple(sorted(packages, key=lambda package: package.name))
