"""Backups and captures inside a running process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import RUNS, Row, in_turn, median_ms, share
from benchmarks.prefixes import FILES, age, change_package, forget_times, make_prefix, shared_prefix
from envkeep.capturing.capture import capture
from envkeep.keeping.backup import backup
from envkeep.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["changed", "first_capture", "memory", "unchanged"]

_SIZE = 617


def unchanged(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Look whether anything changed since the last backup."""
    for size in sizes:
        prefix = shared_prefix(folder, size)
        store = Store(folder / f"home{size}")
        age(prefix)
        backup(prefix, store)
        # its own files have to be at rest, too
        time.sleep(2.5)
        backup(prefix, store)
        spent = median_ms(lambda prefix=prefix, store=store: backup(prefix, store), 5 * RUNS)  # type: ignore[misc]
        yield Row(
            work="backup(), nothing changed",
            size=f"{size}",
            measured=f"{spent:.2f} ms",
            reach="≤ 1 ms",
            reached=spent <= 1,
        )
        first = statistics.median(_first_call(prefix, store.home) for _ in range(RUNS))
        yield Row(work="backup(), nothing changed, the first call of a process", size=f"{size}", measured=f"{first:.1f} ms")
        backup(prefix, store, force=True)
        next_one = statistics.median(_first_call(prefix, store.home) for _ in range(RUNS))
        yield Row(work="the same, within two seconds after one was kept", size=f"{size}", measured=f"{next_one:.1f} ms")


def _first_call(prefix: Path, home: Path, *, kept: bool = False) -> float:
    """Return what an application pays at its start in milliseconds, to load envkeep with it; others load logging and the like."""
    code = (
        "import dataclasses, json, logging, pathlib, sys, time; start = time.perf_counter()\n"
        "import envkeep; result = envkeep.backup(sys.argv[1], home=sys.argv[2]); spent = time.perf_counter() - start\n"
        f"assert (result.kept is not None) is {kept}; print(spent * 1000)"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code, str(prefix), str(home)]
    return float(subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout)


def _runs(size: int) -> int:
    # at and below the size of a bound more of them are soon made, and tell more
    return 3 * RUNS if size <= _SIZE else RUNS


def changed(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Back up after one package changed; at the size of the bound in an environment copied without its files' times as well."""
    for size in sizes:
        bounded = size == _SIZE
        for copied in (False, True) if bounded else (False,):
            spent = _one_changed(folder / ("copied" if copied else "made"), size, copied=copied)
            bound = {"reach": "≤ 15 ms", "reached": spent <= 15} if bounded else {}
            work = "backup(), one package changed, copied without times" if copied else "backup(), one package changed"
            yield Row(work=work, size=f"{size}", measured=f"{spent:.1f} ms", **bound)  # type: ignore[arg-type]
        first = statistics.median(_first_after_change(folder / "made", size, run) for run in range(RUNS))
        yield Row(work="backup(), one package changed, the first call of a process", size=f"{size}", measured=f"{first:.1f} ms")


def _first_after_change(folder: Path, size: int, run: int) -> float:
    prefix = folder / f"env{size}"
    change_package(prefix, 8, f"2.{run}")
    return _first_call(prefix, folder / f"home{size}", kept=True)


def _one_changed(folder: Path, size: int, *, copied: bool) -> float:
    prefix = make_prefix(folder / f"env{size}", size)
    if copied:
        forget_times(prefix)
    store = Store(folder / f"home{size}")
    # as many as are kept by default, so that with each that comes the oldest goes
    for _ in range(store.limit):
        backup(prefix, store, force=True)
    versions = count(2)

    def change() -> None:
        change_package(prefix, 7, f"1.{next(versions)}")

    change()
    # an environment at rest, but for the package that changes
    age(prefix)
    backup(prefix, store)
    # at other sizes as few as will do: each removes files, and the disk makes the next ones the slower for it
    runs = 3 * RUNS if size == _SIZE else RUNS
    return median_ms(lambda: backup(prefix, store), runs, before=change)


def first_capture(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Capture with nothing known beforehand, beside a typed parse of the same conda-meta."""
    parse = _typed_parse()
    for size in sizes:
        prefix = shared_prefix(folder, size)

        def read(prefix: Path = prefix) -> object:
            return capture(prefix)

        if parse is None:
            yield Row(work="first capture", size=f"{size}", measured=f"{median_ms(read):.1f} ms", peer="msgspec is not installed")
            continue
        ours, theirs = in_turn([read, lambda prefix=prefix: parse(prefix)], _runs(size))  # type: ignore[misc]
        bound = {"reach": "≤ 3 ×", "reached": ours <= 3 * theirs} if size == _SIZE else {}
        yield Row(
            work="first capture",
            size=f"{size}",
            measured=f"{ours:.1f} ms",
            peer=f"msgspec {theirs:.1f} ms",
            ratio=share(ours, theirs),
            **bound,  # type: ignore[arg-type]
        )


def memory(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Measure what a process that captures needs at most, with lists of 60 and, at one size, of 600 files a package."""
    import importlib.util

    if importlib.util.find_spec("resource") is None:
        yield Row(work="memory of a capture", size=f"{_SIZE}", measured="not measured on this system")
        return
    few = 0.0
    for size in sorted({*sizes, _SIZE}):
        used = _resident(shared_prefix(folder, size))
        bound = {"reach": "≤ 60 MB", "reached": used <= 60} if size == _SIZE else {}
        few = used if size == _SIZE else few
        yield Row(work="memory of a capture", size=f"{size}", measured=f"{used:.0f} MB", **bound)  # type: ignore[arg-type]
    many = _resident(make_prefix(folder / "many", _SIZE, files=10 * FILES))
    yield Row(
        work="the same, lists of files ten times as long",
        size=f"{_SIZE}",
        measured=f"{many:.0f} MB",
        ratio=f"+{many - few:.1f} MB",
        reach="no growth",
        reached=many - few <= 2,
    )


def _resident(prefix: Path) -> float:
    # Linux counts what the parent had at the fork into getrusage's maximum
    code = (
        "import resource, sys; from pathlib import Path; from envkeep.capturing.capture import capture; "
        f"capture(Path({str(prefix)!r})); status = Path('/proc/self/status'); "
        "lines = status.read_text().splitlines() if status.exists() else []; "
        "peak = [int(line.split()[1]) for line in lines if line.startswith('VmHWM')]; "
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "print(peak[0] / 1e3 if peak else used / (1e6 if sys.platform == 'darwin' else 1e3))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def _typed_parse():  # type: ignore[no-untyped-def]  # msgspec need not be installed
    try:
        import msgspec
    except ImportError:
        return None

    class Package(msgspec.Struct):
        name: str
        version: str
        build: str
        build_number: int = 0
        channel: str | None = None
        subdir: str | None = None
        fn: str | None = None
        url: str | None = None
        md5: str | None = None
        sha256: str | None = None
        size: int | None = None
        timestamp: int | None = None
        depends: list[str] = []
        constrains: list[str] = []
        noarch: str | None = None
        license: str | None = None
        files: list[str] = []

    decoder = msgspec.json.Decoder(Package)

    def parse(prefix: Path) -> list[object]:
        return [decoder.decode(path.read_bytes()) for path in Path(prefix, "conda-meta").glob("*.json")]

    return parse
