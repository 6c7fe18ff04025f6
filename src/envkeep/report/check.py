"""What could not be rebuilt: what ``envkeep check`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.report.layout import columns, count
from envkeep.report.record import problems_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.checking.files import FileFinding
    from envkeep.checking.finding import Finding
    from envkeep.model.record import Problem

__all__ = ["check_text"]


def check_text(label: str, findings: Sequence[Finding], files: Sequence[FileFinding], problems: Sequence[Problem]) -> str:
    """Return the findings, worst first, with their remedies; then files that are not as they were installed.

    Args:
        label: what was looked at.
        findings: what could not be rebuilt.
        files: that were altered; empty where they were not looked at.
        problems: of the record.
    """
    parts = []
    for finding in findings:
        parts.append(f"{finding.rank}: {finding.subject}: {finding.fact}")
        parts.append(f"    {finding.remedy}")
    if files:
        parts.append(f"{count(len(files), 'file')} not as installed:")
        parts.append(columns(((found.kind, found.path, found.package or "", found.detail) for found in files), indent="  "))
    if problems:
        parts.append(problems_text(problems))
    told = [count(len(findings), "finding")] if findings else []
    told += [f"{count(len(files), 'file')} not as installed"] if files else []
    parts.append(f"{label}: {', '.join(told) or 'all of it can be rebuilt'}")
    return "\n".join(parts)
