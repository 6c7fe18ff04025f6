"""pip as the one that fetches and builds wheels: which Python's, and how it is run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envkeep.model.record import Record

__all__ = ["Pips"]

# SOURCE_DATE_EPOCH of what is built here: 1980, before which a zip knows no time
_EPOCH = "315532800"


@dataclass(frozen=True)
class Pips:
    """The Pythons with pip that can be had for a record.

    Attributes:
        record: of the environment; its own Python is asked last, and where something has to be built for it, first.
        environ: of which pip's settings are taken.
        offline: whether nothing may get out; an index on disk is used all the same.
    """

    record: Record
    environ: Mapping[str, str]
    offline: bool = False

    @cached_property
    def fetcher(self) -> str | None:
        """The Python whose pip fetches: ours, else any; None where there is none."""
        from envkeep.engines.pip import has_pip

        return next((python for python in self._fetchers() if has_pip(python)), None)

    @cached_property
    def builder(self) -> str | None:
        """The Python whose pip builds what runs in the environment: its own, else one of the same ``x.y``, else any with pip."""
        from envkeep.engines.pip import has_pip

        return next((python for python in self._builders() if has_pip(python)), None) or self.fetcher

    def run(self, python: str, arguments: Sequence[str], folder: Path) -> str | None:
        """Run pip in a folder; return None, or in its own words why it failed.

        Args:
            python: whose pip.
            arguments: the verb and what follows it.
            folder: where it runs, so that nothing of the current folder is taken for a module.
        """
        from envkeep.engines.pip import failure_reason, pip_environment
        from envkeep.engines.run import run
        from envkeep.errors import EngineError

        environ = pip_environment(self.environ, offline=self.offline)
        environ["SOURCE_DATE_EPOCH"] = _EPOCH
        # an environment that is packed is only read
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
        verb, *rest = arguments
        argv = [python, "-B", "-m", "pip", verb, "--no-input", "--disable-pip-version-check", "--no-color"]
        argv += ["--progress-bar", "off", "--retries", "0" if self.offline else "1"]
        try:
            done = run([*argv, *rest], env=environ, cwd=folder)
        except EngineError as error:
            return error.fact
        return None if done.returncode == 0 else failure_reason(done.stderr or done.stdout, done.returncode)

    # one after the other: to look for all Pythons of a machine takes a while
    def _fetchers(self) -> Iterator[str]:
        import sys

        yield sys.executable
        yield from self._others
        yield from self._own

    def _builders(self) -> Iterator[str]:
        yield from self._own
        yield from self._same_minor

    @cached_property
    def _own(self) -> list[str]:
        python = self.record.python
        if python is None or not Path(python.executable).is_file():
            return []
        return [python.executable]

    @cached_property
    def _found(self) -> list[tuple[str, str]]:
        from envkeep.engines.pythons import pythons

        return [(python.version, str(python.path)) for python in pythons(self.environ)]

    @property
    def _others(self) -> list[str]:
        return [path for _, path in self._found]

    @property
    def _same_minor(self) -> list[str]:
        wanted = _minor(self.record.python.version) if self.record.python is not None else None
        return [path for version, path in self._found if _minor(version) == wanted]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
