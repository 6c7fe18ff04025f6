"""Whether an environment may be replaced in place: what speaks against it, and the word that allows it all the same."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envkeep.errors import NotAnEnvironmentError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from envkeep.engines.base import Engine

__all__ = ["Allowance", "refuse_if_used", "refuse_unless_replaceable", "refuse_where_we_run", "runs_from"]

# what `--allow` names
Allowance = Literal["running", "frozen", "base", "externally-managed", "nested", "no-backup"]

_SHOWN = 6


def refuse_unless_replaceable(prefix: Path, environ: Mapping[str, str], allowed: Collection[str]) -> None:
    """Refuse where an environment should not be replaced, or cannot.

    Args:
        prefix: of the environment.
        environ: in which roots of conda and mamba are named.
        allowed: what does not count (``Allowance``).

    Raises:
        RefusedError: with every reason and its override.
        NotAnEnvironmentError: there is no environment, or it is a whole Python installation.
    """
    from envkeep.capturing.layout import environment_kind

    if prefix.is_symlink():
        raise RefusedError(f"{prefix} is a link to {prefix.resolve()}", f"Name the environment itself: -p {prefix.resolve()}")
    if environment_kind(prefix) == "interpreter":
        raise NotAnEnvironmentError(
            f"{prefix} is a Python installation, not an environment", "Only conda environments and venvs can be replaced."
        )
    found = [(word, reason) for word, reason in _reasons(prefix, environ) if word not in allowed]
    if found:
        raise RefusedError(
            f"{prefix} is not replaced: " + "; ".join(reason for _, reason in found),
            f"If you know better: {' '.join(f'--allow {word}' for word, _ in found)}. Otherwise build a new one beside it with "
            "envkeep restore.",
        )


def refuse_if_used(prefix: Path, allowed: Collection[str]) -> None:
    """Refuse where processes run from an environment: they would go on with half of the old and half of the new.

    Raises:
        RefusedError: with their names and numbers.
    """
    reason = None if "running" in allowed else _running(prefix)
    if reason is not None:
        raise RefusedError(f"{prefix} is not replaced: {reason}", "End them first, or say --allow running.")


def refuse_where_we_run(prefix: Path, engine: Engine | None, command: str) -> None:
    """Refuse where envkeep, or the engine that is to build the new environment, lies in the one that is to be moved aside.

    Args:
        prefix: of the environment.
        engine: that would be used.
        command: what to run from outside, after the name of the program.

    Raises:
        RefusedError: with the command to run from outside.
    """
    if runs_from(prefix):
        outside = "py -m venv %TEMP%\\envkeep" if os.name == "nt" else "python3 -m venv ~/.envkeep-outside"
        program = "%TEMP%\\envkeep\\Scripts\\" if os.name == "nt" else "~/.envkeep-outside/bin/"
        raise RefusedError(
            f"envkeep runs from {prefix} itself, which is to be moved aside",
            "Run it from outside, with a Python that is not this environment's:\n"
            f'{outside} && {program}python -m pip install "envkeep[engine]"\n{program}{command}',
        )
    if engine is not None and _is_in(engine.info().path, prefix):
        raise RefusedError(
            f"{engine.name}, which is to build the new environment, lies in the old one, which is to be moved aside",
            'Use another: --engine NAME, or the embedded one (pip install "envkeep[engine]").',
        )


def runs_from(prefix: Path) -> bool:
    """Return whether our own process runs from an environment, be it by a venv that was made of its Python."""
    return any(_is_in(path, prefix) for path in (sys.prefix, sys.base_prefix, sys.executable, __file__))


def _reasons(prefix: Path, environ: Mapping[str, str]) -> Iterator[tuple[Allowance, str]]:
    from envkeep.capturing.naming import is_root_prefix

    if is_root_prefix(prefix, environ):
        yield "base", "it is a root prefix (base), from which conda or mamba itself runs"
    frozen = _frozen(prefix)
    if frozen is not None:
        yield "frozen", f"it is frozen (CEP 22, {prefix / 'conda-meta' / 'frozen'}){frozen}"
    for marker in (*prefix.glob("lib/python3*/EXTERNALLY-MANAGED"), *prefix.glob("Lib/EXTERNALLY-MANAGED")):
        yield "externally-managed", f"it is managed by something else (PEP 668, {marker})"
        break
    inner = _nested(prefix)
    if inner:
        shown = ", ".join(map(str, inner[:_SHOWN])) + (f" and {len(inner) - _SHOWN} more" if len(inner) > _SHOWN else "")
        yield "nested", f"other environments lie in it, would move aside with it and run from there no more: {shown}"
    running = _running(prefix)
    if running is not None:
        yield "running", running


def _running(prefix: Path) -> str | None:
    from envkeep.engines.processes import processes_in

    found = processes_in(prefix)
    if not found:
        return None
    shown = ", ".join(f"{each.name} ({each.pid})" for each in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"processes run from it: {shown}{more}"


def _frozen(prefix: Path) -> str | None:
    try:
        text = (prefix / "conda-meta" / "frozen").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    try:
        message = json.loads(text).get("message")
    except (ValueError, AttributeError):
        # CEP 22: an empty file is enough
        message = None
    return f": {' '.join(message.split())}" if isinstance(message, str) and message.strip() else ""


def _nested(prefix: Path) -> list[Path]:
    from envkeep.capturing.layout import kind_of

    places = [*prefix.glob("envs/*"), *prefix.glob("*")]
    return sorted(each for each in places if each.is_dir() and not each.is_symlink() and kind_of(each) in {"conda", "venv"})


def _is_in(path: str, prefix: Path) -> bool:
    places = {prefix.absolute(), prefix.resolve()}
    found = {Path(path).absolute(), Path(path).resolve()}
    return any(place in (each, *each.parents) for each in found for place in places)
