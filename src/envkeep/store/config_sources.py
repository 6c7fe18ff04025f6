"""Where settings are read from: TOML files with their line numbers, PyMoDAQ's own among them, and ENVKEEP_* variables.

Each source gives ``Given`` values and ``Fault``s; none raises for what is in it, so that all faults can be told at once.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple

from envkeep.store.config_settings import SETTINGS, Setting, Value, Wrong, environment_variable, meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Fault", "Given", "from_environ", "from_file", "from_overrides", "pymodaq_files"]

_LIMIT = 1_000_000
_HEADER = re.compile(r"\s*\[\[?\s*(?P<path>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(r"""\s*(?P<path>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
# PyMoDAQ's settings hold much more than ours; of its table these are
_PYMODAQ_KEYS = ("backup.keep_backup", "backup.folder", "backup.limit")


class Given(NamedTuple):
    """A value that a source gives a setting, and where it stands (``file:line``, a variable, a flag)."""

    name: str
    value: Value
    origin: str


class Fault(NamedTuple):
    """What is wrong in a source: where, what, and what to do."""

    where: str
    fact: str
    remedy: str


def from_file(path: Path, *, foreign: bool = False) -> Iterator[Given | Fault]:
    """Yield what a TOML file says; nothing if it is not there.

    Args:
        path: of the file.
        foreign: it is PyMoDAQ's: of its table ``backup`` our three keys count, and nothing else in it is a fault.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # a pipe would be waited for
            yield Fault(where=str(path), fact="cannot be read: it is no file", remedy="Make it a readable file.")
            return
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield Fault(where=str(path), fact=f"cannot be read: {error.strerror or error}", remedy="Make it a readable file.")
        return
    document = _document(path, data)
    if isinstance(document, Fault):
        yield document
        return
    tables, lines = document
    yield from _foreign(path, tables, lines) if foreign else _own(path, tables, lines)


def from_environ(environ: Mapping[str, str]) -> Iterator[Given | Fault]:
    """Yield what ENVKEEP_* variables say; an empty one counts as not set."""
    known = {environment_variable(setting): setting for setting in SETTINGS}
    prefixes = tuple(sorted({f"ENVKEEP_{setting.table}_".upper() for setting in SETTINGS}))
    for variable in sorted(environ):
        text = environ[variable]
        if not text.strip():
            continue
        if variable in known:
            yield from _checked(known[variable], text, variable, known[variable].parse)
        elif variable.startswith(prefixes):
            yield Fault(where=variable, fact="is no setting", remedy=f"Unset it{meant(variable, known)}")


def from_overrides(overrides: Mapping[str, object]) -> Iterator[Given | Fault]:
    """Yield what the command line says, by names of settings; values are TOML's (a tuple counts as a list), None says nothing."""
    for setting in SETTINGS:
        value = overrides.get(setting.name)
        if value is not None:
            plain = list(value) if isinstance(value, tuple) else value
            yield from _checked(setting, plain, setting.flag or f"--{setting.key.replace('_', '-')}")
    unknown = sorted(overrides.keys() - {setting.name for setting in SETTINGS})
    if unknown:
        raise KeyError(unknown[0])


def pymodaq_files(home: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return PyMoDAQ's settings files if the home is PyMoDAQ's, the machine's first and the user's, which wins, after it.

    The places are those of ``pymodaq_utils.config``: ``.pymodaq/config/utils.toml`` in the user's home and, for all users, under
    ``/etc``, ``/Library/Application Support`` or PROGRAMDATA.
    """
    from pathlib import Path

    mine = home / "config" / "utils.toml"
    # pathlib raises where a home may not be looked into
    if home.name != ".pymodaq" and not os.path.isfile(mine):  # noqa: PTH113
        return ()
    if sys.platform == "win32":
        base = environ.get("PROGRAMDATA", "C:\\ProgramData")
    else:
        base = "/Library/Application Support" if sys.platform == "darwin" else "/etc"
    return (Path(base) / ".pymodaq" / "config" / "utils.toml", mine)


def _document(path: Path, data: bytes) -> tuple[dict[str, object], dict[tuple[str, ...], int]] | Fault:
    if len(data) > _LIMIT:
        return Fault(where=str(path), fact="is larger than any settings file", remedy="Move it away; `envkeep config --init`.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Fault(where=str(path), fact="is UTF-16, and TOML is UTF-8", remedy="Save it as UTF-8.")
    try:
        # Notepad's mark at the beginning is no part of TOML
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Fault(where=f"{path}:{line}", fact="is not UTF-8", remedy="Save it as UTF-8.")
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text.replace("\r\n", "\n")), _lines(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"(.*) \(at line (\d+), column \d+\)", str(error))
        where, fact = (f"{path}:{found[2]}", found[1]) if found else (str(path), str(error))
        return Fault(where=where, fact=f"is no TOML: {fact}", remedy="Mend the line; texts stand in quotes, lists in brackets.")


def _own(path: Path, tables: dict[str, object], lines: dict[tuple[str, ...], int]) -> Iterator[Given | Fault]:
    names = sorted({setting.table for setting in SETTINGS})
    for table, content in tables.items():
        where = _where(path, lines, table)
        if table not in names:
            remedy = "Remove it" + meant(table, names, f"; there are {', '.join(names)}")
            yield Fault(where=where, fact=f"{_thing(content)} {table!r} is unknown", remedy=remedy)
        elif not isinstance(content, dict):
            yield Fault(where=where, fact=f"{table!r} is a table", remedy=f"Write [{table}] on a line of its own.")
        else:
            yield from _table(path, table, content, lines)


def _table(path: Path, table: str, content: dict[str, object], lines: dict[tuple[str, ...], int]) -> Iterator[Given | Fault]:
    settings = {setting.key: setting for setting in SETTINGS if setting.table == table}
    for key, value in content.items():
        where = _where(path, lines, table, key)
        if key in settings:
            yield from _checked(settings[key], value, where)
        else:
            remedy = "Remove it" + meant(key, settings, f"; [{table}] has {', '.join(settings)}")
            yield Fault(where=where, fact=f"key {key!r} of [{table}] is unknown", remedy=remedy)


def _foreign(path: Path, tables: dict[str, object], lines: dict[tuple[str, ...], int]) -> Iterator[Given | Fault]:
    backup = tables.get("backup")
    for setting in SETTINGS:
        if setting.name in _PYMODAQ_KEYS and isinstance(backup, dict) and setting.key in backup:
            yield from _checked(setting, backup[setting.key], _where(path, lines, "backup", setting.key))


def _checked(
    setting: Setting, value: object, where: str, parse: Callable[[str], object] | None = None
) -> Iterator[Given | Fault]:
    try:
        plain = parse(value) if parse is not None and isinstance(value, str) else value
        yield Given(name=setting.name, value=setting.check(plain), origin=where)
    except Wrong as wrong:
        yield Fault(where=where, fact=f"{setting.name} {wrong.fact}", remedy=wrong.remedy)


def _thing(content: object) -> str:
    return "table" if isinstance(content, dict) else "key"


def _where(path: Path, lines: dict[tuple[str, ...], int], *keys: str) -> str:
    # an inline table has the line of its own name
    for length in range(len(keys), 0, -1):
        line = lines.get(keys[:length])
        if line is not None:
            return f"{path}:{line}"
    return str(path)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each table and key; TOML's reader does not say it."""
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _parts(header["path"])
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            path = (*table, *_parts(key["path"]))
            for length in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:length], number)
    return found


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(path))
