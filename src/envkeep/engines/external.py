"""conda, mamba and micromamba as engines, by their command lines."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from envkeep.engines.base import EngineInfo, InstallReport
from envkeep.engines.reason import Reason
from envkeep.errors import EngineError, RefusedError, UnsolvableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkeep.engines.base import EngineName, InstallRequest, Progress, SolveRequest
    from envkeep.engines.command_lines import Dialect
    from envkeep.engines.run import Completed
    from envkeep.engines.silence import Silences
    from envkeep.model.record import CondaPackage

__all__ = ["CommandEngine"]

_CONCURRENT = 16
_PATIENCE = 20.0
# what stands for "the channels do not hold that" in the JSON of conda and in the text of the mambas
_UNSOLVABLE = (
    "PackagesNotFound",
    "ResolvePackageNotFound",
    "Unsatisfiable",
    "LibMambaUnsatisfiable",
    "Could not solve",
    "nothing provides",
)


class CommandEngine:
    """An engine that is a program.

    Args:
        name: which one.
        path: its executable.
        environ: of which its processes get what ``command_lines.child_environment`` leaves; None: ours.
        on_line: told each line that a long run prints; None: nobody.
    """

    def __init__(
        self,
        name: EngineName,
        path: Path,
        environ: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self.name: EngineName = name
        self._path = str(path)
        self._environ = dict(os.environ if environ is None else environ)
        self._on_line = on_line

    @cached_property
    def _version(self) -> str | None:
        from envkeep.engines.run import run

        try:
            done = run([self._path, "--version"], timeout=_PATIENCE, env=self._environ)
        except (EngineError, TimeoutError):
            return None
        # `conda 26.7.1`, `mamba 1.5.8` and a line of conda's, `2.0.5`
        words = done.stdout.split("\n", 1)[0].split()
        return words[-1] if done.returncode == 0 and words else None

    @cached_property
    def _dialect(self) -> Dialect:
        if self.name == "mamba":
            return "conda" if (self._version or "").startswith(("0.", "1.")) else "micromamba"
        return "micromamba" if self.name == "micromamba" else "conda"

    def info(self) -> EngineInfo:
        """Return which one this is."""
        return EngineInfo(name=self.name, version=self._version, path=self._path)

    def wake(self, *, offline: bool = False) -> None:
        """Nothing: each question is a run of its own; see ``base.Engine``."""

    def solve(self, request: SolveRequest) -> tuple[CondaPackage, ...]:
        """Return the packages that satisfy a request, sorted by name; see ``base.Engine``."""
        from tempfile import TemporaryDirectory

        from envkeep.engines.command_lines import dry_run
        from envkeep.engines.package_json import linked_names

        with TemporaryDirectory(prefix="envkeep-") as folder:
            prefix = str(Path(folder, "none"))
            answer = self._json(dry_run(self._dialect, self._path, request, prefix), request.subdir)
        actions = answer.get("actions") or {}
        found = [package or self._cached(dist) for dist, package in linked_names(actions)]
        return tuple(sorted(found, key=lambda package: package.name))

    def available(
        self, names: Sequence[str], channels: Sequence[str], subdir: str, *, offline: bool = False
    ) -> tuple[CondaPackage, ...]:
        """Return every package of these names in the channels; see ``base.Engine``. One run per name."""
        from envkeep.engines.command_lines import search
        from envkeep.engines.package_json import packages_of_search

        found: list[CondaPackage] = []
        for name in names:
            try:
                answer = self._json(search(self._dialect, self._path, name, channels, subdir, offline=offline), subdir)
            except UnsolvableError:
                # no channel knows the name
                continue
            found += [package for package in packages_of_search(answer) if package.name == name]
        return tuple(found)

    def unavailable(
        self, packages: Sequence[CondaPackage], progress: Progress, *, offline: bool = False
    ) -> tuple[tuple[str, Reason], ...]:
        """Return the packages that are not at their URL; see ``base.Engine``.

        Servers are asked with what netrc knows of them. A package whose recorded URL held credentials is not asked for: a server
        that wants them may say of anything that it is not there. With the network, the engine's cache is not looked at.
        """
        from concurrent.futures import ThreadPoolExecutor

        from envkeep.engines.artefacts import missing_files
        from envkeep.engines.silence import Silences

        progress.start("looking for packages", len(packages))
        missing = dict(missing_files(packages))
        remote = [
            package
            for package in packages
            if package.name not in missing and package.auth is None and (package.url or "").startswith(("http:", "https:"))
        ]
        if offline:
            remote = [package for package in packages if (package.url or "").startswith(("http:", "https:"))]
            why = Reason(f"it is not in the cache of {self.name}, and the network is not to be used", gone=False)
            missing.update({package.name: why for package in remote if not self._is_cached(package)})
            remote = []
        progress.advance(len(packages) - len(remote))
        silences = Silences(_CONCURRENT)
        try:
            with ThreadPoolExecutor(_CONCURRENT) as pool:
                for package, reason in zip(remote, pool.map(lambda each: _gone(each.url or "", silences), remote), strict=True):
                    progress.advance()
                    if reason is not None:
                        missing[package.name] = reason
        finally:
            progress.finish()
        return tuple((package.name, missing[package.name]) for package in packages if package.name in missing)

    def install(self, request: InstallRequest, progress: Progress) -> InstallReport:
        """Make the prefix; see ``base.Engine``.

        Raises:
            RefusedError: link scripts are not allowed, and a package has some or may have: these engines run them always.
        """
        from tempfile import TemporaryDirectory

        from envkeep.engines.artefacts import ArtefactsMissingError, check_hashes, missing_files
        from envkeep.engines.command_lines import create_explicit, explicit_file
        from envkeep.engines.finishing import write_history
        from envkeep.engines.prefixes import fresh_prefix

        self._mind_link_scripts(request)
        try:
            with fresh_prefix(request.prefix), TemporaryDirectory(prefix="envkeep-") as folder:
                if missing := missing_files(request.packages):
                    raise ArtefactsMissingError(missing)
                check_hashes(request.packages)
                file = Path(folder, "explicit.txt")
                file.write_text(explicit_file(request.packages, request.subdir), encoding="utf-8")
                self._create(create_explicit(self._dialect, self._path, request, str(file)), request, progress)
                write_history(request)
        except ArtefactsMissingError as error:
            return InstallReport(unavailable=error.packages)
        return InstallReport(scripts_run=_scripts_of(request.prefix))

    def _create(self, argv: list[str], request: InstallRequest, progress: Progress) -> None:
        from envkeep.engines.artefacts import ArtefactsMissingError

        progress.start(f"installing with {self.name}", None)
        try:
            done = self._stream(argv, request.subdir)
        finally:
            progress.finish()
        if done.returncode == 0:
            return
        if not request.offline and (missing := self.unavailable(request.packages, progress)):
            raise ArtefactsMissingError(missing)
        _fail(argv, done)

    def _mind_link_scripts(self, request: InstallRequest) -> None:
        # mamba of 2026 can leave them (--skip-run-link-scripts); older ones and conda have no option for it
        if request.may_have_scripts and not request.link_scripts:
            raise RefusedError(
                f"{self.name} always runs link scripts, and these packages have some or may have: "
                f"{', '.join(request.may_have_scripts)}",
                "Allow them with --link-scripts, or use the embedded engine, which can leave them: --engine rattler",
            )

    def _is_cached(self, package: CondaPackage) -> bool:
        # an archive, or an unpacked package whose record names the same hash
        import json

        dist = f"{package.name}-{package.version}-{package.build}"
        for folder in self._package_folders:
            if package.fn and Path(folder, package.fn).is_file():
                return True
            try:
                record = json.loads(Path(folder, dist, "info", "repodata_record.json").read_bytes())
            except (OSError, ValueError):
                continue
            if any(wanted and record.get(kind) == wanted for kind, wanted in (("sha256", package.sha256), ("md5", package.md5))):
                return True
        return False

    def _cached(self, dist: str) -> CondaPackage:
        # conda's dry run names what its caches hold by dist name only
        import json

        from envkeep.engines.package_json import package_of

        records = (Path(folder, dist, "info", "repodata_record.json") for folder in self._package_folders)
        record = next((each for each in records if each.is_file()), None)
        try:
            return package_of(json.loads(record.read_bytes() if record else b""))
        except (OSError, ValueError, KeyError) as error:
            fact = f"{self.name} does not say where {dist} in its cache comes from"
            raise EngineError(fact, f"Empty its cache: `{self._path} clean --packages`") from error

    @cached_property
    def _package_folders(self) -> tuple[str, ...]:
        folders = self._json([self._path, "info", "--json"], "").get("pkgs_dirs") or ()
        return tuple(str(folder) for folder in folders)

    def _json(self, argv: list[str], subdir: str) -> dict[str, Any]:
        import json

        from envkeep.engines.run import run

        done = run(argv, env=self._child_environment(subdir))
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = None
        if done.returncode or not isinstance(answer, dict) or "exception_name" in answer:
            _fail(argv, done, answer if isinstance(answer, dict) else None)
        return answer

    def _stream(self, argv: list[str], subdir: str) -> Completed:
        from envkeep.engines.run import stream

        return stream(argv, self._on_line or (lambda _: None), env=self._child_environment(subdir))

    def _child_environment(self, subdir: str) -> dict[str, str]:
        from envkeep.engines.command_lines import child_environment

        return child_environment(self._environ, subdir)


def _fail(argv: list[str], done: Completed, answer: Mapping[str, Any] | None = None) -> NoReturn:
    from envkeep.engines.run import quote
    from envkeep.model.credentials import scrub

    text = str((answer or {}).get("message") or "") or done.stderr.strip() or done.stdout.strip()
    fact = scrub(f"`{quote(argv)}` failed with status {done.returncode}:\n{text.strip()}")
    named = f"{(answer or {}).get('exception_name', '')} {text} {(answer or {}).get('solver_problems', '')}"
    raise (UnsolvableError if any(word in named for word in _UNSOLVABLE) else EngineError)(fact)


def _scripts_of(prefix: Path) -> tuple[str, ...]:
    # a script that fails makes the whole run fail, so those that are there have run
    found = (*prefix.glob("bin/.*-post-link.sh"), *prefix.glob("Scripts/.*-post-link.bat"))
    return tuple(sorted(each.name[1:].rpartition("-post-link")[0] for each in found))


def _gone(url: str, silences: Silences) -> Reason | None:
    from urllib.error import HTTPError

    from envkeep.engines.asking import opened

    if known := silences.reason(url):
        return known
    reason = None
    answer = True
    try:
        opened(url, method="HEAD", timeout=_PATIENCE).close()
    except HTTPError as error:
        # with its own log-in the engine may well get it
        reason = Reason(f"{url}: {error.code} {error.reason}", gone=True) if error.code in (404, 410) else None
    except OSError as error:
        reason = Reason(f"{url}: {getattr(error, 'reason', None) or error}", gone=False)
        answer = False
    silences.heard(url, answer=answer)
    return reason
