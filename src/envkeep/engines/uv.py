"""uv as installer: needs no pip in the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.errors import InstallerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.engines.base import InstallerName, PipReport, PipRequest, Progress

__all__ = ["UvInstaller", "find_uv", "uv_command"]

_INDEXES = frozenset({"UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_INDEX_URL", "UV_NO_INDEX"})
_KEPT = _INDEXES | {
    "UV_CACHE_DIR",
    "UV_CONFIG_FILE",
    "UV_FIND_LINKS",
    "UV_HTTP_TIMEOUT",
    "UV_INDEX_STRATEGY",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_NATIVE_TLS",
    "UV_NO_CACHE",
    "UV_NO_CONFIG",
    "UV_SYSTEM_CERTS",
}


def find_uv(environ: Mapping[str, str]) -> str | None:
    """Return uv's executable: the one installed beside us, else the one on PATH; None where there is none."""
    import shutil

    try:
        # uv's wheel says where it put its executable
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv", path=environ.get("PATH"))


def uv_command(environ: Mapping[str, str]) -> list[str]:
    """Return how uv is started.

    Raises:
        InstallerError: it is not there.
    """
    found = find_uv(environ)
    if found is None:
        raise InstallerError("uv is not installed", 'Install it: pip install "envkeep[uv]", or use pip: --installer pip')
    return [found]


class UvInstaller:
    """``uv pip install --python`` of the environment's Python.

    uv reads no settings of pip's: where uv has no index of its own, the ones that pip is configured with are handed on.

    Args:
        environ: of which uv's index settings are taken, else pip's; None: ours.
    """

    name: InstallerName = "uv"

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)

    def install(self, request: PipRequest, progress: Progress) -> PipReport:
        """Install; see ``base.Installer``.

        Raises:
            InstallerError: uv is not there, or the environment's Python cannot be started.
        """
        from envkeep.engines.installing import child_environment, install_by_halves, requirements_file
        from envkeep.engines.run import run

        command = uv_command(self._environ)
        if not os.access(request.python, os.X_OK):
            raise InstallerError(f"{request.python} is no Python that can be started")
        kept = _KEPT - _INDEXES if request.offline else _KEPT
        environ = child_environment(self._environ, "UV_", kept, offline=request.offline)
        sources = _sources(request, self._environ)

        def attempt(lines: tuple[str, ...]) -> str | None:
            with requirements_file(lines) as file:
                argv = [*command, "pip", "install", "--python", request.python, "--no-progress", "--color", "never"]
                argv += ["--no-python-downloads", *sources]
                if "UV_INDEX_STRATEGY" not in environ:
                    # as pip: the best version of all indexes, not the first index that knows the name
                    argv += ["--index-strategy", "unsafe-best-match"]
                if not request.deps:
                    argv += ["--no-deps", "--reinstall"]
                if request.offline:
                    argv.append("--offline")
                # a folder without settings of a project
                done = run([*argv, "-r", str(file)], env=environ, cwd=file.parent)
            return None if done.returncode == 0 else _reason(done.stderr, done.returncode)

        return install_by_halves(request, progress, attempt)


def _sources(request: PipRequest, environ: Mapping[str, str]) -> list[str]:
    from envkeep.engines.pip_settings import pip_settings

    argv: list[str] = []
    indexes = [url for url in request.index_urls if not request.offline or url.startswith("file:")]
    if request.offline and indexes:
        argv += ["--default-index", indexes.pop(0)]
    elif request.offline and request.find_links:
        # with the network off, uv stops at an index that it cannot ask, whatever lies in the folders
        argv.append("--no-index")
    elif not request.offline and not _INDEXES & set(environ):
        settings = pip_settings(environ)
        if settings.index_url:
            argv += ["--default-index", settings.index_url]
        argv += [part for url in settings.extra_index_urls for part in ("--index", url)]
        argv += [part for folder in settings.find_links for part in ("--find-links", folder)]
        argv += ["--no-index"] if settings.no_index else []
    argv += [part for url in indexes for part in ("--index", url)]
    return argv + [part for folder in request.find_links for part in ("--find-links", folder)]


def _reason(text: str, status: int) -> str:
    """Return uv's own words for why it failed, on one line."""
    from envkeep.engines.installing import plain_lines
    from envkeep.model.credentials import scrub

    lines = [line.lstrip("×╰─▶├│ ").strip() for line in plain_lines(text)]
    told = [line for line in lines if line and not line.startswith(("Using Python", "Resolved", "hint:", "warning:"))]
    return scrub(" ".join(told) or f"uv ended with status {status}")
