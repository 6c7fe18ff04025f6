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
        print("A new file takes {:.2f} ms here, to bring one to the disk {:.2f} ms".format(*_disk(Path(folder))))
        for name in given.works or _WORKS:
            own = Path(folder, name)
            own.mkdir()
            for row in _WORKS[name](own, sizes):
                rows.append(row)
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(table(rows))


def _disk(folder: Path) -> tuple[float, float]:
    """Return what making a file takes, and a wait for the disk, in ms: both can take a hundred times as long as at rest.

    ext4 makes files so slowly for a while after thousands were removed, and waits while others write.
    """
    names = iter(range(40))

    def make() -> None:
        (folder / f"{next(names)}.new").touch()

    def synced() -> None:
        with (folder / f"{next(names)}.new").open("wb") as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())

    return median_ms(make, 20), median_ms(synced, 20)


def _model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    named = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f" ({named[0]})" if named else ""


if __name__ == "__main__":
    main()
