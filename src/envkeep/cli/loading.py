"""Modules that a rebuild will need, loaded while it waits for its engine."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from threading import Thread

__all__ = ["BUILDING", "load_for_building"]

BUILDING = (
    "envkeep.store.journal",
    "filelock",
    "envkeep.restoring.restore",
    "envkeep.planning.history",
    "envkeep.verifying.prefix",
    "envkeep.capturing.capture",
    "configparser",
    "envkeep.report.restore",
)
"""What is needed once a plan is made, in that order: to build it, to verify what came out, to tell of it."""


def load_for_building() -> None:
    """Load that in a thread of its own; what cannot be loaded is told of where it is needed."""
    # where there are no more threads, it is loaded as it is needed
    with suppress(RuntimeError):
        # no daemon: one that is stopped in the middle of an import may hold what the end of the process needs
        Thread(target=_load).start()


def _load() -> None:
    for name in BUILDING:
        with suppress(Exception):
            import_module(name)
