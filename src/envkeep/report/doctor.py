"""What is there to work with and whether the store is sound: what ``envkeep doctor`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen
from envkeep.report.layout import columns, count

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.engines.base import EngineInfo
    from envkeep.engines.pythons import FoundPython
    from envkeep.restoring.aside import Found
    from envkeep.store.integrity import Finding

__all__ = ["Health", "WrongSettings", "doctor_text"]


@frozen
class WrongSettings:
    """What is wrong with the settings, all of it, and what to do."""

    fact: str
    remedy: str | None


@frozen
class Health:
    """What was found.

    Attributes:
        engines: in the order in which they would be used.
        uv: its path, where it is on PATH.
        pythons: that a venv can be rebuilt with.
        findings: what is wrong with the store.
        settings: what is wrong with them, so that the defaults were taken; None where nothing is.
        rebuilds: what restores and rollbacks that were killed, or that wait to be discarded, left behind.
    """

    version: str
    store: Path
    engines: tuple[EngineInfo, ...]
    uv: str | None
    pythons: tuple[FoundPython, ...]
    findings: tuple[Finding, ...]
    rebuilds: tuple[Found, ...] = ()
    settings: WrongSettings | None = None


def doctor_text(health: Health) -> str:
    """Return what is there, then what is wrong, each with what can still be read and what to do."""
    parts = [f"envkeep {health.version}", "engines, the first one is used:"]
    engines = [(engine.name, engine.version or "version not said", engine.path) for engine in health.engines]
    parts.append(columns(engines, indent="  ") or '  none: pip install "envkeep[engine]" brings the embedded one')
    parts.append(f"uv: {health.uv or 'not on PATH; pip is used'}")
    parts.append("Pythons for venvs:")
    parts.append(columns(((each.version, str(each.path)) for each in health.pythons), indent="  ") or "  none")
    if health.settings is not None:
        parts.append("settings: wrong, the defaults are taken here")
        parts += [f"  {line}" for line in f"{health.settings.fact}\n{health.settings.remedy or ''}".rstrip().splitlines()]
    parts.append(f"store: {health.store}")
    if not health.findings:
        parts.append("  sound")
    for finding in health.findings:
        left = f"; can still be read: {', '.join(finding.readable)}" if finding.readable else ""
        where = "" if str(finding.path) in finding.fact else f"{finding.path}: "
        parts.append(f"  {finding.code}: {where}{finding.fact}{left}")
        if finding.remedy:
            parts.append(f"    {finding.remedy}")
    if health.findings:
        parts.append(f"  {count(len(health.findings), 'finding')}")
    if health.rebuilds:
        parts.append("rebuilds:")
    for found in health.rebuilds:
        parts.append(f"  {found.fact}")
        if found.remedy:
            parts.append(f"    {found.remedy}")
    return "\n".join(parts)
