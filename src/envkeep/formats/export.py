"""A record as any of the files that other tools read, by the name that the command line has for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from envkeep.errors import UsageError
from envkeep.formats import environment_yml, explicit, record_json, requirements_txt
from envkeep.formats.environment_yml import Variant
from envkeep.model.record import Problem
from envkeep.model.secrets import looks_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkeep.formats.explicit import HashKind
    from envkeep.formats.lock_pins import Pin
    from envkeep.formats.pip_section import PipChoice
    from envkeep.model.record import Record

__all__ = ["FORMATS", "export", "without_secrets"]

FORMATS = (*get_args(Variant), "explicit", "requirements", "record-json", "conda-lock", "pylock")


def export(
    record: Record,
    format_: str,
    *,
    pip: PipChoice = "pinned",
    hash_kind: HashKind = "md5",
    with_secrets: bool = False,
    pins: Mapping[str, Pin] | None = None,
) -> str:
    """Return a record as text in one of ``FORMATS``.

    Args:
        record: what to write.
        format_: which file.
        pip: how an environment.yml names pip's packages.
        hash_kind: of an explicit list.
        with_secrets: whether variables that look secret are written too.
        pins: what is known of the artefacts of pip's packages, for lock files, and for requirements with hashes.

    Raises:
        UsageError: there is no such format.
        RefusedError: a lock file lacks addresses or hashes.
    """
    if format_ == "explicit":
        return explicit.write(record, hash_kind)
    if format_ == "requirements":
        return requirements_txt.write(record, {name: pin.sha256 for name, pin in (pins or {}).items()}, name_indexes=True)
    if format_ == "conda-lock":
        from envkeep.formats import conda_lock

        return conda_lock.write(record, pins or {}, pip=pip != "none")
    if format_ == "pylock":
        from envkeep.formats import pylock

        return pylock.write(record, pins or {})
    if format_ == "record-json":
        return record_json.dumps(record if with_secrets else without_secrets(record)).decode("ascii")
    for variant in get_args(Variant):
        if format_ == variant:
            return environment_yml.write(record, variant, pip=pip, with_secrets=with_secrets)
    raise UsageError(f"{format_!r} is no format", f"Choose one of {', '.join(FORMATS)}.")


def without_secrets(record: Record) -> Record:
    """Return a record without the variables that look secret, and with a problem that says which they were."""
    secret = [name for name, value in record.variables if looks_secret(name, value)]
    if not secret:
        return record
    problem = Problem(code="variables-left-out", message=f"variables that look secret were left out: {', '.join(secret)}")
    return replace(
        record,
        variables=tuple(pair for pair in record.variables if pair[0] not in secret),
        problems=tuple(sorted((*record.problems, problem))),
    )
