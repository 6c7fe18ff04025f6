"""What was recorded against what is there -> the outcome of each package, and how near it is; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError
from envkeep.model import matchspec
from envkeep.model.names import normalise
from envkeep.model.record import Record
from envkeep.model.version_match import parse_versions
from envkeep.model.versions import same_version
from envkeep.planning.fidelity import LADDER
from envkeep.planning.make import TOOLS, is_complete
from envkeep.verifying.outcome import GOOD, Outcome, Verification
from envkeep.verifying.packages import compare_conda, compare_distribution, compare_origins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from envkeep.model.record import CondaPackage, Distribution
    from envkeep.model.specification import Requirement, Specification
    from envkeep.planning.fidelity import Fidelity
    from envkeep.verifying.outcome import Kind

__all__ = ["verify"]

_ORDER: tuple[Kind, ...] = ("python", "conda", "pip", "variable", "requested", "pinned")


def verify(
    expected: Record | Specification,
    actual: Record,
    *,
    reasons: Mapping[str, str] | None = None,
    scripts_skipped: Collection[str] = (),
    faults: tuple[str, ...] = (),
) -> Verification:
    """Return what an environment is, held against a record or against what a file asks for.

    Args:
        expected: what it should be. A file holds versions at best, so nothing but an explicit list's artefacts can be exact then.
        actual: what it is.
        reasons: by normalised name, why something could not be brought back, for those that are missing.
        scripts_skipped: names of conda packages whose link scripts did not run; they are not exact.
        faults: what else is wrong with it.
    """
    why = reasons or {}
    if isinstance(expected, Record):
        outcomes = list(_against_record(expected, actual, why))
    else:
        outcomes = list(_against_specification(expected, actual, why))
    outcomes = [_with_script(outcome, scripts_skipped) for outcome in outcomes]
    outcomes.sort(key=lambda outcome: (_ORDER.index(outcome.kind), normalise(outcome.name)))
    return Verification(outcomes=tuple(outcomes), faults=faults, reached=None if faults else _reached(expected, actual, outcomes))


def _with_script(outcome: Outcome, skipped: Collection[str]) -> Outcome:
    if outcome.kind != "conda" or outcome.outcome != "exact" or outcome.name not in skipped:
        return outcome
    from dataclasses import replace

    return replace(outcome, outcome="same-version", reason="its link script did not run")


def _against_record(expected: Record, actual: Record, why: Mapping[str, str]) -> Iterator[Outcome]:
    yield from _python(expected.python.version if expected.python else None, actual)
    distributions = {normalise(dist.name): dist for dist in actual.distributions}
    there = {package.name: package for package in actual.conda}
    stand_ins: set[str] = set()
    for package in expected.conda:
        other = there.get(package.name)
        if other is not None:
            yield compare_conda(package, other)
            continue
        stand_in = _stand_in(package, expected, distributions)
        if stand_in is not None:
            stand_ins.add(normalise(stand_in[1].name))
            yield _replaced(package, *stand_in)
        else:
            yield _missing("conda", package.name, f"{package.version} {package.build}".strip(), why)
    overwritten = {
        normalise(dist.name)
        for package in expected.conda
        if package.altered == "overwritten"
        for dist in expected.distributions
        if package.name in {dist.conda_package, normalise(dist.name)}
    }
    for dist in expected.pip:
        name = normalise(dist.name)
        found = distributions.get(name)
        if found is None:
            yield _missing("pip", dist.name, dist.version, why)
        else:
            yield compare_distribution(dist, found, overwrote=name in overwritten)
    yield from _extras(expected, actual, stand_ins)
    yield from _settings(expected, actual, why)


def _stand_in(
    package: CondaPackage, expected: Record, distributions: Mapping[str, Distribution]
) -> tuple[Distribution, Distribution] | None:
    """What pip brought in place of a conda package: the recorded distribution of that package, and the one that is there."""
    for dist in expected.distributions:
        found = distributions.get(normalise(dist.name))
        if dist.conda_package == package.name and found is not None and found.from_pip:
            return dist, found
    return None


def _replaced(package: CondaPackage, was: Distribution, found: Distribution) -> Outcome:
    return Outcome(
        kind="conda",
        name=package.name,
        outcome="same-version" if same_version(was.version, found.version) else "other-version",
        expected=f"{package.version} {package.build}".strip(),
        found=found.version,
        reason="from pip, and was from conda",
    )


def _extras(expected: Record, actual: Record, stand_ins: Collection[str]) -> Iterator[Outcome]:
    names = {package.name for package in expected.conda}
    known = {normalise(dist.name) for dist in expected.distributions}
    # a conda environment that takes the place of a venv: what carries its Python is no part of the comparison
    for package in actual.conda if expected.conda else ():
        if package.name in names:
            continue
        if any(dist.conda_package == package.name and normalise(dist.name) in known for dist in actual.distributions):
            continue
        yield Outcome(
            kind="conda",
            name=package.name,
            outcome="extra",
            expected=None,
            found=f"{package.version} {package.build}".strip(),
        )
    for dist in actual.pip:
        name = normalise(dist.name)
        if name in stand_ins or any(name == normalise(other.name) for other in expected.pip):
            continue
        reason = "from pip, over conda's" if name in known else ""
        yield Outcome(kind="pip", name=dist.name, outcome="extra", expected=None, found=dist.version, reason=reason)


def _settings(expected: Record, actual: Record, why: Mapping[str, str]) -> Iterator[Outcome]:
    values = dict(actual.variables)
    for name, value in expected.variables:
        if name not in values:
            yield _missing("variable", name, "set", why)
        else:
            same = values[name] == value
            yield Outcome(
                kind="variable",
                name=name,
                outcome="exact" if same else "other-version",
                expected="set",
                found="set",
                reason="" if same else "another value",
            )
    if expected.environment.kind != "conda":
        return
    yield from _lines("requested", expected.requested.specs, actual.requested.specs)
    yield from _lines("pinned", expected.pinned, actual.pinned)


def _lines(kind: Kind, expected: tuple[str, ...], actual: tuple[str, ...]) -> Iterator[Outcome]:
    # one request has many spellings: six>=1.17, six[version='>=1.17']
    found = {_spelled(line) for line in actual}
    for line in expected:
        there = _spelled(line) in found
        yield Outcome(
            kind=kind,
            name=line,
            outcome="exact" if there else "missing",
            expected=line,
            found=line if there else None,
        )


def _spelled(line: str) -> str:
    try:
        return matchspec.spell(line)
    except BadFormatError:
        return line


def _python(version: str | None, actual: Record) -> Iterator[Outcome]:
    if version is None:
        return
    found = actual.python.version if actual.python else None
    if found is None:
        yield Outcome(kind="python", name="python", outcome="missing", expected=version, found=None)
    elif version == found or (version.count(".") == 1 and found.startswith(f"{version}.")):
        yield Outcome(kind="python", name="python", outcome="exact", expected=version, found=found)
    else:
        yield Outcome(kind="python", name="python", outcome="other-version", expected=version, found=found)


def _against_specification(expected: Specification, actual: Record, why: Mapping[str, str]) -> Iterator[Outcome]:
    yield from _python(expected.python, actual)
    there = {package.name: package for package in actual.conda}
    for package in expected.artefacts:
        other = there.get(package.name)
        if other is None:
            yield _missing("conda", package.name, f"{package.version} {package.build}".strip(), why)
        else:
            yield compare_conda(package, other)
    for text in expected.conda_specs:
        yield _spec(text, there, why)
    distributions = {normalise(dist.name): dist for dist in actual.distributions}
    for item in expected.requirements:
        found = distributions.get(normalise(item.name))
        if found is None:
            yield _missing("pip", item.name, item.version or item.text, why)
        else:
            yield _requirement(item, found)
    if is_complete(expected) and expected.requirements:
        asked = {normalise(item.name) for item in expected.requirements}
        for dist in actual.pip:
            if normalise(dist.name) not in asked | TOOLS:
                yield Outcome(kind="pip", name=dist.name, outcome="extra", expected=None, found=dist.version)


def _spec(text: str, there: Mapping[str, CondaPackage], why: Mapping[str, str]) -> Outcome:
    spec = matchspec.parse(text)
    found = there.get(spec.name)
    if found is None:
        return _missing("conda", spec.name, text, why)
    fits = parse_versions(spec.version).admits(found.version, "conda")
    return Outcome(
        kind="conda",
        name=spec.name,
        outcome="same-version" if fits else "other-version",
        expected=text,
        found=f"{found.version} {found.build}".strip(),
        reason="the file holds no hash that would prove it the same artefact" if fits else "",
    )


def _requirement(item: Requirement, found: Distribution) -> Outcome:
    reason = "the file holds no more than its version"
    fits = item.version is None or same_version(item.version, found.version)
    if fits and item.version is None and item.origin is None:
        fits = _satisfies(item.text, found.version)
    if fits and item.origin is not None:
        reason = compare_origins(item.origin, found.origin) or "the file holds no more than its origin"
    return Outcome(
        kind="pip",
        name=item.name,
        outcome="same-version" if fits else "other-version",
        expected=item.version or item.text,
        found=found.version,
        reason=reason if fits else "",
    )


def _satisfies(text: str, version: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion

    try:
        return Requirement(text).specifier.contains(version, prereleases=True)
    except (InvalidRequirement, InvalidVersion):
        return False


def _missing(kind: Kind, name: str, expected: str, why: Mapping[str, str]) -> Outcome:
    return Outcome(kind=kind, name=name, outcome="missing", expected=expected, found=None, reason=why.get(normalise(name), ""))


def _reached(expected: Record | Specification, actual: Record, outcomes: list[Outcome]) -> Fidelity | None:
    return next((rung for rung in LADDER if _stands_on(rung, expected, actual, outcomes)), None)


def _stands_on(rung: Fidelity, expected: Record | Specification, actual: Record, outcomes: list[Outcome]) -> bool:
    packages = [outcome for outcome in outcomes if outcome.kind in {"python", "conda", "pip"}]
    if any(outcome.kind == "python" and outcome.outcome != "exact" for outcome in packages):
        return False
    if rung == "exact":
        return all(outcome.outcome in GOOD for outcome in packages)
    if rung == "same-version":
        # a build of the same version can need another helper package
        return all(outcome.outcome in {*GOOD, "same-version", "extra"} for outcome in packages)
    if rung == "requested":
        return _requested_is_there(expected, packages)
    return _python_part_is_there(expected, actual, packages)


def _requested_is_there(expected: Record | Specification, packages: list[Outcome]) -> bool:
    asked = expected.requested.specs if isinstance(expected, Record) else expected.conda_specs
    names = {matchspec.name_of(spec) for spec in asked}
    return all(
        outcome.outcome != "missing"
        for outcome in packages
        if outcome.kind == "pip" or (outcome.kind == "conda" and outcome.name in names)
    ) and bool(names)


def _python_part_is_there(expected: Record | Specification, actual: Record, packages: list[Outcome]) -> bool:
    if not all(outcome.outcome not in {"missing", "other-version"} for outcome in packages if outcome.kind == "pip"):
        return False
    if not isinstance(expected, Record):
        asks = expected.python is not None or expected.requirements
        return bool(asks) or "python" in map(matchspec.name_of, expected.conda_specs)
    if expected.python is None and not expected.distributions:
        # without a Python part there is none that could have come back
        return False
    versions = {normalise(dist.name): dist.version for dist in actual.distributions}
    return all(
        same_version(dist.version, versions.get(normalise(dist.name), ""))
        for dist in expected.distributions
        if normalise(dist.name) not in TOOLS
    )
