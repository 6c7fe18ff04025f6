"""Where envkeep's home is: said by an option, a variable, or nobody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.errors import BadConfigError
from envkeep.model.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONFIG_FILE", "resolve_home"]

CONFIG_FILE = "config.toml"
"""The file of settings in it."""


def resolve_home(flag: Path | str | None, environ: Mapping[str, str]) -> Path:
    """Return the folder that holds backups and settings: the option's, else ENVKEEP_HOME, else ``~/.envkeep``; absolute.

    It need not be there yet.

    Raises:
        BadConfigError: it is a file, ENVKEEP_HOME is relative, or nobody knows where the user's home is.
    """
    named, origin = (flag, "--home") if flag is not None else (environ.get("ENVKEEP_HOME", "").strip(), "ENVKEEP_HOME")
    if str(named):
        text = str(named)
        if flag is None and not (text.startswith("~") or Path(text).is_absolute()):
            # another home wherever one is; of an option one sees it
            raise BadConfigError(
                f"ENVKEEP_HOME is {text!r}, which is no absolute path", "Give it one, or one that begins with ~/."
            )
        home = _user_home(environ) / text[2:] if text[:2] in {"~/", "~\\"} else _user_home(environ) if text == "~" else Path(text)
    else:
        home, origin = _user_home(environ) / ".envkeep", "the default home"
    home = absolute(home)
    if "\0" in str(home):
        raise BadConfigError(f"{origin} {str(home)!r} can be no folder", "Name a folder with --home DIR or ENVKEEP_HOME.")
    # pathlib raises where the way there may not be gone, or is too long; whoever opens something there says so
    if os.path.exists(home) and not os.path.isdir(home):  # noqa: PTH110, PTH112
        raise BadConfigError(f"{origin} {home} is no folder", "Name a folder with --home DIR or ENVKEEP_HOME.")
    return home


def _user_home(environ: Mapping[str, str]) -> Path:
    home = environ.get("USERPROFILE" if os.name == "nt" else "HOME", "").strip()
    if home:
        return Path(home)
    try:
        return Path.home()
    except RuntimeError as error:
        raise BadConfigError(
            "nobody knows where your home folder is", "Name a folder with --home DIR or ENVKEEP_HOME."
        ) from error
