"""pip as installer: the one in the environment itself."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from envkeep.errors import InstallerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envkeep.engines.base import InstallerName, PipReport, PipRequest, Progress

__all__ = ["PipInstaller", "failure_reason", "has_pip", "pip_environment", "uninstall"]

_KEPT = frozenset(
    {
        "PIP_CACHE_DIR",
        "PIP_CERT",
        "PIP_CLIENT_CERT",
        "PIP_CONFIG_FILE",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_KEYRING_PROVIDER",
        "PIP_NO_CACHE_DIR",
        "PIP_NO_INDEX",
        "PIP_PROXY",
        "PIP_RETRIES",
        "PIP_TIMEOUT",
        "PIP_TRUSTED_HOST",
    }
)
_INDEXES = frozenset({"PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_NO_INDEX"})


def has_pip(python: str) -> bool:
    """Return whether a Python can import pip."""
    from envkeep.engines.run import run

    return run([python, "-I", "-B", "-c", "import pip"]).returncode == 0


def pip_environment(environ: Mapping[str, str], *, offline: bool, own_indexes: bool = True) -> dict[str, str]:
    """Return the environment of a process of pip's: of its variables only those that say where packages come from.

    Args:
        environ: ours.
        offline: whether nothing may get out.
        own_indexes: whether the indexes that the variables name are to be asked.
    """
    from envkeep.engines.installing import child_environment

    child = child_environment(environ, "PIP_", _KEPT if own_indexes else _KEPT - _INDEXES, offline=offline)
    # a conda environment is no virtual one in pip's eyes
    child["PIP_REQUIRE_VIRTUALENV"] = "0"
    return child


def uninstall(python: str, names: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Remove packages from an environment by its own pip, which may be one of them; return why that failed, or None.

    Args:
        python: of the environment.
        names: of packages.
        environ: ours.
    """
    from envkeep.engines.run import run

    argv = [python, "-I", "-m", "pip", "uninstall", "-qq", "--yes", "--disable-pip-version-check"]
    done = run([*argv, *names], env=pip_environment(environ, offline=True))
    return None if done.returncode == 0 else failure_reason(done.stderr or done.stdout, done.returncode)


class PipInstaller:
    """``python -m pip install`` of the environment's own Python.

    Args:
        environ: of which pip's index settings are taken; None: ours.
    """

    name: InstallerName = "pip"

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)

    def install(self, request: PipRequest, progress: Progress) -> PipReport:
        """Install; see ``base.Installer``.

        Raises:
            InstallerError: the environment has no pip, or its Python cannot be started.
        """
        from envkeep.engines.installing import install_by_halves, requirements_file
        from envkeep.engines.run import run
        from envkeep.errors import EngineError

        environ = pip_environment(self._environ, offline=request.offline, own_indexes=not request.offline)

        def attempt(lines: tuple[str, ...]) -> str | None:
            with requirements_file(lines) as file:
                argv = _argv(request, str(file))
                try:
                    done = run(argv, env=environ, cwd=file.parent)
                except EngineError as error:
                    raise InstallerError(error.fact, error.remedy) from error
            if done.returncode and "No module named pip" in done.stderr:
                raise InstallerError(
                    f"the Python at {request.python} has no pip",
                    "Use uv instead (--installer uv), or give it one: "
                    f"`{request.python} -m ensurepip`, or `conda install pip` in a conda environment.",
                )
            if done.returncode == 0:
                return None
            reason = failure_reason(done.stderr or done.stdout, done.returncode)
            if len(lines) == 1 and "Invalid requirement" in reason and (older := _older_spelling(lines[0])):
                return attempt((older,))
            return reason

        return install_by_halves(request, progress, attempt)


def _argv(request: PipRequest, file: str) -> list[str]:
    argv = [
        request.python,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--no-color",
        "--progress-bar",
        "off",
    ]
    argv += ["--no-user", "--no-warn-script-location", "--root-user-action", "ignore"]
    if not request.deps:
        # what conda installed under the same name gives way, as it did where the record was taken
        argv += ["--no-deps", "--force-reinstall"]
    indexes = [url for url in request.index_urls if not request.offline or url.startswith("file:")]
    if request.offline:
        argv += ["--retries", "0", *(["--index-url", indexes.pop(0)] if indexes else ["--no-index"])]
    for url in indexes:
        argv += ["--extra-index-url", url]
    for folder in request.find_links:
        argv += ["--find-links", folder]
    return [*argv, "-r", file]


def _older_spelling(line: str) -> str | None:
    """Return a requirement on a local repository as pip before 24.1 takes it, which wants a host in ``name @ git+file:///...``."""
    match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])? @ ((?:git|hg|svn|bzr)\+file:///[^#]+)(?:#(.+))?", line)
    return None if match is None else f"{match[2]}#{match[3] + '&' if match[3] else ''}egg={match[1]}"


def failure_reason(text: str, status: int) -> str:
    """Return pip's own words for why it failed: its last line of error, without the lines around it."""
    from envkeep.engines.installing import plain_lines
    from envkeep.model.credentials import scrub

    lines = plain_lines(text)
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    found = errors or [line for line in lines if line] or [f"pip ended with status {status}"]
    return scrub(next((line for line in reversed(found) if "No matching distribution" in line), found[-1]))
