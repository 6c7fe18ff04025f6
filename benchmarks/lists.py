"""A store with many backups: looking through it, and what it takes on the disk."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, median_ms, program
from benchmarks.prefixes import make_prefix
from envkeep.capturing.capture import capture
from envkeep.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkeep.model.record import Record
    from envkeep.store.layout import StoredEnvironment

__all__ = ["disk", "lists"]

_BACKUPS = 1000
_PACKAGES = 600
_YEAR = 365


def lists(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:  # noqa: ARG001 - one size says it
    """Look through 1,000 backups of 600 packages, as whole processes."""
    prefix = make_prefix(folder / "env", _PACKAGES)
    store = Store(folder / "home", limit=10 * _BACKUPS)
    stored = _fill(store, prefix, _BACKUPS)
    home = ["--home", str(store.home)]
    verbs = {
        "list": ["list", "-p", str(prefix), *home],
        "diff": ["diff", f"{stored.folder}@latest~500", f"{stored.folder}@latest", *home],
        "find": ["find", "package7", *home],
    }
    for verb, words in verbs.items():
        spent = median_ms(_any_status([*program("envkeep"), *words]))
        yield Row(
            work=f"envkeep {verb}",
            size=f"{_BACKUPS} × {_PACKAGES}",
            measured=f"{spent:.0f} ms",
            reach="≤ 500 ms",
            reached=spent <= 500,
        )


def disk(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:  # noqa: ARG001 - one size says it
    """Keep a backup each day of a year, one to five packages changing."""
    store = Store(folder / "home", limit=10 * _YEAR)
    _fill(store, make_prefix(folder / "env", 617), _YEAR)
    files = [os.lstat(os.path.join(where, name)) for where, _, names in os.walk(store.path) for name in names]  # noqa: PTH118
    # a file that two backups share is there once
    once = {(info.st_dev, info.st_ino): info for info in files}.values()
    used = sum(getattr(info, "st_blocks", -(-info.st_size // 4096) * 8) * 512 for info in once) / 1e6
    yield Row(
        work=f"disk, {_YEAR} backups",
        size="617",
        measured=f"{used:.0f} MB",
        reach="≤ 100 MB",
        reached=used <= 100,
    )


def _fill(store: Store, prefix: Path, number: int) -> StoredEnvironment:
    """Keep so many backups, in each of which one to five packages are of another version."""
    record = capture(prefix)
    stored = store.environment_of(prefix, record.environment)
    first = datetime(2024, 1, 1, tzinfo=timezone.utc)
    fsync, os.fsync = os.fsync, lambda _: None  # type: ignore[assignment]  # a thousand waits for the disk say nothing here
    try:
        for place in range(number):
            record = _next(record, place)
            store.write(stored, record, now=first + timedelta(hours=place), changes={"upgrade": 1 + place % 5}, historic=True)
    finally:
        os.fsync = fsync
    return stored


def _next(record: Record, place: int) -> Record:
    conda = list(record.conda)
    for step in range(1 + place % 5):
        number = (place * 7 + step) % len(conda)
        package = conda[number]
        version = f"2.{place}"
        fn = f"{package.name}-{version}-{package.build}.conda"
        url = (package.url or "").rpartition("/")[0] + f"/{fn}"
        digest = os.urandom(32).hex()
        conda[number] = replace(package, version=version, fn=fn, url=url, sha256=digest, md5=digest[:32])
    return replace(record, conda=tuple(conda))


def _any_status(command: list[str]):  # type: ignore[no-untyped-def]  # diff says 3 where something differs
    import subprocess

    return lambda: subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
