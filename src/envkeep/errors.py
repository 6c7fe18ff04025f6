"""The one root of every error that envkeep raises on purpose.

A message is a fact, then a remedy: what is so, and what the reader can do about it. Each class has a stable ``code`` (for
``--json``) and an exit status (documented in ``docs/reference/exit-codes.md``).
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BadConfigError",
    "BadFormatError",
    "BadRecordError",
    "EngineError",
    "EnvironmentNotFoundError",
    "EnvkeepError",
    "InstallerError",
    "InterruptedByUserError",
    "NotAnEnvironmentError",
    "RefusedError",
    "StoreError",
    "TargetExistsError",
    "UnknownBackupError",
    "UnreadableEnvironmentError",
    "UnsolvableError",
    "UsageError",
]


class EnvkeepError(Exception):
    """Root of the errors a user is shown as ``error: <fact>`` and, on the next line, the remedy.

    Args:
        fact: what is so, naming the file and line or key where there is one; one sentence without a final full stop.
        remedy: what the reader can do; a sentence, or None where there is nothing to do.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, fact: str, remedy: str | None = None) -> None:
        super().__init__(fact)
        self.fact = fact
        self.remedy = remedy

    def __str__(self) -> str:
        return self.fact if self.remedy is None else f"{self.fact}\n{self.remedy}"


class UsageError(EnvkeepError):
    """The command line or the arguments of an API call do not make sense together."""

    code = "usage"
    exit_status = 2


class NotAnEnvironmentError(EnvkeepError):
    """A path that is no conda environment, no venv and no Python installation."""

    code = "not-an-environment"


class UnreadableEnvironmentError(EnvkeepError):
    """An environment is there, but a folder that says what is in it cannot be listed: a record would be of less than it holds."""

    code = "unreadable-environment"


class EnvironmentNotFoundError(EnvkeepError):
    """No environment of that name, neither live nor in the store."""

    code = "environment-not-found"


class UnknownBackupError(EnvkeepError):
    """A selector that names no backup, or more than one."""

    code = "unknown-backup"


class BadFormatError(EnvkeepError):
    """A file that is not what its name or place says it is."""

    code = "bad-format"


class BadRecordError(BadFormatError):
    """A record (record.json.gz) that cannot be read."""

    code = "bad-record"


class BadConfigError(EnvkeepError):
    """A setting with an unknown key, a wrong type or a value that makes no sense."""

    code = "bad-config"


class StoreError(EnvkeepError):
    """The store cannot be read or written: no room, no permission, held by another process."""

    code = "store"


class EngineError(EnvkeepError):
    """What makes conda environments is missing, or failed; quotes the command where one was run."""

    code = "engine"


class UnsolvableError(EngineError):
    """The channels do not hold what was asked for."""

    code = "unsolvable"


class InstallerError(EnvkeepError):
    """Pip or uv is missing, or failed; quotes the command."""

    code = "installer"


class TargetExistsError(EnvkeepError):
    """The prefix to be built exists already."""

    code = "target-exists"


class RefusedError(EnvkeepError):
    """Something that envkeep does not do unasked; the remedy names the option that allows it."""

    code = "refused"


class InterruptedByUserError(EnvkeepError):
    """Ctrl-C."""

    code = "interrupted"
    exit_status = 130
