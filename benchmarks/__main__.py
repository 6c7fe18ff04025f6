"""``python -m benchmarks [WORK...]``: measure, and print a table of what was reached."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import backups, lists, processes, restoring
from benchmarks.measuring import median_ms, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measuring import Row

_WORKS: dict[str, Callable[[Path, tuple[int, ...]], Iterator[Row]]] = {
    "unchanged": backups.unchanged,
    "changed": backups.changed,
    "capture": backups.first_capture,
    "memory": backups.memory,
    "start": processes.start,
    "quiet": processes.quiet,
    "first": processes.first,
    "requirements": processes.requirements,
    "lists": lists.lists,
    "disk": lists.disk,
    "restore": restoring.exact,
}


def main() -> None:
    """Measure each work in a folder of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure envkeep beside its peers.")
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(_WORKS)}; all by default")
    parser.add_argument(
        "--sizes",
        default="26,156,617,5000",
        help="numbers of packages (default: %(default)s); memory, disk, lists and restore have one size of their own",
    )
    given = parser.parse_args()
    unknown = set(given.works) - set(_WORKS)
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    if not all(text.isdecimal() for text in given.sizes.split(",")):
        parser.error(f"--sizes {given.sizes} is no list of numbers")
    sizes = tuple(int(text) for text in given.sizes.split(","))
    machine = f"{platform.system()}, {os.cpu_count()} processors{_model()}"
    print(f"Python {platform.python_version()}, {machine}; medians of 7 runs at least")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="envkeep-benchmark-") as folder:
        print(f"A new file takes {_new_file(Path(folder)):.2f} ms here")
        for name in given.works or _WORKS:
            own = Path(folder, name)
            own.mkdir()
            for row in _WORKS[name](own, sizes):
                rows.append(row)
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(table(rows))


def _new_file(folder: Path) -> float:
    """Return what making a file takes, in ms: after thousands were removed, ext4 takes a hundred times as long for a while."""

    def make() -> None:
        for number in range(20):
            (folder / f"{number}.new").touch()

    return median_ms(make, 1) / 20


def _model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    named = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f" ({named[0]})" if named else ""


if __name__ == "__main__":
    main()
