"""envkeep: keeps a record of a conda, mamba or venv environment each time it changes, rebuilds it, and proves what came out."""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from envkeep.api import capture, diff, export, load, plan, restore, verify
    from envkeep.errors import EnvkeepError
    from envkeep.integrations.application import backup
    from envkeep.model.record import Record

__all__ = ["EnvkeepError", "Record", "backup", "capture", "diff", "export", "load", "plan", "restore", "verify"]

__version__ = "0.1.0"

_PLACES = {"EnvkeepError": "envkeep.errors", "Record": "envkeep.model.record", "backup": "envkeep.integrations.application"}

if not TYPE_CHECKING:  # a checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        # an application pays for what it uses, when it uses it
        if name not in __all__:
            raise AttributeError(f"module 'envkeep' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_PLACES.get(name, "envkeep.api")), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
