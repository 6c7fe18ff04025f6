"""The files that pip reads its settings from, on each system.

Source: https://pip.pypa.io/en/stable/topics/configuration/ and pip's own ``pip._internal.configuration``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["pip_files"]


def pip_files(environ: Mapping[str, str], prefix: Path | None = None) -> Iterator[Path]:
    """Yield pip's files, there or not, in its order: of what two of them say the later counts.

    The machine's, the user's, the environment's, and the one that PIP_CONFIG_FILE names, which takes the place of the user's.

    Args:
        environ: of the process: HOME, PIP_CONFIG_FILE, XDG_*.
        prefix: of the environment; None: its own file is left out.
    """
    named = environ.get("PIP_CONFIG_FILE")
    # what os.devnull is on either system: pip reads nothing then
    if named in ("/dev/null", "nul"):
        return
    yield from _machine_files(environ)
    if not named or not Path(named).exists():
        yield from _user_files(environ)
    if prefix is not None:
        # of an environment of the other system, too: it may be read there
        yield prefix / "pip.conf"
        yield prefix / "pip.ini"
    if named:
        yield Path(named)


def _machine_files(environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.platform == "win32":
        yield Path(environ.get("PROGRAMDATA", "C:\\ProgramData"), "pip", "pip.ini")
    elif sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
    else:
        for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
            yield Path(folder, "pip", "pip.conf")
        yield Path("/etc/pip.conf")


def _user_files(environ: Mapping[str, str]) -> Iterator[Path]:
    written = environ.get("HOME") or environ.get("USERPROFILE")
    try:
        home = Path(written) if written else Path.home()
    except RuntimeError:
        # nobody knows where it is
        return
    if sys.platform == "win32":
        yield home / "pip" / "pip.ini"
        yield Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "pip" / "pip.ini"
        return
    yield home / ".pip" / "pip.conf"
    support = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin" and support.is_dir():
        yield support / "pip.conf"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
