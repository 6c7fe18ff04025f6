"""A record or a file's specification and what is asked for -> the plan; pure, so that a dry run is the plan and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError, RefusedError, UsageError
from envkeep.formats.requirement_indexes import other_indexes
from envkeep.model import matchspec
from envkeep.model.frozen import frozen
from envkeep.model.names import normalise
from envkeep.model.record import Record
from envkeep.model.secrets import looks_secret
from envkeep.planning.channels import choose_channels, remapping
from envkeep.planning.conda_part import (
    can_be_asked_for,
    exact_step,
    is_artefact,
    is_proven,
    python_spec,
    python_step,
    remapped,
    requested_step,
    same_version_step,
)
from envkeep.planning.fidelity import LADDER, Fidelity
from envkeep.planning.pip_part import PipPart, pip_part_of_distributions, pip_part_of_requirements
from envkeep.planning.plan import (
    Cannot,
    InstallPip,
    MakeConda,
    MakeVenv,
    Plan,
    RecordRequested,
    SetVariables,
    Step,
    StepDown,
    Verify,
    WritePinned,
)
from envkeep.planning.totals import with_totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envkeep.model.record import CondaPackage
    from envkeep.model.specification import Specification
    from envkeep.planning.facts import LocalFacts
    from envkeep.planning.plan import PipLine

__all__ = ["TOOLS", "is_complete", "make_plan"]

# what every new environment brings along by itself, and pip freeze leaves out
TOOLS = frozenset({"pip", "setuptools", "wheel"})


@frozen
class _Parts:
    """What the source decides; the rest of a plan is the same for all."""

    asked: Fidelity
    start: Fidelity
    base: MakeConda | MakeVenv
    requested: tuple[str, ...]
    pip: PipPart
    deps: bool
    variables: tuple[tuple[str, str], ...] = ()
    pinned: tuple[str, ...] = ()
    cannot: tuple[Cannot, ...] = ()
    steps_down: tuple[StepDown, ...] = ()
    notes: tuple[str, ...] = ()


def make_plan(
    source: Record | Specification,
    *,
    target: str,
    facts: LocalFacts,
    name: str | None = None,
    fidelity: Fidelity | None = None,
    strict: bool = False,
    channels: Sequence[str] = (),
    remap: Mapping[str, str] | None = None,
    link_scripts: bool = False,
    with_secrets: bool = False,
    checkout: str | None = None,
    index_urls: Sequence[str] = (),
    offline: bool = False,
) -> Plan:
    """Return the plan that rebuilds a record, or what a file asks for, at a prefix.

    Args:
        source: what is rebuilt.
        target: absolute path of the new prefix.
        facts: what is so on this machine.
        name: of the new environment; None: the last part of ``target``.
        fidelity: the rung to start at; None: the best that the source and the machine allow.
        strict: whether a step down, or anything that cannot be brought back, is refused.
        channels: of the options; they take the place of the source's.
        remap: channels that take the place of others (a mirror, a successor).
        link_scripts: whether the packages' link scripts may run.
        with_secrets: whether variables that look secret come back too.
        checkout: folder that missing checkouts are cloned into.
        index_urls: package indexes that were consented to.
        offline: use no network.

    Raises:
        RefusedError: ``strict``, and the plan would step down or leave something out.
        UsageError: a channel or the fidelity makes no sense for this source.
        BadFormatError: the source holds a name or version that conda cannot have.
    """
    mapping = remapping(remap or {})
    if isinstance(source, Record):
        if source.conda:
            parts = _conda_record(source, facts, fidelity, mapping, checkout)
        else:
            parts = _python_record(source, facts, fidelity, checkout)
    else:
        parts = _specification(source, facts, fidelity, mapping, checkout)
    chosen, who = choose_channels(source, channels, facts, mapping)
    named = () if isinstance(source, Record) else source.index_urls
    variables, withheld = _variables(parts.variables, with_secrets=with_secrets)
    lost = (*parts.cannot, *parts.pip.cannot)
    notes = [*parts.notes, *parts.pip.notes]
    conda = isinstance(parts.base, MakeConda)
    if variables and not conda:
        notes.append("A venv has no place for environment variables: " + ", ".join(key for key, _ in variables))
        variables = ()
    steps: list[Step] = [parts.base]
    if conda and parts.requested:
        steps.append(RecordRequested(specs=parts.requested))
    if conda and parts.pinned:
        steps.append(WritePinned(lines=parts.pinned))
    if variables:
        steps.append(SetVariables(variables=variables))
    steps.extend(parts.pip.clones)
    if parts.pip.lines:
        steps.append(InstallPip(lines=parts.pip.lines, deps=parts.deps))
    steps.append(Verify())
    indexes = tuple(dict.fromkeys((*named, *index_urls)))
    if isinstance(source, Record):
        notes.extend(_of_recorded_indexes(source, parts.pip.lines, indexes))
    if strict:
        _refuse(parts.steps_down, lost)
    return with_totals(
        Plan(
            source=source,
            target=target,
            name=name or _last_part(target),
            subdir=facts.subdir,
            asked=parts.asked,
            start=parts.start,
            strict=strict,
            channels=chosen,
            channels_from=who,
            steps=tuple(steps),
            steps_down=parts.steps_down,
            run_link_scripts=link_scripts,
            index_urls=indexes,
            offline=offline,
            cannot=(*lost, *withheld),
            notes=tuple(notes),
        )
    )


def _conda_record(
    record: Record, facts: LocalFacts, fidelity: Fidelity | None, remap: Mapping[str, str], checkout: str | None
) -> _Parts:
    asked: Fidelity = fidelity or "exact"
    start: Fidelity = asked
    python = record.python.version if record.python is not None else None
    elsewhere = facts.subdir != record.environment.subdir
    packages, odd = _possible(remapped(package, remap) for package in record.conda)
    steps_down: list[StepDown] = []
    if start == "exact" and elsewhere:
        start = "same-version"
        why = f"it was recorded on {record.environment.subdir} and is made for {facts.subdir}"
        steps_down.append(StepDown(name="", start="exact", end=start, why=why))
    elif start == "exact" and not any(is_artefact(package) for package in packages):
        start = "same-version"
        steps_down.append(StepDown(name="", start="exact", end=start, why="no URL of any artefact is recorded"))
    if start == "pip" and record.python is None:
        raise UsageError("the record has no Python, so there is nothing to install with pip", "Leave out --fidelity pip.")
    distributions = record.pip
    requested = _valid(record.requested.specs)
    if start == "exact":
        base = exact_step(packages, python)
        steps_down.extend(_unproven(packages))
    elif start == "same-version":
        base = same_version_step(packages, python)
    elif start == "requested":
        base = requested_step(record, python)
    else:
        pip = next((package.version for package in record.conda if package.name == "pip"), None)
        base = python_step(python, record.python, pip)
        requested = base.specs
        distributions = tuple(dist for dist in record.distributions if dist.from_pip or normalise(dist.name) not in TOOLS)
    return _Parts(
        asked=asked,
        start=start,
        base=base,
        requested=requested,
        pip=pip_part_of_distributions(distributions, facts, checkout=checkout),
        cannot=odd,
        # another system needs other distributions (colorama, pywin32): there the record is not the whole truth
        deps=_system(facts.subdir) != _system(record.environment.subdir),
        variables=record.variables,
        pinned=record.pinned,
        steps_down=tuple(steps_down),
    )


def _python_record(record: Record, facts: LocalFacts, fidelity: Fidelity | None, checkout: str | None) -> _Parts:
    if record.python is None:
        raise UsageError(
            f"the record of {record.environment.name} holds no package and no Python", "There is nothing to restore."
        )
    version = record.python.version
    notes: tuple[str, ...] = ()
    distributions = record.pip
    requested: tuple[str, ...] = ()
    base: MakeConda | MakeVenv
    if version in facts.pythons:
        base = MakeVenv(python=version)
    else:
        base = python_step(version, record.python)
        requested = base.specs
        notes = (f"There is no Python {version} on this machine: a conda environment takes the place of the venv.",)
        # conda brings pip itself; another one over it would be the package over package that the field warns of
        distributions = tuple(dist for dist in record.pip if normalise(dist.name) != "pip")
    return _Parts(
        asked=fidelity or "exact",
        start=fidelity or "exact",
        base=base,
        requested=requested,
        pip=pip_part_of_distributions(distributions, facts, checkout=checkout),
        deps=_system(facts.subdir) != _system(record.environment.subdir),
        notes=notes,
    )


def _specification(
    source: Specification, facts: LocalFacts, fidelity: Fidelity | None, remap: Mapping[str, str], checkout: str | None
) -> _Parts:
    if not (source.artefacts or source.conda_specs or source.requirements or source.python):
        raise UsageError(f"{source.source} names no package and no Python", "There is nothing to restore.")
    best: Fidelity = "exact" if source.artefacts else "requested" if source.conda_specs else "pip"
    asked = fidelity or best
    start = asked if LADDER.index(asked) >= LADDER.index(best) else best
    steps_down: list[StepDown] = []
    notes = [f"{source.source}: {problem}" for problem in source.problems]
    notes.extend(f"{source.source}:{line.line}: not taken over: {line.reason}" for line in source.refused)
    if asked != start:
        why = f"{source.source} holds versions, not artefacts" if best == "pip" else f"{source.source} holds specs, not artefacts"
        steps_down.append(StepDown(name="", start=asked, end=start, why=why))
    artefacts, odd = _possible(remapped(package, remap) for package in source.artefacts)
    if start == "exact" and source.subdir not in {None, facts.subdir}:
        start = "same-version"
        why = f"{source.source} is for {source.subdir}, and the environment is made for {facts.subdir}"
        steps_down.append(StepDown(name="", start="exact", end=start, why=why))
    specs = _valid(source.conda_specs, source.source)
    base: MakeConda
    if start == "exact":
        base = exact_step(artefacts, source.python)
        steps_down.extend(_unproven(artefacts))
        requested = (*specs, *(f"{package.name}=={package.version}={package.build}" for package in artefacts))
    elif artefacts and start in {"same-version", "requested"}:
        base = same_version_step(artefacts, source.python)
        requested = base.specs
    elif specs and start != "pip":
        base = MakeConda(how="requested", specs=_with_pip(specs, source), python=source.python)
        requested = base.specs
    else:
        base = replace(python_step(source.python), specs=_with_pip((python_spec(source.python),), source))
        requested = base.specs
        if source.python is None:
            notes.append(f"{source.source} does not say which Python it was: the channels' newest that fits is taken.")
    return _Parts(
        asked=asked,
        start=start,
        base=base,
        requested=requested,
        pip=pip_part_of_requirements(source.requirements, facts, deps=not is_complete(source), checkout=checkout),
        cannot=odd,
        deps=not is_complete(source),
        variables=source.variables,
        steps_down=tuple(steps_down),
        notes=tuple(notes),
    )


def _possible(packages: Iterable[CondaPackage]) -> tuple[tuple[CondaPackage, ...], tuple[Cannot, ...]]:
    """The packages that have an artefact or can be asked for, and those that neither is so of."""
    possible, odd = [], []
    for package in packages:
        if is_artefact(package) or can_be_asked_for(package):
            possible.append(package)
        else:
            reason = f"it has no URL, and no channel can have version '{package.version}' of it"
            odd.append(Cannot(kind="conda", name=package.name, reason=reason, was=package.channel or None))
    return tuple(possible), tuple(odd)


def _unproven(packages: Iterable[CondaPackage]) -> Iterator[StepDown]:
    for package in packages:
        if not is_artefact(package):
            why = "no URL of its artefact is recorded"
        elif not is_proven(package):
            why = "no hash is recorded that would prove it the same artefact"
        else:
            continue
        yield StepDown(name=package.name, start="exact", end="same-version", why=why)


def is_complete(source: Specification) -> bool:
    """Whether a file's requirements are the whole truth, as a list that was captured is, so that nothing is to be added.

    Captured lists pin each line and say which Python they were captured from (a header), or pin each conda package by build.
    """
    if not all(item.version is not None or item.origin is not None for item in source.requirements):
        return False
    if source.artefacts:
        return True
    if source.conda_specs:
        return all(matchspec.parse(spec).build for spec in _valid(source.conda_specs))
    return source.python is not None


def _with_pip(specs: tuple[str, ...], source: Specification) -> tuple[str, ...]:
    names = {matchspec.name_of(spec) for spec in specs}
    added = [] if not source.requirements or "pip" in names else ["pip"]
    if source.requirements and "python" not in names:
        added.append(python_spec(source.python))
    return (*specs, *added)


def _valid(specs: Iterable[str], source: str | None = None) -> tuple[str, ...]:
    valid = []
    for spec in specs:
        try:
            matchspec.parse(spec)
        except BadFormatError:
            # a history holds what was typed once; a file is asked to be right
            if source is not None:
                raise
            continue
        valid.append(spec)
    return tuple(valid)


def _variables(
    variables: tuple[tuple[str, str], ...], *, with_secrets: bool
) -> tuple[tuple[tuple[str, str], ...], tuple[Cannot, ...]]:
    kept = tuple(item for item in variables if with_secrets or not looks_secret(*item))
    withheld = tuple(
        Cannot(kind="variable", name=key, reason="it looks like a secret", remedy="`--with-secrets` brings it back.")
        for key, value in variables
        if not with_secrets and looks_secret(key, value)
    )
    return kept, withheld


def _of_recorded_indexes(record: Record, lines: Iterable[PipLine], allowed: tuple[str, ...]) -> Iterator[str]:
    # a local version is on no public index (PEP 440)
    wanted = [f"{line.name} {line.version}" for line in lines if line.origin is None and "+" in (line.version or "")]
    urls = [url for url in other_indexes(record.index_urls) if url not in allowed]
    if not wanted or not urls:
        return
    logins = [url for url, _ in record.index_auth if url in urls]
    note = f"{', '.join(wanted)} came from an index besides PyPI, recorded as {', '.join(urls)}: "
    note += "your pip or uv settings have to name it, or `--allow-index URL`."
    yield f"{note} {', '.join(logins)} asked for credentials; none are recorded." if logins else note


def _refuse(steps_down: tuple[StepDown, ...], cannot: tuple[Cannot, ...]) -> None:
    reasons = [f"{step.name or 'the conda part'}: {step.why}" for step in steps_down]
    reasons.extend(f"{item.name}: {item.reason}" for item in cannot)
    if reasons:
        raise RefusedError(
            "it cannot come back as asked: " + "; ".join(reasons), "Without --strict it comes back as near as can be."
        )


def _system(subdir: str) -> str:
    return subdir.partition("-")[0]


def _last_part(path: str) -> str:
    return path.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
