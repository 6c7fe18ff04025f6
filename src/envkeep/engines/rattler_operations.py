"""What the embedded engine's own process is asked for. Imports rattler: only for that process."""

from __future__ import annotations

import asyncio
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rattler import (
    Channel,
    Client,
    Gateway,
    GenericVirtualPackage,
    MatchSpec,
    PackageName,
    SourceConfig,
    Subdir,
    Version,
    VirtualPackage,
    VirtualPackageOverrides,
)
from rattler import install as rattler_install
from rattler import solve as rattler_solve
from rattler.channel import ChannelPriority
from rattler.config import Config
from rattler.exceptions import SolverError
from rattler.networking import (
    AuthenticationMiddleware,
    GCSMiddleware,
    MirrorMiddleware,
    OciMiddleware,
    RetryMiddleware,
    S3Middleware,
)
from rattler.package.build_string import BuildString
from rattler.package_cache import PackageCache, PackageCacheLayer
from rattler.package_streaming import PackageArchive, download_to_path

from envkeep.engines.rattler_records import complete, from_rattler, to_rattler
from envkeep.engines.reason import Reason
from envkeep.engines.silence import Silences
from envkeep.engines.wire import packages_from_wire, packages_to_wire
from envkeep.model.kept import Kept
from envkeep.model.urls import host, path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from rattler import RepoDataRecord

    from envkeep.engines.rattler_worker import Reply
    from envkeep.model.conda_package import CondaPackage

__all__ = ["OPERATIONS"]

# how many servers' answers are waited for at once
_CONCURRENT = 32
_CONCURRENT_DOWNLOADS = 8
# in one pattern; one of all names could grow beyond what py-rattler takes
_NAMES_AT_ONCE = 2000
# of a request to a server that failed
_RETRIES = 3


class Reporter:
    """Counts py-rattler's steps and the link scripts; an exception in here would be swallowed."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._scripts: list[str] = []
        self.run: list[str] = []
        self.failed: list[str] = []

    def on_transaction_start(self, total_operations: int) -> None:
        """Each package is fetched, then linked."""
        self._reply.start("downloading and linking", 2 * total_operations)

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:  # noqa: ARG002
        """Return the token of this package."""
        return operation

    def on_populate_cache_complete(self, cache_entry: int) -> None:  # noqa: ARG002
        """Count the download."""
        self._reply.advance()

    def on_link_start(self, operation: int, package_name: str) -> int:  # noqa: ARG002
        """Return the token of this package."""
        return operation

    def on_link_complete(self, index: int) -> None:  # noqa: ARG002
        """Count the link."""
        self._reply.advance()

    def on_post_link_start(self, package_name: str, script_path: str) -> int:  # noqa: ARG002
        """Remember whose script this is."""
        self._scripts.append(package_name)
        return len(self._scripts) - 1

    def on_post_link_complete(self, index: int, success: bool) -> None:
        """Py-rattler does not raise where a script fails; this is the only word of it."""
        (self.run if success else self.failed).append(self._scripts[index])

    def __getattr__(self, name: str) -> Any:
        """Take every other report and say nothing."""
        if name.startswith("on_"):
            return lambda *_, **__: 0
        raise AttributeError(name)


async def solve(request: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    """Solve; with strict channel priority first, as conda-forge advises, and where that has no answer without."""
    reply.start("solving", None)

    async def attempt(priority: ChannelPriority) -> list[dict[str, Any]]:
        records = await rattler_solve(
            sources=[Channel(name) for name in request["channels"]],
            specs=[MatchSpec(text) for text in request["specs"]],
            gateway=_gateway(request),
            platforms=[Subdir(request["subdir"]), Subdir("noarch")],
            virtual_packages=_virtual_packages(request["subdir"]),
            channel_priority=priority,
        )
        return packages_to_wire(sorted((from_rattler(record) for record in records), key=lambda each: each.name))

    try:
        return await attempt(ChannelPriority.Strict)
    except SolverError:
        if len(request["channels"]) == 1:
            raise
        return await attempt(ChannelPriority.Disabled)


async def available(request: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    """List what the channels hold of some names."""
    reply.start("reading channels", None)
    found = await _gateway(request).query(
        [Channel(name) for name in request["channels"]],
        [request["subdir"], "noarch"],
        [MatchSpec(name) for name in request["names"]],
        recursive=False,
    )
    return packages_to_wire(from_rattler(record) for records in found for record in records)


async def unavailable(request: dict[str, Any], reply: Reply) -> list[tuple[str, str, bool]]:
    """Name the packages whose artefact is neither cached nor at its URL."""
    packages = _packages(request)
    reply.start("looking for packages", len(packages))
    return [(name, reason, reason.gone) for name, reason in await _missing(packages, request, reply)]


async def download(request: dict[str, Any], reply: Reply) -> dict[str, str]:
    """Download files as they are; name those that cannot be had, and why."""
    client = _client(request)
    room = asyncio.Semaphore(_CONCURRENT_DOWNLOADS)
    failed: dict[str, str] = {}

    async def one(url: str, path: str) -> None:
        async with room:
            try:
                await download_to_path(client, url, Path(path))
            except Exception as error:  # noqa: BLE001 - py-rattler has no type for an answer of a server
                failed[url] = _answer_of(url, error)
        reply.advance()

    reply.start("downloading", len(request["jobs"]))
    await asyncio.gather(*(one(url, path) for url, path in request["jobs"].items()))
    return failed


async def install(request: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """Install; where that fails because artefacts cannot be had, say which."""
    packages = _packages(request)
    client = _client(request)
    reporter = Reporter(reply)
    if request["offline"]:
        missing = await _missing(packages, request)
        if missing:
            return {"unavailable": missing, "scripts_run": [], "scripts_failed": []}
    await _check_hashes(packages, request)
    try:
        records = _RECORDS.each(await complete(packages, client, _packages_folder(request)))
        await rattler_install(
            records,
            request["prefix"],
            platform=Subdir(request["subdir"]),
            execute_link_scripts=request["link_scripts"],
            show_progress=False,
            client=client,
            reporter=reporter,
            package_cache=_package_cache(packages, request),
            config=_linking(),
        )
    except Exception:
        missing = await _missing(packages, request)
        if missing:
            return {"unavailable": missing, "scripts_run": [], "scripts_failed": []}
        raise
    return {"unavailable": [], "scripts_run": reporter.run, "scripts_failed": reporter.failed}


async def _check_hashes(packages: Sequence[CondaPackage], request: dict[str, Any]) -> None:
    """Compare the hashes of what py-rattler will read from this machine's own files, which it does not do itself.

    What is cached is known there by its sha256, or lies where its md5 says; it was compared when it came, and is not read again.
    """
    from envkeep.engines.artefacts import check_hashes

    records = _records(packages)
    local = [package for package in packages if (package.url or "").startswith("file:")]
    if local:
        index = await _package_cache(local, request).index()
        check_hashes([package for package in local if not index.contains_record(records[package.name])])


async def _missing(
    packages: Sequence[CondaPackage], request: dict[str, Any], reply: Reply | None = None
) -> list[tuple[str, Reason]]:
    index = await _package_cache(packages, request).index()
    client = cache(lambda: _client(request, retries=1))
    room = asyncio.Semaphore(_CONCURRENT)
    silences = Silences(_CONCURRENT)
    records = _records(packages)

    async def reason(package: CondaPackage) -> Reason | None:
        if not package.url:
            return Reason("its record holds no URL", gone=False)
        if index.contains_record(records[package.name]):
            return None
        async with room:
            return await _reason(package.url, client, silences, offline=request["offline"])

    async def check(package: CondaPackage) -> tuple[str, Reason | None]:
        answer = await reason(package)
        if reply is not None:
            reply.advance()
        return package.name, answer

    answers = await asyncio.gather(*(check(package) for package in packages))
    return [(name, answer) for name, answer in answers if answer is not None]


async def _reason(url: str, client: Callable[[], Client], silences: Silences, *, offline: bool) -> Reason | None:
    path = path_of_file_url(url)
    if path is not None:
        return None if Path(path).is_file() else Reason(f"{path} is not there", gone=True)
    if offline:
        return Reason("it is not in the cache, and the network is not to be used", gone=False)
    if known := silences.reason(url):
        return known
    try:
        # a download that ends at its first byte, by the client of the real one: with its proxies, mirrors and credentials
        await PackageArchive.from_url(client(), url, sparse="disable", max_spool_size=0)
    except Exception as error:  # noqa: BLE001 - py-rattler has no type for an answer of a server
        there = "exceeds the configured 0 byte limit" in str(error)
        silences.heard(url, answer=there or _status(error) is not None)
        return None if there else _answer_of(url, error)
    silences.heard(url, answer=True)
    return None


def _status(error: Exception) -> str | None:
    match = re.search(r"HTTP status \w+ error \(([^)]+)\)", str(error))
    return None if match is None else match[1]


def _answer_of(url: str, error: Exception) -> Reason:
    status = _status(error)
    text = f"{host(url)} answers {status} for {url}" if status else f"{host(url)} cannot be reached for {url}"
    return Reason(text, gone=status is not None and status.startswith(("404", "410")))


def _gateway(request: dict[str, Any]) -> Gateway:
    return Gateway(
        cache_dir=Path(request["cache"], "repodata"),
        default_config=SourceConfig(cache_action="force-cache-only" if request["offline"] else "cache-or-fetch"),
        client=_client(request),
    )


def warm() -> None:
    """Make what nearly every request needs, while there is none yet: a client reads the certificates of the system."""
    _default_client(_RETRIES)


def forget() -> None:
    """Drop what was made for former requests."""
    global _asked  # noqa: PLW0603 - as of `_packages`
    _asked = None
    _default_client.cache_clear()


@cache
def _default_client(retries: int) -> Client:
    return Client.default_client(max_retries=retries, user_agent=_agent())


def _agent() -> str:
    from envkeep import __version__

    return f"envkeep/{__version__}"


def _client(request: dict[str, Any], retries: int = _RETRIES) -> Client:
    retries = 0 if request["offline"] else retries
    if not request["mirrors"]:
        return _default_client(retries)
    # the default client's, with the mirrors before credentials are looked up, which are those of the mirror
    stack: Any = [
        RetryMiddleware(retries),
        MirrorMiddleware(request["mirrors"]),
        AuthenticationMiddleware(),
        OciMiddleware(),
        GCSMiddleware(),
        S3Middleware(),
    ]
    return Client(stack, user_agent=_agent())


def _packages(request: dict[str, Any]) -> tuple[CondaPackage, ...]:
    """Return a request's packages: the very ones of the request before where it named the same, as a plan's execution does."""
    global _asked  # noqa: PLW0603 - the last one
    wire = request["packages"]
    if _asked is None or _asked[0] != wire:
        _asked = (wire, packages_from_wire(wire))
    return _asked[1]


def _records(packages: Sequence[CondaPackage]) -> dict[str, RepoDataRecord]:
    """Return by name what py-rattler installs packages from; of those that have a URL."""
    located = [package for package in packages if package.url]
    return dict(zip([package.name for package in located], _RECORDS.each(located), strict=True))


_RECORDS = Kept(to_rattler)
_asked: tuple[list[dict[str, Any]], tuple[CondaPackage, ...]] | None = None


def _packages_folder(request: dict[str, Any]) -> Path:
    return Path(request["cache"], "pkgs")


def _package_cache(packages: Sequence[CondaPackage], request: dict[str, Any]) -> PackageCache:
    """Return the cache that rattler and pixi share, with places apart for the packages whose sha256 is not known.

    py-rattler takes an unpacked package of the same name, version and build from its cache unless the sha256 tells it otherwise;
    an md5 alone is compared with a download only. So what is known by md5 is kept by md5.
    """
    shared = PackageCacheLayer(_packages_folder(request))
    apart = []
    names = []
    for package in packages:
        if package.sha256 is None:
            name = MatchSpec(package.name)
            folder = Path(request["cache"], "pkgs-by-md5", package.md5 or f"{package.spec}-unknown")
            apart.append(PackageCacheLayer(folder).with_filter(name))
            names.append(re.escape(package.name.lower()))
    # each further exclusion copies those before it
    for start in range(0, len(names), _NAMES_AT_ONCE):
        pattern = "|".join(names[start : start + _NAMES_AT_ONCE])
        shared = shared.excluding(MatchSpec(f"^({pattern})$", exact_names_only=False))
    return PackageCache.from_layers([*apart, shared])


def _linking() -> Config | None:
    """Say that links can be made: else py-rattler tries it out in the prefix for every package, a quarter of the installation.

    Where one cannot be made after all, it copies the file. Windows asks for a privilege first.
    """
    return None if sys.platform == "win32" else Config.from_toml("allow-symbolic-links = true")


def _virtual_packages(subdir: str) -> list[VirtualPackage | GenericVirtualPackage]:
    from envkeep.engines.platforms import supposed

    if subdir == str(Subdir.current()):
        return list(VirtualPackage.detect(VirtualPackageOverrides.from_env()))
    return [GenericVirtualPackage(PackageName(name), Version(version), BuildString("0")) for name, version in supposed(subdir)]


OPERATIONS: dict[str, Callable[[dict[str, Any], Reply], Coroutine[Any, Any, Any]]] = {
    "solve": solve,
    "available": available,
    "unavailable": unavailable,
    "install": install,
    "download": download,
}
