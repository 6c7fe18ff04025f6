"""Findings about conda packages: channels that not everybody reaches, artefacts that nothing pins down, what pip did to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.checking.finding import Finding, listed
from envkeep.model.names import normalise
from envkeep.model.urls import host, is_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import CondaPackage, Record

__all__ = ["conda_findings"]

# where anybody may fetch from without a log-in; a bare channel name is anaconda.org's
_PUBLIC = frozenset(
    {"conda.anaconda.org", "anaconda.org", "repo.anaconda.com", "repo.continuum.io", "repo.prefix.dev", "prefix.dev"}
)

# in a command
_NAMED = 12


def conda_findings(record: Record) -> Iterator[Finding]:
    """Yield what of a record's conda packages could not be had again, or would come out otherwise."""
    yield from _channels(record)
    yield from _artefacts(record)
    yield from _altered(record)
    if record.environment.kind == "conda" and record.conda and record.requested.inferred:
        yield Finding(
            rank="unclear",
            code="history-lost",
            subject=record.environment.name,
            fact="conda-meta/history does not say what was asked for; it was inferred from what no other package needs",
            remedy="The from-history and portable files may name too much or too little: look at them before you hand them on.",
        )


def _channels(record: Record) -> Iterator[Finding]:
    channels: dict[str, list[CondaPackage]] = {}
    for package in record.conda:
        channels.setdefault(package.channel, []).append(package)
    for channel, packages in sorted(channels.items()):
        names = listed(package.name for package in packages)
        auth = next((package.auth for package in packages if package.auth is not None), None)
        if auth is not None:
            yield Finding(
                rank="here-only",
                code="private-channel",
                subject=channel,
                fact=f"the channel {channel} asks for credentials ({auth}), which no backup holds: {names}",
                remedy="Whoever rebuilds it needs a log-in of their own; or pack the environment.",
            )
        elif channel.startswith("file:"):
            yield Finding(
                rank="here-only",
                code="local-channel",
                subject=channel,
                fact=f"the channel {channel} is a folder of this machine: {names}",
                remedy="Put the channel where others reach it, or pack the environment.",
            )
        elif is_url(channel) and host(channel) not in _PUBLIC:
            yield Finding(
                rank="at-risk",
                code="other-channel",
                subject=channel,
                fact=f"the channel {channel} is on a host that is not known to be public: {names}",
                remedy="Make sure that whoever rebuilds it reaches that host, or pack the environment.",
            )
        elif not channel:
            yield Finding(
                rank="at-risk",
                code="unknown-channel",
                subject="conda",
                fact=f"nothing says which channel these came from: {names}",
                remedy=f"Install them again from a channel: {_again(*(package.name for package in packages))}",
            )


def _artefacts(record: Record) -> Iterator[Finding]:
    unpinned = [package.name for package in record.conda if package.md5 is None and package.sha256 is None]
    if unpinned:
        yield Finding(
            rank="at-risk",
            code="missing-hash",
            subject="conda",
            fact=f"no hash is recorded of {listed(unpinned)}: a rebuild cannot tell whether it gets the same artefact",
            remedy="Install them again, or pack the environment while their artefacts are cached.",
        )
    placeless = [package.name for package in record.conda if package.url is None and package.channel]
    if placeless:
        yield Finding(
            rank="at-risk",
            code="missing-url",
            subject="conda",
            fact=f"no URL is recorded of {listed(placeless)}: a rebuild has to look for them in their channels",
            remedy="Install them again, or pack the environment while their artefacts are cached.",
        )


def _again(*names: str) -> str:
    from envkeep.engines.run import quote

    known = sorted(set(names))
    more = f" and the {len(known) - _NAMED} others" if len(known) > _NAMED else ""
    return quote(("conda", "install", "--force-reinstall", *known[:_NAMED])) + more


def _over(package: CondaPackage, record: Record) -> str:
    name = normalise(package.name)
    dist = next((dist for dist in record.pip if normalise(dist.name) == name), None)
    return "another package" if dist is None else f"{dist.name} {dist.version}"


def _altered(record: Record) -> Iterator[Finding]:
    # by the package they own, since a distribution's name need not be its conda package's
    for package in record.conda:
        if package.altered == "overwritten":
            yield Finding(
                rank="at-risk",
                code="package-over-package",
                subject=package.name,
                fact=f"pip put {_over(package, record)} over conda's {package.name} {package.version}, which conda still lists",
                remedy=f"Keep one of them: pip uninstall it, then {_again(package.name)}",
            )
        elif package.altered == "removed":
            yield Finding(
                rank="at-risk",
                code="removed-by-pip",
                subject=package.name,
                fact=f"pip removed files of conda's {package.name} {package.version}; a rebuild brings them back",
                remedy=f"Make it good: conda remove --force {package.name}, or {_again(package.name)}",
            )
    for problem in record.problems:
        if problem.code in {"unreadable-record", "vanished-record", "misnamed-record"}:
            # name-version-build.json
            name = problem.package or problem.path.rpartition("/")[2].rsplit("-", 2)[0]
            yield Finding(
                rank="lost",
                code="unreadable-record",
                subject=problem.package or problem.path,
                fact=f"{problem.path}: {problem.message}",
                remedy=f"Install the package again: {_again(name)}",
            )
