"""A live environment held against what was recorded: it is captured, its Python is started, and nothing in it is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.errors import EngineError
from envkeep.model.record import Record
from envkeep.verifying.dependencies import newly_broken
from envkeep.verifying.verify import verify

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from envkeep.checking.files import FileFinding
    from envkeep.engines.base import Progress
    from envkeep.model.specification import Specification
    from envkeep.verifying.outcome import Verification

__all__ = ["verify_prefix"]

# seconds; a cold start from a network file system takes long, and this is asked once
_PATIENCE = 60.0


def verify_prefix(
    expected: Record | Specification,
    prefix: Path,
    *,
    files: bool = False,
    imports: bool = False,
    reasons: Mapping[str, str] | None = None,
    scripts_skipped: Collection[str] = (),
    progress: Progress | None = None,
) -> Verification:
    """Capture an environment and return what it is, held against a record or against what a file asks for.

    Args:
        expected: what it should be.
        prefix: of the environment.
        files: hold each file against conda's hashes and pip's RECORD.
        imports: import every Python package once, each in a process of its own. Importing can do anything: open hardware, too.
        reasons: by normalised name, why something could not be brought back.
        scripts_skipped: conda packages whose link scripts did not run.
        progress: told how far long work is.

    Raises:
        NotAnEnvironmentError: there is no environment at the prefix.
    """
    from envkeep.capturing.capture import capture

    actual = capture(prefix, ask_git=False)
    faults = list(_python_faults(actual))
    if isinstance(expected, Record):
        faults.extend(
            f"{item.distribution} needs {item.requirement}, and {item.found or 'none'} is there; it was not so in the original"
            for item in newly_broken(expected, actual)
        )
    if files:
        from envkeep.checking.files import altered_files

        faults.extend(
            f"{finding.path}{f' of {finding.package}' if finding.package else ''} is {finding.kind}"
            for finding in altered_files(prefix, progress)
            # what no package owns is nobody's claim: a script of one's own, a cache
            if finding.kind != "added" and not _was_so(finding, expected, actual)
        )
    if imports:
        from envkeep.verifying.imports import import_faults

        faults.extend(import_faults(actual, progress))
    return verify(expected, actual, reasons=reasons, scripts_skipped=scripts_skipped, faults=tuple(faults))


def _was_so(finding: FileFinding, expected: Record | Specification, actual: Record) -> bool:
    """Whether a file of conda's is as it was where the record was taken: replaced by pip's, or gone with it."""
    if not isinstance(expected, Record) or finding.manager != "conda":
        return False
    before = next((package.altered for package in expected.conda if package.name == finding.package), None)
    now = next((package.altered for package in actual.conda if package.name == finding.package), None)
    # the detail says whose content it is instead; of nobody's, it is damage
    return before is not None and before == now and (finding.kind == "missing" or bool(finding.detail))


def _python_faults(actual: Record) -> tuple[str, ...]:
    """What Python says of itself when it is started, isolated and without site-packages: no code but its own runs."""
    if actual.python is None or actual.python.source == "interpreter":
        # there is none, or it was started for the capture and said what it is
        return ()
    from envkeep.engines.run import run

    argv = [actual.python.executable, "-I", "-S", "-B", "-c", "import sys; print(sys.version.split()[0].rstrip('+'))"]
    try:
        done = run(argv, timeout=_PATIENCE)
    except (EngineError, TimeoutError) as error:
        return (f"its Python does not start: {error}",)
    if done.returncode:
        return (f"its Python does not start: {(done.stderr or done.stdout).strip()[-300:]}",)
    said = done.stdout.strip()
    if said != actual.python.version:
        return (f"its Python says that it is {said}, and {actual.python.version} is what is installed",)
    return ()
