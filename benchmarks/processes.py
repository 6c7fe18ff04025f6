"""Whole processes, from the shell's point of view."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.measuring import RUNS, Row, faster, in_turn, median_ms, process, program, share
from benchmarks.prefixes import age, shared_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["first", "quiet", "requirements", "start"]

_SIZE = 617
_ENVKEEP = program("envkeep")
_HEAVY = ("typer", "rich", "yaml", "packaging.requirements", "asyncio", "rattler", "importlib.metadata", "subprocess")


def start(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:  # noqa: ARG001 - nothing to read
    """Import envkeep."""
    ours, bare = in_turn([process([sys.executable, "-c", "import envkeep"]), process([sys.executable, "-c", "pass"])], 3 * RUNS)
    code = f"import envkeep, sys; print([name for name in {_HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    yield Row(
        work="import envkeep" + ("" if loaded == "[]" else f", which loads {loaded}"),
        size="",
        measured=f"{ours:.1f} ms",
        peer=f"bare Python {bare:.1f} ms",
        ratio=f"{ours - bare:+.1f} ms",
        reach="≤ 10 ms over",
        reached=ours - bare <= 10 and loaded == "[]",
    )


def quiet(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Run ``envkeep backup -q`` with nothing changed."""
    for size in sizes:
        prefix, home = shared_prefix(folder, size), folder / f"home{size}"
        age(prefix)
        command = [*_ENVKEEP, "backup", "-q", "-p", str(prefix), "--home", str(home)]
        process(command)()
        time.sleep(2.5)
        process(command)()
        ours, typer = in_turn([process(command), process([sys.executable, "-c", "import typer"])])
        yield Row(
            work="envkeep backup -q, nothing changed",
            size=f"{size}",
            measured=f"{ours:.0f} ms",
            peer=f"import typer {typer:.0f} ms",
            ratio=f"{ours - typer:+.0f} ms",
            reach="≤ 15 ms over",
            reached=ours - typer <= 15,
        )


def first(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Run ``envkeep backup`` for the first time, beside what else would write the same files."""
    conda = shlex.split(os.environ.get("CONDA_EXE", ""))
    for size in sizes:
        prefix = shared_prefix(folder, size)
        numbers = count()

        def run(prefix: Path = prefix, numbers: count[int] = numbers, size: int = size) -> None:
            process([*_ENVKEEP, "backup", "-p", str(prefix), "--home", str(folder / f"home{size}-{next(numbers)}")])()

        ours = median_ms(run)
        freeze = median_ms(process(_pip_freeze(prefix)))
        if not conda or size > _SIZE:
            yield Row(
                work="envkeep backup, the first",
                size=f"{size}",
                measured=f"{ours:.0f} ms",
                peer=f"pip freeze alone {freeze:.0f} ms (conda not run)",
                ratio=faster(ours, freeze),
            )
            continue
        env = {**os.environ, "CONDA_SOLVER": "classic"}
        exports = [
            median_ms(process([*conda, "env", "export", "-p", str(prefix), *flags], env))
            for flags in ((), ("--no-builds",), ("--from-history",))
        ]
        theirs = sum(exports) + freeze
        bound = {"reach": "≥ 20 ×", "reached": theirs >= 20 * ours} if size == _SIZE else {}
        yield Row(
            work="envkeep backup, the first",
            size=f"{size}",
            measured=f"{ours:.0f} ms",
            peer=f"conda env export 3 × and pip freeze {theirs:.0f} ms",
            ratio=faster(ours, theirs),
            **bound,  # type: ignore[arg-type]
        )


def requirements(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Make the list of Python packages, of an environment that was backed up before and of one that was not."""
    for size in sizes:
        prefix, home = shared_prefix(folder, size), folder / f"home{size}"
        export = [*_ENVKEEP, "export", "--format", "requirements", "-p", str(prefix), "--home"]
        age(prefix)
        for _ in range(2):
            process([*_ENVKEEP, "backup", "-q", "-p", str(prefix), "--home", str(home)])()
            time.sleep(2.5)
        none = folder / "none"
        works: list[Callable[[], object]] = [
            process(_pip_freeze(prefix)),
            process([*export, str(home)]),
            process([*export, str(none)]),
            lambda prefix=prefix, home=home: _listed(prefix, home),  # type: ignore[misc]
            lambda prefix=prefix, none=none: _listed(prefix, none),  # type: ignore[misc]
        ]
        uv = shutil.which("uv", path=os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", ""))  # noqa: PTH120
        if uv is not None:
            works.append(process([uv, "pip", "freeze", "--python", str(prefix / "bin" / "python")]))
        pip, whole, whole_new, again, new, *others = in_turn(works)
        bound = size == _SIZE
        for spent, when in ((again, "backed up before"), (new, "not backed up")):
            if others:
                yield Row(
                    work=f"requirements, in process, {when}",
                    size=f"{size}",
                    measured=f"{spent:.1f} ms",
                    peer=f"uv pip freeze {others[0]:.1f} ms",
                    ratio=share(spent, others[0]),
                    reach="≤ 1 ×" if bound else "",
                    reached=spent <= others[0] if bound else None,
                )
        for spent, when in ((whole, "backed up before"), (whole_new, "not backed up")):
            yield Row(
                work=f"envkeep export --format requirements, {when}",
                size=f"{size}",
                measured=f"{spent:.0f} ms",
                peer=f"pip freeze {pip:.0f} ms",
                ratio=faster(spent, pip),
                reach="≥ 3 ×" if bound else "",
                reached=pip >= 3 * spent if bound else None,
            )


def _listed(prefix: Path, home: Path) -> str:
    import envkeep

    return envkeep.export(format="requirements", prefix=prefix, home=home)


def _pip_freeze(prefix: Path) -> list[str]:
    site = next((prefix / "lib").glob("python3*/site-packages"))
    return [*program("pip"), "--disable-pip-version-check", "freeze", "--path", str(site)]
