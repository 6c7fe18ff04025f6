"""A plan as text: what ``envkeep restore`` shows before it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.planning.plan import (
    CloneCheckout,
    InstallPip,
    MakeConda,
    MakeVenv,
    RecordRequested,
    SetVariables,
    Verify,
    WritePinned,
)
from envkeep.report.layout import columns, count, fields, size

if TYPE_CHECKING:
    from envkeep.planning.plan import Cannot, Plan, Step, StepDown

__all__ = ["cannot_text", "plan_text", "steps_down_text"]

# a plan of hundreds of packages is shown in full with --verbose
_SHOWN = 12


def plan_text(plan: Plan, *, verbose: bool = False, placed: bool = True) -> str:
    """Return a plan, readable: where, how near, each step, what it contacts and runs, what it cannot bring back.

    Args:
        plan: to show.
        verbose: every package, however many there are.
        placed: the target is one; otherwise nobody has said yet where the environment will be.
    """
    download = size(plan.download) if plan.download else ""
    if plan.size_unknown:
        download = f"{download or '0 bytes'} and {count(plan.size_unknown, 'artefact')} of unknown size"
    head = fields(
        [
            ("target", plan.target if placed else ""),
            ("platform", plan.subdir),
            ("fidelity", plan.start if plan.start == plan.asked else f"{plan.start} (asked: {plan.asked})"),
            ("channels", f"{', '.join(plan.channels)} (from {plan.channels_from})" if plan.channels and plan.conda_step else ""),
            ("artefacts", f"{download}, less what is cached" if download else ""),
        ]
    )
    parts = [f"plan for {plan.name}:" if placed else "plan for a new environment:", head, "steps:"]
    parts += [f"  {number}. {_step(step, verbose=verbose)}" for number, step in enumerate(plan.steps, 1)]
    if plan.steps_down:
        parts.append(steps_down_text(plan.steps_down, "comes back less near than asked:"))
    if plan.contacts:
        parts.append("contacts:")
        parts.append(columns(((contact.where, contact.why) for contact in plan.contacts), indent="  "))
    if plan.link_scripts:
        verb = "runs" if plan.run_link_scripts else "does not run (--link-scripts)"
        parts.append(f"{verb} the link scripts of: {', '.join(plan.link_scripts)}")
    if plan.cannot:
        parts.append(cannot_text(plan.cannot))
    parts += [f"note: {note}" for note in plan.notes]
    return "\n".join(part for part in parts if part)


def steps_down_text(steps: tuple[StepDown, ...], title: str) -> str:
    """Return what comes or came back less near, and why."""
    rows = ((step.name or "all packages", f"{step.start} -> {step.end}", step.why) for step in steps)
    return f"{title}\n{columns(rows, indent='  ')}"


def cannot_text(items: tuple[Cannot, ...]) -> str:
    """Return what does not come back, why, and what would bring it."""
    lines = ["cannot bring back:"]
    for item in items:
        was = f" (was {item.was})" if item.was else ""
        remedy = f". {item.remedy}" if item.remedy else ""
        lines.append(f"  {item.kind} {item.name}: {item.reason}{was}{remedy}")
    return "\n".join(lines)


def _step(step: Step, *, verbose: bool) -> str:
    if isinstance(step, MakeConda):
        return _make_conda(step, verbose=verbose)
    if isinstance(step, MakeVenv):
        return f"make a venv with Python {step.python}"
    if isinstance(step, CloneCheckout):
        return f"clone {step.url} at {step.commit[:12]} into {step.path}"
    if isinstance(step, InstallPip):
        whose = "its" if len(step.lines) == 1 else "their"
        how = f"with {whose} dependencies" if step.deps else "without looking for dependencies"
        return f"install {count(len(step.lines), 'Python package')} {how}" + _shown(
            [line.text for line in step.lines], verbose=verbose
        )
    if isinstance(step, SetVariables):
        return f"set the environment variables {', '.join(step.names)}"
    if isinstance(step, WritePinned):
        return f"pin {', '.join(step.lines)}"
    if isinstance(step, RecordRequested):
        if len(step.specs) <= _SHOWN:
            return f"write into the history what was asked for: {', '.join(step.specs)}"
        return f"write into the history what was asked for: {len(step.specs)} specs" + _shown(list(step.specs), verbose=verbose)
    if isinstance(step, Verify):
        return "hold the new environment against the backup, package by package"
    raise AssertionError(step)


def _make_conda(step: MakeConda, *, verbose: bool) -> str:
    parts = []
    if step.packages:
        exact = f"{count(len(step.packages), 'conda package')} by URL and hash"
        parts.append(exact + _shown([package.spec for package in step.packages], verbose=verbose))
    if step.specs:
        solved = f"{count(len(step.specs), 'conda spec')} by a solve"
        parts.append(solved + _shown(list(step.specs), verbose=verbose or len(step.specs) <= _SHOWN))
    return "make a conda environment: " + "; ".join(parts)


def _shown(lines: list[str], *, verbose: bool) -> str:
    if not verbose and len(lines) > _SHOWN:
        return ""
    return "".join(f"\n       {line}" for line in lines)
