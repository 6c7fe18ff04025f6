"""How long it takes to see 1,000 backups: ``python benchmarks/list_backups.py [NUMBER]``; milliseconds, medians of 7."""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.model.record import EnvironmentInfo
from envkeep.store.layout import MANIFEST, RECORD, TXT_SUFFIX, Summary
from envkeep.store.manifest import Manifest, file_entry, manifest_bytes
from envkeep.store.reading import microseconds
from envkeep.store.select import resolve
from envkeep.store.stamps import stamp_of
from envkeep.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

# bytes of the files of a 617-package environment
SIZES = {
    RECORD: 90_000,
    "environment.yml": 25_000,
    "environment.no-builds.yml": 20_000,
    "environment.from-history.yml": 1_000,
    "explicit.txt": 80_000,
}
TXT = 15_000


def make(store: Store, number: int) -> None:
    """Fill a store without the syncs that a backup is written with."""
    info = EnvironmentInfo(name="lab", prefix="/envs/lab", kind="conda", subdir="linux-64")
    folder = store.environment_of("/envs/lab", info).path
    files = {name: os.urandom(16) * (size // 16) for name, size in SIZES.items()}
    txt = b"# executable: /envs/lab/bin/python\n" + b"x" * TXT
    first = datetime(2024, 1, 1, tzinfo=timezone.utc)
    for place in range(number):
        created = first + timedelta(hours=place)
        manifest = Manifest(
            created=created,
            order=microseconds(created),
            main=RECORD,
            txt=file_entry("txt", txt),
            files=tuple(file_entry(name, data) for name, data in sorted(files.items())),
            summary=Summary(python="3.12.1", conda=600, pip=17, changes=(("install", 1), ("upgrade", 4))),
            digest=hashlib.sha256(str(place).encode()).hexdigest(),
        )
        target = folder / stamp_of(created)
        target.mkdir()
        for name, data in {**files, MANIFEST: manifest_bytes(manifest)}.items():
            (target / name).write_bytes(data)
        (folder / f"{target.name}{TXT_SUFFIX}").write_bytes(txt)


def timed(work: Callable[[], object]) -> float:
    """Return the median of 7 runs in milliseconds."""
    spans = []
    for _ in range(7):
        start = time.perf_counter()
        work()
        spans.append(time.perf_counter() - start)
    return statistics.median(spans) * 1000


def main() -> None:
    """Fill a store, look at it in the ways that commands do, print a table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        make(store, number)
        stored = store.find_environment("/envs/lab")
        assert stored is not None
        assert len(store.backups(stored)) == number
        print(f"{number} backups, Python {sys.version.split()[0]}")
        print(f"{'list':12}{timed(lambda: store.backups(stored)):8.1f} ms")
        print(f"{'latest':12}{timed(lambda: resolve(store, 'latest', stored)):8.1f} ms")
        print(f"{'rotation':12}{timed(lambda: store.rotation(stored)):8.1f} ms")


if __name__ == "__main__":
    main()
