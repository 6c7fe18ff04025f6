"""What pip and uv have in common as installers: lines in a file of our own, and a failure narrowed down to its lines."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.base import PipReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envkeep.engines.base import PipRequest, Progress

__all__ = ["OFFLINE", "child_environment", "in_halves", "install_by_halves", "plain_lines", "requirements_file"]

# a proxy that nobody listens at, and git kept to local repositories: with the network off, nothing gets out by a URL in a line
OFFLINE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "",
    "no_proxy": "",
    "GIT_ALLOW_PROTOCOL": "file",
}
# both expand ${NAME} wherever it stands in a requirements file, and join a line that ends in a backslash with the next
_OBEYED = re.compile(r"\$\{|[\x00-\x08\x0a-\x1f\x7f]|\\\Z|\A\s*-(?!e )")

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def install_by_halves(request: PipRequest, progress: Progress, attempt: Callable[[tuple[str, ...]], str | None]) -> PipReport:
    """Install the lines of a request all at once; where that fails by halves, down to the lines that fail alone.

    Lines with hashes and lines without go apart, since one hash makes both installers ask for one on every line.

    Args:
        request: the lines.
        progress: told how many lines are done with.
        attempt: installs some lines, and returns None or why that failed.
    """
    refused = {
        line: "it holds what an installer would obey instead of install" for line in request.requirements if _OBEYED.search(line)
    }
    left = [line for line in dict.fromkeys(request.requirements) if line not in refused]
    hashed = [line for line in left if "--hash=" in line]
    plain = [line for line in left if "--hash=" not in line]
    progress.start("installing Python packages", len(request.requirements))
    progress.advance(len(refused))
    try:
        failed = refused | in_halves(plain, attempt, progress.advance) | in_halves(hashed, attempt, progress.advance)
    finally:
        progress.finish()
    return PipReport(
        installed=tuple(line for line in request.requirements if line not in failed),
        failed=tuple((line, failed[line]) for line in dict.fromkeys(request.requirements) if line in failed),
    )


def in_halves(
    lines: Sequence[str], attempt: Callable[[tuple[str, ...]], str | None], done: Callable[[int], None] = lambda _: None
) -> dict[str, str]:
    """Try all lines at once; where that fails by halves. Return the lines that fail alone, and why.

    Args:
        lines: each once.
        attempt: does some of them, and returns None or why that failed.
        done: told of how many more it is known what came of them.
    """
    failed: dict[str, str] = {}
    pending = [tuple(lines)] if lines else []
    while pending:
        batch = pending.pop(0)
        reason = attempt(batch)
        if reason is not None and len(batch) > 1:
            middle = len(batch) // 2
            pending[:0] = [batch[:middle], batch[middle:]]
            continue
        if reason is not None:
            failed[batch[0]] = reason
        done(len(batch))
    return failed


def plain_lines(text: str) -> list[str]:
    """Return the lines that an installer printed, without colours and the blanks around them."""
    return [_ANSI.sub("", line).strip() for line in text.splitlines()]


@contextmanager
def requirements_file(lines: tuple[str, ...]) -> Iterator[Path]:
    """Write lines to a file in a new folder that nobody else can read, and remove both afterwards."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="envkeep-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield path


def child_environment(environ: Mapping[str, str], prefix: str, kept: frozenset[str], *, offline: bool) -> dict[str, str]:
    """Return the environment of an installer's process: of its own variables only those that say where packages come from.

    Settings that would put them elsewhere, leave some out or add to them (PIP_TARGET, PIP_USER, PIP_CONSTRAINT, UV_OVERRIDE, ...)
    are dropped, and PYTHONPATH and the user's own site-packages are out of sight, so that nothing there counts as installed.

    Args:
        environ: ours.
        prefix: of the installer's variables (``PIP_``, ``UV_``).
        kept: names of them that stay.
        offline: whether nothing may get out.
    """
    child = {
        name: value
        for name, value in environ.items()
        if (not name.startswith(prefix) or name in kept)
        and name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")
    }
    # no question is ever answered here
    child.update(PYTHONNOUSERSITE="1", GIT_TERMINAL_PROMPT="0")
    if offline:
        child.update(OFFLINE)
    return child
