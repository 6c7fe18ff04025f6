"""The embedded engine's own process: requests as lines of JSON on standard input, lines of JSON on standard output.

A process of its own, since py-rattler crashes at the exit of some short processes, and a cancelled task does not stop its
installation. Standard input stays open as long as the parent wants answers: at its end this process ends too, at once.

A request ``{"op": "wait", "seconds": n}`` has no answer: where nothing else is asked for so long, this process ends (null: it
waits for ever).
Lines out, for each other request: ``{"start": label, "total": n}``, ``{"advance": n}``, and last ``{"result": ...}`` or
``{"error": text, "kind": kind}``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Reply", "main"]

_SECONDS_BETWEEN_LINES = 0.05


class Reply:
    """The way back to the parent; callable from any thread."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._advanced = 0
        self._told = 0.0

    def start(self, label: str, total: int | None) -> None:
        """Say what is begun, and of how many units it is; None: nobody knows."""
        with self._lock:
            self._write(start=label, total=total)

    def advance(self) -> None:
        """Count one more unit; said a few times a second, since each line wakes the parent while there is work to do."""
        with self._lock:
            self._advanced += 1
            if time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES:
                self._say_advanced()

    def end(self, **answer: Any) -> None:
        """Say what came of it."""
        with self._lock:
            if self._advanced:
                self._say_advanced()
            self._write(**answer)

    def _say_advanced(self) -> None:
        self._write(advance=self._advanced)
        self._advanced = 0
        self._told = time.monotonic()

    def _write(self, **message: Any) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


def main() -> None:
    """Answer requests until there are no more, and end without the interpreter's own way out (a crash in py-rattler's)."""
    reply = Reply(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    # what link scripts or libraries print must not get between the lines of JSON
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    requests: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    load_error = _load()
    patience: float | None = None
    rested = False
    while True:
        try:
            request: dict[str, Any] = json.loads(requests.get(timeout=patience))
        except Empty:
            os._exit(0)
        if request["op"] == "wait":
            # an idle process is not kept for ever by a program that goes on
            patience = request["seconds"]
            rested = True
            continue
        if rested and load_error is None:
            _forget()
        patience, rested = None, False
        reply.end(**(_answer(request, reply) if load_error is None else {"error": load_error, "kind": "missing"}))


def _listen(requests: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def _load() -> str | None:
    """Import what every request needs, while the parent has nothing to ask yet; return why that cannot be."""
    # somebody waits for this process: garbage is looked for later, and of TLS py-rattler brings its own, not asyncio's
    gc.disable()
    sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]
    try:
        from envkeep.engines.rattler_operations import warm
    except ImportError as error:
        return str(error)
    finally:
        gc.enable()
    # what fails here fails again, and is told, where it is needed
    with suppress(Exception):
        warm()
    return None


def _forget() -> None:
    """Ask for somebody else: what a client knows of log-ins may have changed since."""
    from envkeep.engines.rattler_operations import forget

    forget()


def _answer(request: dict[str, Any], reply: Reply) -> dict[str, Any]:
    import asyncio

    from envkeep.engines.rattler_operations import OPERATIONS

    try:
        return {"result": asyncio.run(OPERATIONS[request["op"]](request, reply))}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it in its own words
        return {"error": str(error).strip() or type(error).__name__, "kind": type(error).__name__}


if __name__ == "__main__":
    main()
