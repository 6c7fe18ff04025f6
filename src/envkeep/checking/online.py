"""``check --online``: what channels and indexes no longer have."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import HTTPError

from envkeep.checking.finding import Finding, listed
from envkeep.checking.indexes import places_of, project_files, versions_of
from envkeep.engines.base import NoProgress
from envkeep.errors import EngineError
from envkeep.model.credentials import scrub
from envkeep.model.names import is_dist_name
from envkeep.model.urls import host
from envkeep.model.versions import same_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from envkeep.checking.indexes import Place
    from envkeep.engines.base import Engine, Progress
    from envkeep.engines.reason import Reason
    from envkeep.model.record import CondaPackage, Distribution, Record

__all__ = ["online_findings"]

_WORKERS = 8
_DENIED = frozenset({401, 403, 407})


def online_findings(
    record: Record,
    prefix: Path | None,
    engine: Engine | EngineError | None,
    environ: Mapping[str, str],
    progress: Progress | None = None,
) -> Iterator[Finding]:
    """Yield the artefacts and versions that are not to be had any more, and who could not be asked.

    Args:
        record: of the environment.
        prefix: of the live environment; None where there is none.
        engine: asks for conda's artefacts; the error where there is none to ask them; None leaves them out.
        environ: variables that say where packages are looked for, and NETRC.
        progress: told how far it is.
    """
    told = NoProgress() if progress is None else progress
    if engine is not None and record.conda:
        yield from _of_channels(record, engine, told)
    dists = [dist for dist in record.pip if dist.origin is None and is_dist_name(dist.name)]
    yield from _Looking(places_of(record, prefix, environ), environ).findings(dists, told)


def _of_channels(record: Record, engine: Engine | EngineError, progress: Progress) -> Iterator[Finding]:
    packages = {package.name: package for package in record.conda if package.url}
    try:
        if isinstance(engine, EngineError):
            raise engine
        missing = engine.unavailable(list(packages.values()), progress)
    except EngineError as error:
        yield Finding(
            rank="unclear",
            code="channels-not-asked",
            subject="conda",
            fact=f"no channel was asked whether it still has its artefacts: {error.fact}",
            remedy=error.remedy or "Check the network and the settings of the engine, then try again.",
        )
        return
    silent: dict[str, dict[str, Reason]] = {}
    for name, reason in missing:
        if reason.gone and not _may_be_hidden(packages[name]):
            yield Finding(
                rank="lost",
                code="artefact-gone",
                subject=name,
                fact=f"the artefact of {name} is not to be had any more: {reason}",
                remedy="A rebuild takes another build of it; pack the environment while its artefact is cached.",
            )
        else:
            silent.setdefault(host(packages[name].url or ""), {})[name] = reason
    for server, reasons in sorted(silent.items()):
        yield Finding(
            rank="unclear",
            code="channel-not-reached",
            subject=server,
            fact=f"whether {listed(reasons)} can still be had is not known: {next(iter(reasons.values()))}",
            remedy="Check the network, and the log-in that this server may want (netrc, or the engine's own); then try again.",
        )


def _may_be_hidden(package: CondaPackage) -> bool:
    # a server that wants a log-in may say of anything that it is not there
    return package.auth is not None


class _Looking:
    """Looks for distributions at some places; one that cannot be reached is not asked a second time."""

    def __init__(self, places: Sequence[Place], environ: Mapping[str, str]) -> None:
        self._places = places
        self._environ = environ
        self._silent: dict[Place, str] = {}
        # what is not an index has all files in one place
        self._listed: dict[Place, tuple[str, ...]] = {}

    def findings(self, dists: Sequence[Distribution], progress: Progress) -> Iterator[Finding]:
        from concurrent.futures import ThreadPoolExecutor

        progress.start("asking the index", len(dists))
        for place in self._places:
            if not place.of_projects and dists:
                self._listed[place] = self._files(place, "")[0]
        with ThreadPoolExecutor(_WORKERS) as pool:
            for found in pool.map(self._look_for, dists):
                progress.advance()
                yield from found
        progress.finish()

    def _look_for(self, dist: Distribution) -> tuple[Finding, ...]:
        known = False
        silent: list[Finding] = []
        for place in self._places:
            files, reason = (
                (self._listed[place], self._silent.get(place)) if place in self._listed else self._files(place, dist.name)
            )
            versions = versions_of(files, dist.name)
            if any(same_version(version, dist.version) for version in versions):
                return ()
            known = known or bool(versions)
            if reason is not None:
                silent.append(_not_reached(place, reason))
        if silent:
            # one of them may have it
            return tuple(silent)
        where = " and ".join(place.url for place in self._places) or "any index, since pip is configured to ask none"
        what = f"{dist.name} {dist.version} is" if known else f"{dist.name}, in any version, is"
        return (
            Finding(
                rank="lost",
                code="version-gone",
                subject=dist.name,
                fact=f"{what} not on {where}",
                remedy="Pack the environment (envkeep pack), or install a version that the index has.",
            ),
        )

    def _files(self, place: Place, name: str) -> tuple[tuple[str, ...], str | None]:
        """Return the files that a place has, or why it does not say which."""
        reason = self._silent.get(place)
        if reason is not None:
            return (), reason
        try:
            return project_files(place, name, self._environ), None
        except HTTPError as error:
            if error.code in _DENIED:
                reason = f"it asks for a log-in ({error.code}), which neither netrc nor the settings of pip and uv have"
            else:
                # of this project; of another it may say more
                return (), f"{error.code} {error.reason}"
        except (OSError, ValueError) as error:
            # no path and no address that may hold a log-in
            reason = scrub(str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error))
        self._silent[place] = reason
        return (), reason


def _not_reached(place: Place, reason: str) -> Finding:
    return Finding(
        rank="unclear",
        code="index-not-reached",
        subject=host(place.url) or place.url,
        fact=f"{place.url} does not say what it has: {reason}",
        remedy="Check the network, the index settings of pip and uv, and netrc; then try again.",
    )
