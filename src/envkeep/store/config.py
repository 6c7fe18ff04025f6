"""The settings in force, each with where it comes from.

From lowest to highest: defaults, PyMoDAQ's own file (where the home is PyMoDAQ's), ``config.toml`` in the home, ENVKEEP_*
variables, options of the command line.
"""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING, Literal, cast

from envkeep.errors import BadConfigError
from envkeep.model.frozen import frozen
from envkeep.store.config_settings import SETTINGS, Value, init_text
from envkeep.store.config_sources import Fault, Given, from_environ, from_file, from_overrides, pymodaq_files
from envkeep.store.home import CONFIG_FILE, resolve_home

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "CONFIG_FILE",
    "Config",
    "EngineChoice",
    "InForce",
    "InstallerChoice",
    "default_config",
    "init_text",
    "load_config",
]

EngineChoice = Literal["rattler", "conda", "mamba", "micromamba"]
InstallerChoice = Literal["pip", "uv"]


@frozen
class InForce:
    """A setting's value and where it comes from: ``default``, ``<file>:<line>``, a variable's name, a flag."""

    name: str
    value: Value
    origin: str


@frozen
class Config:
    """The settings in force.

    Attributes:
        home: where backups and ``config.toml`` are; absolute.
        settings: every setting with its value and origin, in the order of the docs.
    """

    home: Path
    settings: tuple[InForce, ...] = field(default=())

    @property
    def keep_backup(self) -> bool:
        """Whether automatic backups are kept."""
        return cast("bool", self._value("backup.keep_backup"))

    @property
    def folder(self) -> str:
        """The environments' folder, relative to the home (or an absolute path)."""
        return cast("str", self._value("backup.folder"))

    @property
    def limit(self) -> int:
        """How many untagged backups of an environment are kept; 1 or more."""
        return cast("int", self._value("backup.limit"))

    @property
    def engine(self) -> EngineChoice | None:
        """The engine to use, None for whichever is found."""
        value = self._value("restore.engine")
        return None if value == "auto" else cast("EngineChoice", value)

    @property
    def installer(self) -> InstallerChoice | None:
        """The installer to use, None for whichever is found."""
        value = self._value("restore.installer")
        return None if value == "auto" else cast("InstallerChoice", value)

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels for what names none; empty where nobody said."""
        return cast("tuple[str, ...]", self._value("restore.channels"))

    @property
    def remap(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a channel and the one to use in its place."""
        return cast("tuple[tuple[str, str], ...]", self._value("channels.remap"))

    @property
    def lock_timeout(self) -> float:
        """Seconds to wait for another writer."""
        return cast("float", self._value("store.lock_timeout"))

    def _value(self, name: str) -> Value:
        return next(setting.value for setting in self.settings if setting.name == name)


def load_config(
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """Return the settings in force.

    Args:
        home: as ``resolve_home`` gives it; None resolves it from ``environ``.
        environ: None for the process's own.
        overrides: what the command line says, by name (``{"restore.engine": "mamba"}``); None as a value says nothing.

    Raises:
        BadConfigError: names every unknown key, wrong type and value without sense, with file and line or variable.
    """
    environ = os.environ if environ is None else environ
    home = resolve_home(None, environ) if home is None else home
    found: list[Given | Fault] = []
    for path in pymodaq_files(home, environ):
        found += from_file(path, foreign=True)
    found += from_file(home / CONFIG_FILE)
    found += from_environ(environ)
    found += from_overrides(overrides or {})
    faults = [item for item in found if isinstance(item, Fault)]
    if faults:
        raise _error(faults)
    given = {item.name: item for item in found if isinstance(item, Given)}
    settings = []
    for setting in SETTINGS:
        item = given.get(setting.name)
        settings.append(
            InForce(name=setting.name, value=setting.default, origin="default")
            if item is None
            else InForce(name=setting.name, value=item.value, origin=item.origin)
        )
    return Config(home=home, settings=tuple(settings))


def default_config(home: Path) -> Config:
    """Return the settings of a home about which nobody said anything: for who has to go on where those in force are wrong."""
    return Config(home=home, settings=tuple(InForce(name=each.name, value=each.default, origin="default") for each in SETTINGS))


def _error(faults: Iterable[Fault]) -> BadConfigError:
    faults = list(faults)
    if len(faults) == 1:
        fault = faults[0]
        return BadConfigError(f"{fault.where}: {fault.fact}", fault.remedy)
    lines = [f"  {fault.where}: {fault.fact}. {fault.remedy}" for fault in faults]
    return BadConfigError(
        "\n".join([f"{len(faults)} settings are wrong:", *lines]),
        "Mend each of them; docs/reference/config.md lists every setting.",
    )
