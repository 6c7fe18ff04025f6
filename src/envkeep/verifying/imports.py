"""Whether the Python packages of an environment can be imported, each tried in a process of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envkeep.errors import EngineError

if TYPE_CHECKING:
    from envkeep.engines.base import Progress
    from envkeep.model.record import Record

__all__ = ["import_faults"]

# seconds for one import; some scientific packages compile or look for hardware at first
_PATIENCE = 120.0
# what each distribution offers to import, by the files that it owns; private and test packages are nobody's interface
_ASK = """
import json, sys
from importlib.metadata import distributions
found = {}
for dist in distributions():
    name = dist.metadata["Name"]
    tops = set()
    for file in dist.files or ():
        parts = file.parts
        if len(parts) == 1 and file.suffix == ".py":
            tops.add(file.stem)
        elif len(parts) == 2 and parts[1] == "__init__.py":
            tops.add(parts[0])
    found[name] = sorted(top for top in tops if top.isidentifier() and not top.startswith("_"))
print(json.dumps(found))
"""


def import_faults(actual: Record, progress: Progress | None = None) -> tuple[str, ...]:
    """Return one sentence for each module that cannot be imported, by distribution and module.

    Args:
        actual: the environment as captured; its Python does the importing.
        progress: told how far that is.
    """
    from envkeep.engines.run import run

    if actual.python is None:
        return ()
    python = actual.python.executable
    try:
        asked = run([python, "-I", "-B", "-c", _ASK], timeout=_PATIENCE)
        modules: dict[str, list[str]] = json.loads(asked.stdout)
    except (EngineError, TimeoutError, ValueError):
        return ("what could be imported cannot be told: its Python does not list its packages",)
    faults = []
    wanted = [(name, module) for name in sorted(modules) for module in modules[name]]
    if progress is not None:
        progress.start("importing", len(wanted))
    for name, module in wanted:
        fault = _import(python, module)
        if fault is not None:
            faults.append(f"{name}: `import {module}` fails: {fault}")
        if progress is not None:
            progress.advance()
    if progress is not None:
        progress.finish()
    return tuple(faults)


def _import(python: str, module: str) -> str | None:
    from envkeep.engines.run import run

    try:
        done = run([python, "-I", "-B", "-c", f"import {module}"], timeout=_PATIENCE)
    except (EngineError, TimeoutError) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1][:300] if lines else f"status {done.returncode}"
