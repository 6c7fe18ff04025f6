"""A program that is asked one thing after another: it is started by ``engines.run``, as every process is."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from envkeep.engines.run import GRACE, TAIL, Child, Completed, close_pipe, kill, stop, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Dialogue"]


class Dialogue:
    """A program that answers requests of one line each, until this is closed or forgotten, or we are gone.

    Its standard input stays open meanwhile: a program that waits there sees its end, however we, and forks of ours, ended. To a
    fork it is not open.

    Args:
        argv: the program and its arguments.
        env: the whole environment of the process; None: ours.
        cwd: where to run it; None: here.

    Raises:
        EngineError: it cannot be started.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | Path | None = None) -> None:
        import weakref

        self._child = Child(argv, env=env, cwd=cwd, stdin=True)
        self._errors: deque[str] = deque(maxlen=TAIL)
        self._close = weakref.finalize(self, _end, self._child)

    @property
    def is_open(self) -> bool:
        """Whether it can be asked: not closed, and the program has not ended by itself."""
        return self._child.is_ours and self._close.alive and self._child.process.poll() is None

    def rest(self, request: str) -> None:
        """Send a line that has no answer, before a time in which nothing is asked; a program that ends then is cleared away."""
        self._child.is_idle = True
        self._child.send(request)

    def resume(self, request: str) -> None:
        """Send a line that has no answer, after such a time."""
        self._child.is_idle = False
        self._child.send(request)

    def ask(self, request: str, take: Callable[[str], bool]) -> Completed | None:
        """Send a line, and pass on each line that comes back, without its line end, until ``take`` says that it was the last.

        Whatever is raised meanwhile, Ctrl-C included, ends the program.

        Returns:
            None; of a program that ended before its last line, what came of it.
        """
        try:
            self._child.send(request)
            for is_error, line in self._child.lines():
                text = text_of(line).rstrip("\r\n")
                if is_error:
                    self._errors.append(text)
                elif take(text):
                    return None
            returncode = self._child.process.wait()
        except BaseException:
            stop(self._child.process)
            self.close()
            raise
        self.close()
        return Completed(argv=self._child.argv, returncode=returncode, stdout="", stderr="\n".join(self._errors))

    def close(self, *, at_once: bool = False) -> None:
        """End the program and wait until it is gone; safe to call twice.

        Args:
            at_once: kill it, whatever it is doing; else it is told by the end of its standard input, and killed if it goes on.
        """
        if at_once and self.is_open:
            kill(self._child.process)
        self._close()

    def abandon(self) -> None:
        """Kill the program and wait for nothing: for the end of our own process, when the system clears up what is left."""
        process = self._child.process
        if self._child.is_ours and self._close.detach() is not None and process.poll() is None:
            kill(process, wait=False)
            # else Python would warn of it at its end
            process.returncode = -9
            if process.stdin is not None:
                close_pipe(process.stdin)


def _end(child: Child) -> None:
    """Tell a process by the end of its standard input that nobody asks it any more, and kill what goes on."""
    from subprocess import TimeoutExpired

    if not child.is_ours:
        child.close()
        return
    if child.process.stdin is not None:
        close_pipe(child.process.stdin)
    # to wait with a limit is to look every few milliseconds; the end of its output is seen at once
    child.await_end_of_output(GRACE)
    try:
        child.process.wait(GRACE)
    except TimeoutExpired:
        kill(child.process)
    child.close()
