"""How the conda part of a source is made: from exact artefacts, or from MatchSpecs to be solved, by the rung asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.errors import BadFormatError
from envkeep.model import matchspec
from envkeep.model.channels import canonical_channel, channel_base_urls
from envkeep.model.fetched import is_fetched
from envkeep.planning.plan import MakeConda

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.model.record import CondaPackage, PythonInfo, Record

__all__ = [
    "can_be_asked_for",
    "exact_step",
    "held",
    "is_artefact",
    "is_proven",
    "python_spec",
    "python_step",
    "remapped",
    "requested_step",
    "same_version_step",
]


def held(name: str, version: str, build: str | None = None) -> str:
    """Return the MatchSpec of one version, or of one build, validated.

    Raises:
        BadFormatError: name, version or build are none that conda could have.
    """
    text = f"{name}=={version}" if build is None else f"{name}=={version}={build}"
    spec = matchspec.parse(text)
    if spec.name != name or spec.exact_version != version:
        raise BadFormatError(f"'{name}' in version '{version}' is none that a conda package can have")
    return str(spec)


def is_artefact(package: CondaPackage) -> bool:
    """Return whether a package has the URL of its artefact; a hash proves it the same one, its lack is a step down."""
    return package.url is not None and is_fetched(package.url)


def is_proven(package: CondaPackage) -> bool:
    """Return whether a hash is recorded that an artefact can be held against."""
    return bool(package.sha256 or package.md5)


def remapped(package: CondaPackage, remap: Mapping[str, str]) -> CondaPackage:
    """Return a package as it is found on the channel that takes the place of its own; its hash stays, and so what it has to be.

    A mirror has the same file; a channel of other builds does not, and then the package steps down.
    """
    target = remap.get(package.channel)
    if target is None or package.url is None:
        return package
    bases = channel_base_urls(target)
    subdir_and_file = "/".join(package.url.split("#")[0].split("/")[-2:])
    if not bases:
        return package
    return replace(package, channel=canonical_channel(target), url=f"{bases[0]}/{subdir_and_file}")


def can_be_asked_for(package: CondaPackage) -> bool:
    """Return whether a MatchSpec can ask for a package's name in its version; what was made by hand can have any text there."""
    return _asked(package) is not None


def _asked(package: CondaPackage) -> str | None:
    try:
        return held(package.name, package.version)
    except BadFormatError:
        return None


def exact_step(packages: Iterable[CondaPackage], python: str | None) -> MakeConda:
    """Return the step that installs artefacts as they are; packages that lack one are asked for in the same version."""
    wanted = tuple(packages)
    return MakeConda(
        how="exact",
        packages=tuple(package for package in wanted if is_artefact(package)),
        specs=tuple(held(package.name, package.version) for package in wanted if not is_artefact(package)),
        python=python,
    )


def same_version_step(packages: Iterable[CondaPackage], python: str | None) -> MakeConda:
    """Return the step that solves for each package's version, builds free."""
    specs = (_asked(package) for package in packages)
    return MakeConda(how="same-version", specs=tuple(spec for spec in specs if spec is not None), python=python)


def requested_step(record: Record, python: str | None) -> MakeConda:
    """Return the step that solves for what was asked for, at the versions that were there; Python at the recorded one."""
    versions = {package.name: package.version for package in record.conda if can_be_asked_for(package)}
    specs: dict[str, str] = {}
    for text in record.requested.specs:
        try:
            spec = matchspec.parse(text)
        except BadFormatError:
            # a history holds what was typed once, and its other packages are to come back all the same
            continue
        version = versions.get(spec.name)
        specs[spec.name] = str(
            matchspec.MatchSpec(name=spec.name, channel=spec.channel, version=f"=={version}") if version else spec
        )
    if python is not None and "python" in versions:
        specs["python"] = held("python", python)
    if "pip" in versions:
        specs.setdefault("pip", held("pip", versions["pip"]))
    return MakeConda(how="requested", specs=tuple(specs.values()), python=python)


def python_spec(python: str | None, info: PythonInfo | None = None) -> str:
    """Return the MatchSpec of a Python: ``x.y.z`` exactly, ``x.y`` as a beginning, any where nothing is known.

    Builds tell free-threaded Pythons and PyPy apart, as conda-forge names them (``*_cp313t``, ``*_pypy``).
    """
    if python is None:
        return "python"
    version = f"=={python}" if python.count(".") >= 2 else f"={python}"
    build = ""
    if info is not None and info.free_threaded:
        build = "*_cp" + "".join(python.split(".")[:2]) + "t"
    elif info is not None and info.implementation == "pypy":
        build = "*_pypy"
    return str(matchspec.parse(str(matchspec.MatchSpec(name="python", version=version, build=build))))


def python_step(python: str | None, info: PythonInfo | None = None, pip: str | None = None) -> MakeConda:
    """Return the step that makes a prefix with nothing but Python and pip in it."""
    return MakeConda(
        how="pip",
        specs=(python_spec(python, info), "pip" if pip is None else held("pip", pip)),
        python=python,
    )
