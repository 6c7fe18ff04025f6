"""The embedded engine, py-rattler: needs no conda on the machine.

Its work is done in ``rattler_worker``, a process of its own.
"""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from envkeep.engines.base import EngineInfo, InstallReport, NoProgress
from envkeep.engines.network import Network, channel_urls, child_variables, mirrors_of
from envkeep.engines.rattler_start import leave, start, started_early, with_threads
from envkeep.engines.reason import Reason
from envkeep.errors import EngineError, UnsolvableError
from envkeep.model.credentials import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envkeep.engines.base import EngineName, InstallRequest, Progress, SolveRequest
    from envkeep.engines.dialogue import Dialogue
    from envkeep.model.record import CondaPackage

__all__ = ["RattlerEngine", "cache_folder"]

_INSTALL_IT = 'Install it: pip install "envkeep[engine]"'
# what the engine's own words for it hold, and what to do then
_REMEDIES = (
    ("no usable repodata cache", "Leave out --offline, or name a channel on this machine with -c."),
    ("error sending request", "Check the network and its proxy, or name channels that can be reached with -c."),
    ("could not find subdir", "Check how the channel is spelled, or name another with -c."),
)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where packages and channel indexes are cached: ENVKEEP_CACHE, else what rattler and pixi use on this system."""
    chosen = environ.get("ENVKEEP_CACHE") or environ.get("RATTLER_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "rattler" / "cache"


class RattlerEngine:
    """The embedded engine. Its process is started for the first request, or by ``wake``, and answers all that follow.

    Args:
        environ: for the child process: proxies, RATTLER_AUTH_FILE, NETRC, ENVKEEP_CACHE; None: our own.
        network: what a condarc says of channels, mirrors and proxies; None: nothing.
    """

    name: EngineName = "rattler"

    def __init__(self, environ: Mapping[str, str] | None = None, network: Network | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        self._network = network or Network()
        self._worker: Dialogue | None = None
        self._left: weakref.finalize[Any, RattlerEngine] | None = None
        self._worker_is_offline = False

    def wake(self, *, offline: bool = False) -> None:
        """Start the engine's process, which takes a while, before there is anything to ask; see ``base.Engine``."""
        if self._worker is not None and self._worker.is_open and self._worker_is_offline == offline:
            return
        from envkeep.engines.installing import OFFLINE

        self._end_worker()
        environ = with_threads({**self._environ, **child_variables(self._environ, self._network)})
        if offline:
            environ |= OFFLINE
        self._worker = started_early(environ) or start(environ)
        self._worker_is_offline = offline
        # where nobody needs this engine any more, another one may; at the end of our process nobody does
        self._left = weakref.finalize(self, leave, environ, self._worker)
        self._left.atexit = False

    def info(self) -> EngineInfo:
        """Return its version; its path is the Python it is installed in."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("py-rattler")
        except PackageNotFoundError:
            found = None
        return EngineInfo(name=self.name, version=found, path=sys.executable)

    def solve(self, request: SolveRequest) -> tuple[CondaPackage, ...]:
        """Return the packages that satisfy a request, sorted by name; see ``base.Engine``.

        For another platform than this machine's the virtual packages are conda-lock's defaults, without CUDA.
        """
        from envkeep.engines.wire import packages_from_wire

        answer = self._ask(
            {
                "op": "solve",
                "specs": list(request.specs),
                "channels": self._channels(request.channels),
                "subdir": request.subdir,
                "offline": request.offline,
            },
            NoProgress(),
        )
        return packages_from_wire(answer)

    def available(
        self, names: Sequence[str], channels: Sequence[str], subdir: str, *, offline: bool = False
    ) -> tuple[CondaPackage, ...]:
        """Return every package of these names in the channels; see ``base.Engine``."""
        from envkeep.engines.wire import packages_from_wire

        answer = self._ask(
            {
                "op": "available",
                "names": list(names),
                "channels": self._channels(channels),
                "subdir": subdir,
                "offline": offline,
            },
            NoProgress(),
        )
        return packages_from_wire(answer)

    def unavailable(
        self, packages: Sequence[CondaPackage], progress: Progress, *, offline: bool = False
    ) -> tuple[tuple[str, Reason], ...]:
        """Return the packages that cannot be had, with the reason; see ``base.Engine``. Hashes are compared when installing."""
        from envkeep.engines.wire import packages_to_wire

        answer = self._ask({"op": "unavailable", "packages": packages_to_wire(packages), "offline": offline}, progress)
        return tuple((name, Reason(text, gone=gone)) for name, text, gone in answer)

    def install(self, request: InstallRequest, progress: Progress) -> InstallReport:
        """Make the prefix; see ``base.Engine``. Hashes are enforced: of files on this machine by us, else by py-rattler."""
        from envkeep.engines.artefacts import ArtefactsMissingError
        from envkeep.engines.finishing import write_history
        from envkeep.engines.prefixes import fresh_prefix
        from envkeep.engines.wire import packages_to_wire

        try:
            with fresh_prefix(request.prefix), self._ended_by_failure():
                answer = self._ask(
                    {
                        "op": "install",
                        "prefix": str(request.prefix),
                        "packages": packages_to_wire(request.packages),
                        "subdir": request.subdir,
                        "link_scripts": request.link_scripts,
                        "offline": request.offline,
                    },
                    progress,
                )
                if answer["unavailable"]:
                    raise ArtefactsMissingError(answer["unavailable"])
                write_history(request)
        except ArtefactsMissingError as error:
            return InstallReport(unavailable=error.packages)
        return InstallReport(
            scripts_run=tuple(sorted(answer["scripts_run"])), scripts_failed=tuple(sorted(answer["scripts_failed"]))
        )

    def download(self, jobs: Mapping[str, str], progress: Progress) -> dict[str, str]:
        """Download URLs to paths, as they are, and return those that could not be had, and why.

        Raises:
            EngineError: the engine failed.
        """
        answer = self._ask({"op": "download", "jobs": dict(jobs), "offline": False}, progress)
        return {str(url): str(reason) for url, reason in answer.items()}

    def _channels(self, channels: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(url for name in channels for url in channel_urls(name, self._network)))

    @contextmanager
    def _ended_by_failure(self) -> Iterator[None]:
        # py-rattler goes on linking after an error, into a prefix that is about to be removed
        try:
            yield
        except BaseException:
            self._end_worker()
            raise

    def _end_worker(self) -> None:
        if self._left is not None:
            self._left.detach()
        if self._worker is not None:
            self._worker.close(at_once=True)
            self._worker = None

    def _ask(self, request: dict[str, Any], progress: Progress) -> Any:
        import json

        answer: dict[str, Any] = {}

        def take(line: str) -> bool:
            message = json.loads(line)
            if "start" in message:
                progress.start(message["start"], message["total"])
            elif "advance" in message:
                progress.advance(message["advance"])
            else:
                answer.update(message)
            return bool(answer)

        request["mirrors"] = mirrors_of(request.get("channels", ()), self._network)
        # a mirror takes the place of the beginning of a URL, so of what holds credentials already it must not
        request["channels"] = [without_credentials(url).url for url in request.get("channels", ())]
        self.wake(offline=request["offline"])
        assert self._worker is not None  # noqa: S101 - for the type checker
        try:
            ended = self._worker.ask(json.dumps({**request, "cache": str(cache_folder(self._environ))}), take)
        finally:
            progress.finish()
        if ended is not None:
            raise EngineError(f"the embedded engine ended with status {ended.returncode} and no answer: {ended.stderr.strip()}")
        if "error" in answer:
            _fail(answer["error"], answer["kind"])
        return answer["result"]


def _fail(text: str, kind: str) -> NoReturn:
    from envkeep.model.credentials import scrub

    text = scrub(text)
    if kind == "missing":
        raise EngineError(f"the embedded engine (py-rattler) is not installed: {text}", _INSTALL_IT)
    if kind == "EngineError":
        fact, _, remedy_of_ours = text.partition("\n")
        raise EngineError(fact, remedy_of_ours or None)
    if kind == "SolverError":
        raise UnsolvableError(text)
    if kind == "InvalidMatchSpecError":
        raise UnsolvableError(f"a package specification cannot be understood: {text}")
    remedy = next((remedy for sign, remedy in _REMEDIES if sign in text), None)
    raise EngineError(f"the embedded engine failed: {text}", remedy)
