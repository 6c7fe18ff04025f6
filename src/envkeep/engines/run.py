"""The only place that starts processes.

A process is started with an argument list (never a shell), closed standard input (but for ``engines.dialogue``) and a process
group of its own, so that it and everything it started can be stopped together: on a time-out, on Ctrl-C, on any error of the one
who reads its output.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from envkeep.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from queue import SimpleQueue
    from subprocess import Popen
    from threading import Thread
    from typing import IO

__all__ = ["GRACE", "TAIL", "Child", "Completed", "close_pipe", "kill", "quote", "run", "stop", "stream", "text_of"]

TAIL = 60
"""Lines of a long program's output that a failure quotes."""
GRACE = 3.0
"""Seconds that an interrupted program has to tidy up before it is killed."""
# bytes that are read at once
_CHUNK = 1 << 16
# seconds after which it is looked whether a silent program is still there
_TICK = 0.5


class Completed(NamedTuple):
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

    returncode = _pump(argv, collect, timeout=timeout, env=env, cwd=cwd)
    return Completed(argv=tuple(argv), returncode=returncode, stdout=text_of(b"".join(out)), stderr=text_of(b"".join(err)))


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    on_error_line: Callable[[str], None] | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> Completed:
    """Run a program and pass on each line as it comes, without its line end, in the calling thread.

    Args:
        argv: the program and its arguments.
        on_line: called with each line of standard output.
        on_error_line: called with each line of standard error; None: ``on_line``.
        timeout: in seconds; None waits for ever.
        env: the whole environment of the process; None: ours.
        cwd: where to run it; None: here.

    Returns:
        The last lines only of what it printed.

    Raises:
        EngineError: it cannot be started.
        TimeoutError: it ran longer than ``timeout``; it and what it started are gone.
    """
    out: deque[str] = deque(maxlen=TAIL)
    err: deque[str] = deque(maxlen=TAIL)

    def pass_on(is_error: bool, line: bytes) -> None:
        text = text_of(line).rstrip("\r\n")
        (err if is_error else out).append(text)
        (on_error_line if is_error and on_error_line is not None else on_line)(text)

    returncode = _pump(argv, pass_on, timeout=timeout, env=env, cwd=cwd)
    return Completed(argv=tuple(argv), returncode=returncode, stdout="\n".join(out), stderr="\n".join(err))


class Child:
    """A process that was started, and its lines, which a thread reads from each of its two ends.

    It belongs to the process that started it: a fork of that closes its own ends of the pipes and does no more. The pipes have no
    buffer and so no lock, which would be held for ever in a fork, where the threads that hold it are gone.

    Args:
        argv: the program and its arguments.
        env: the whole environment of the process; None: ours.
        cwd: where to run it; None: here.
        stdin: whether its standard input is a pipe; else it is closed.

    Attributes:
        is_idle: whether nobody awaits anything of it: if it ends then, it is cleared away at once.

    Raises:
        EngineError: it cannot be started.
    """

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | Path | None, stdin: bool = False
    ) -> None:
        from queue import SimpleQueue
        from threading import Lock, Thread

        self.argv = tuple(argv)
        self.is_idle = False
        self._owner = os.getpid()
        self.process = _start(argv, env=env, cwd=cwd, stdin=stdin)
        self._lines: SimpleQueue[tuple[bool, bytes | None]] = SimpleQueue()
        self._readers = [
            Thread(target=self._read, args=(pipe, is_error), daemon=True)
            for pipe, is_error in ((self.process.stdout, False), (self.process.stderr, True))
        ]
        self._left = self._reading = len(self._readers)
        self._counting = Lock()
        try:
            _start_all(self._readers, argv)
        except BaseException:
            stop(self.process)
            self.close()
            raise

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that started it, and no fork of that."""
        return os.getpid() == self._owner

    def send(self, line: str) -> None:
        """Write a line to its standard input."""
        if self.process.stdin is not None:
            _write(self.process.stdin, line)

    def lines(self, timeout: float | None = None) -> Iterator[tuple[bool, bytes]]:
        """Yield whether it is of standard error, and the line, until there are no more; TimeoutError when it takes longer."""
        import time
        from queue import Empty

        deadline = None if timeout is None else time.monotonic() + timeout
        silent_since: float | None = None
        while self._left:
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                kill(self.process)
                raise TimeoutError(f"`{quote(self.argv)}` did not end within {timeout:g} s")
            try:
                is_error, line = self._lines.get(timeout=_TICK if deadline is None else min(_TICK, deadline - now))
            except Empty:
                if self.process.poll() is None:
                    continue
                # it has ended, and something it started keeps its output open: a daemon is not waited for
                silent_since = silent_since or now
                if now - silent_since > GRACE:
                    return
                continue
            silent_since = None
            if line is None:
                self._left -= 1
            else:
                yield is_error, line

    def await_end_of_output(self, timeout: float) -> None:
        """Wait so many seconds at most until it says no more, or has ended: a daemon that it started may go on saying."""
        import time

        deadline = time.monotonic() + timeout
        for reader in self._readers:
            while reader.is_alive() and self.process.poll() is None and time.monotonic() < deadline:
                reader.join(_TICK)

    def close(self) -> None:
        """Close its pipes, once nobody reads them any more."""
        for reader in self._readers if self.is_ours else ():
            if reader.ident is not None:
                reader.join(_TICK)
        if not self.is_ours or not any(reader.is_alive() for reader in self._readers):
            self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                close_pipe(pipe)

    def _read(self, pipe: IO[bytes], is_error: bool) -> None:
        begun: list[bytes] = []
        try:
            while chunk := pipe.read(_CHUNK):
                *whole, rest = chunk.split(b"\n")
                for line in whole:
                    self._lines.put((is_error, b"".join([*begun, line, b"\n"])))
                    begun.clear()
                begun.append(rest)
        except (OSError, ValueError):
            # the pipe was closed under us, which happens only once the process is being stopped
            pass
        finally:
            if any(begun):
                self._lines.put((is_error, b"".join(begun)))
            self._lines.put((is_error, None))
            with self._counting:
                self._reading -= 1
                is_last = self._reading == 0
            if is_last and self.is_idle:
                self._clear_away()

    def _clear_away(self) -> None:
        from subprocess import TimeoutExpired

        with suppress(TimeoutExpired):
            self.process.wait(GRACE)
            self._close_pipes()


def _pump(
    argv: Sequence[str],
    take: Callable[[bool, bytes], None],
    *,
    timeout: float | None,
    env: Mapping[str, str] | None,
    cwd: str | Path | None,
) -> int:
    """Start a process, hand on its lines (whether of standard error, the line) in this thread, and return its exit status."""
    child = Child(argv, env=env, cwd=cwd)
    try:
        for is_error, line in child.lines(timeout):
            take(is_error, line)
        return child.process.wait()
    except BaseException:
        stop(child.process)
        raise
    finally:
        child.close()


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
            bufsize=0,
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


def _write(pipe: IO[bytes], request: str) -> None:
    left = memoryview(request.encode() + b"\n")
    # ValueError: it is closed
    with suppress(OSError, ValueError):
        # what ended before it read says by its exit status and its last words why
        while left:
            left = left[pipe.write(left) :]


def close_pipe(pipe: IO[bytes]) -> None:
    """Close a pipe, whether or not anybody is at its other end."""
    with suppress(OSError):
        pipe.close()


def text_of(data: bytes) -> str:
    """Return what a program printed as text; what is no UTF-8 replaced by U+FFFD."""
    return data.decode("utf-8", "replace")


def stop(process: Popen[bytes]) -> None:
    """Interrupt a process as Ctrl-C would, so that it can tidy up; then kill what is left of it."""
    import signal
    from subprocess import TimeoutExpired

    if process.poll() is None and sys.platform != "win32":
        try:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(GRACE)
        except (TimeoutExpired, ProcessLookupError, PermissionError, KeyboardInterrupt):
            pass
    kill(process)


def kill(process: Popen[bytes], *, wait: bool = True) -> None:
    """Kill a process and what it started."""
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
    if wait:
        process.wait()
