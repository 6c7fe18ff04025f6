"""The only place that starts processes.

A process is started with an argument list (never a shell), closed standard input and a process group of its own, so that it and
everything it started can be stopped together: on a time-out, on Ctrl-C, on any error of the one who reads its output.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envkeep.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from queue import SimpleQueue
    from subprocess import Popen
    from threading import Thread
    from typing import IO

__all__ = ["Completed", "quote", "run", "stream"]

# what a failure quotes of a long program's output
_TAIL = 60
# seconds that an interrupted program has to tidy up before it is killed
_GRACE = 3.0
# seconds after which it is looked whether a silent program is still there
_TICK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What came of a process.

    Attributes:
        argv: as it was started.
        returncode: negative: killed by that signal (POSIX).
        stdout, stderr: UTF-8, what is not replaced by U+FFFD; of ``stream`` the last lines only.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


def quote(argv: Sequence[str]) -> str:
    """Return a command as one line that a person could paste into this system's shell."""
    if sys.platform == "win32":
        from subprocess import list2cmdline

        return list2cmdline(argv)
    import shlex

    return shlex.join(argv)


def run(
    argv: Sequence[str],
    *,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        argv: the program and its arguments.
        timeout: in seconds; None waits for ever.
        env: the whole environment of the process; None: ours.
        cwd: where to run it; None: here.

    Raises:
        EngineError: it cannot be started.
        TimeoutError: it ran longer than ``timeout``; it and what it started are gone.
    """
    out: list[bytes] = []
    err: list[bytes] = []

    def collect(is_error: bool, line: bytes) -> None:
        (err if is_error else out).append(line)

    returncode = _pump(argv, collect, request=None, timeout=timeout, env=env, cwd=cwd)
    return Completed(argv=tuple(argv), returncode=returncode, stdout=_text(b"".join(out)), stderr=_text(b"".join(err)))


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    on_error_line: Callable[[str], None] | None = None,
    request: str | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> Completed:
    """Run a program and pass on each line as it comes, without its line end, in the calling thread.

    Args:
        argv: the program and its arguments.
        on_line: called with each line of standard output.
        on_error_line: called with each line of standard error; None: ``on_line``.
        request: one line for its standard input, which then stays open: a program that waits there sees its end when we are gone,
            however we ended. None: standard input is closed.
        timeout: in seconds; None waits for ever.
        env: the whole environment of the process; None: ours.
        cwd: where to run it; None: here.

    Returns:
        The last lines only of what it printed.

    Raises:
        EngineError: it cannot be started.
        TimeoutError: it ran longer than ``timeout``; it and what it started are gone.
    """
    out: deque[str] = deque(maxlen=_TAIL)
    err: deque[str] = deque(maxlen=_TAIL)

    def pass_on(is_error: bool, line: bytes) -> None:
        text = _text(line).rstrip("\r\n")
        (err if is_error else out).append(text)
        (on_error_line if is_error and on_error_line is not None else on_line)(text)

    returncode = _pump(argv, pass_on, request=request, timeout=timeout, env=env, cwd=cwd)
    return Completed(argv=tuple(argv), returncode=returncode, stdout="\n".join(out), stderr="\n".join(err))


def _pump(
    argv: Sequence[str],
    take: Callable[[bool, bytes], None],
    *,
    request: str | None,
    timeout: float | None,
    env: Mapping[str, str] | None,
    cwd: str | Path | None,
) -> int:
    """Start a process, hand on its lines (whether of standard error, the line) in this thread, and return its exit status."""
    import time
    from queue import Empty, SimpleQueue
    from threading import Thread

    deadline = None if timeout is None else time.monotonic() + timeout
    process = _start(argv, env=env, cwd=cwd, stdin=request is not None)
    lines: SimpleQueue[tuple[bool, bytes | None]] = SimpleQueue()
    readers = [
        Thread(target=_read, args=(pipe, is_error, lines), daemon=True)
        for pipe, is_error in ((process.stdout, False), (process.stderr, True))
    ]
    left = len(readers)
    silent_since: float | None = None
    try:
        _start_all(readers, argv)
        if request is not None and process.stdin is not None:
            _write(process.stdin, request)
        while left:
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                _kill(process)
                raise TimeoutError(f"`{quote(argv)}` did not end within {timeout:g} s")
            try:
                is_error, line = lines.get(timeout=_TICK if deadline is None else min(_TICK, deadline - now))
            except Empty:
                if process.poll() is None:
                    continue
                # it has ended, and something it started keeps its output open: a daemon is not waited for
                silent_since = silent_since or now
                if now - silent_since > _GRACE:
                    break
                continue
            silent_since = None
            if line is None:
                left -= 1
            else:
                take(is_error, line)
        return process.wait()
    except BaseException:
        _stop(process)
        raise
    finally:
        for reader in readers:
            if reader.ident is not None:
                reader.join(_TICK)
        if not any(reader.is_alive() for reader in readers):
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    _close(pipe)


def _start(argv: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | Path | None, stdin: bool) -> Popen[bytes]:
    import subprocess

    group: dict[str, Any]
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        group = {"start_new_session": True}
    try:
        return subprocess.Popen(  # noqa: S603 - an argument list of our own, no shell
            list(argv),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else dict(env),
            cwd=cwd,
            **group,
        )
    except OSError as error:
        if cwd is not None and not os.path.isdir(cwd):  # noqa: PTH112 - a stat, not worth pathlib's import
            raise EngineError(f"cannot run `{quote(argv)}` in {cwd}: no such folder") from error
        raise EngineError(
            f"cannot run {argv[0]}: {error.strerror or error}", "Check that the program is installed and can be executed."
        ) from error


def _start_all(readers: Sequence[Thread], argv: Sequence[str]) -> None:
    try:
        for reader in readers:
            reader.start()
    except RuntimeError as error:
        # no more threads, or (Python 3.12) the interpreter is on its way out and waits for the thread that we run in
        raise EngineError(f"nobody can read what {argv[0]} prints: {error}") from error


def _read(pipe: IO[bytes], is_error: bool, lines: SimpleQueue[tuple[bool, bytes | None]]) -> None:
    try:
        for line in pipe:
            lines.put((is_error, line))
    except (OSError, ValueError):
        # the pipe was closed under us, which happens only once the process is being stopped
        pass
    finally:
        lines.put((is_error, None))


def _write(pipe: IO[bytes], request: str) -> None:
    try:
        pipe.write(request.encode() + b"\n")
        pipe.flush()
    except (BrokenPipeError, OSError):
        # it ended before it read; its exit status and its last words say why
        pass


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        pass


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _stop(process: Popen[bytes]) -> None:
    """Interrupt a process as Ctrl-C would, so that it can tidy up; then kill what is left of it."""
    import signal
    from subprocess import TimeoutExpired

    if process.poll() is None and sys.platform != "win32":
        try:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(_GRACE)
        except (TimeoutExpired, ProcessLookupError, PermissionError, KeyboardInterrupt):
            pass
    _kill(process)


def _kill(process: Popen[bytes]) -> None:
    import signal
    import subprocess

    if sys.platform == "win32":
        if process.poll() is None:
            # the only way to reach what it started itself
            subprocess.run(  # noqa: S603
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],  # noqa: S607
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    process.kill()
    process.wait()
