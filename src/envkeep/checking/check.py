"""``check``: what in an environment could not be rebuilt, the worst first, each with the remedy while there is time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.checking.conda_part import conda_findings
from envkeep.checking.finding import Finding, ranked
from envkeep.checking.mixing import mixing_findings
from envkeep.checking.pip_part import pip_findings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envkeep.engines.base import Engine, Progress
    from envkeep.errors import EngineError
    from envkeep.model.record import Record

__all__ = ["check"]


def check(
    record: Record,
    *,
    prefix: Path | None = None,
    online: bool = False,
    engine: Engine | EngineError | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """Return what of an environment could not be rebuilt from its record; empty where all could.

    Nothing is written, no checkout is touched. Folders and files that the record names are looked at as they are on this machine
    now; so are checkouts, unless the record is an old one that says in what state they were.

    Args:
        record: of the environment.
        prefix: of the live environment that was captured a moment ago, for what only the times of its files tell; None for a
            record from elsewhere.
        online: ask channels and indexes whether they still have each artefact and version.
        engine: asks the channels; the error where there is none to ask them, which is a finding then; None leaves them out.
        environ: variables that say where packages are looked for, and NETRC; None: the process's.
        progress: told how far the online part is.
    """
    findings = [*pip_findings(record, live=prefix is not None), *conda_findings(record)]
    if prefix is not None:
        findings.extend(mixing_findings(record, prefix))
    if online:
        from envkeep.checking.online import online_findings

        findings.extend(online_findings(record, prefix, engine, os.environ if environ is None else environ, progress))
    return ranked(findings)
