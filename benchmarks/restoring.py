"""Rebuilding an environment from artefacts that are in the cache."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.measuring import RUNS, Row, median_ms, process
from benchmarks.prefixes import FILES
from envkeep.capturing.capture import capture
from envkeep.capturing.layout import machine_subdir
from envkeep.formats import explicit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["exact"]

_SIZE = 156
# what a program that uses py-rattler alone would do, timed without its imports
_PEER = """
import asyncio, json, os, shutil, statistics, sys, time
from pathlib import Path
from rattler import PrefixRecord, install
folder, runs = Path(sys.argv[1]), int(sys.argv[2])
records = [PrefixRecord.from_path(path) for path in sorted((folder / "model" / "conda-meta").glob("*.json"))]
spans = []
for number in range(runs):
    target = folder / f"peer{number}"
    start = time.perf_counter()
    asyncio.run(install(records, target, cache_dir=folder / "cache" / "pkgs", show_progress=False))
    spans.append(time.perf_counter() - start)
    shutil.rmtree(target)
print(statistics.median(spans) * 1000, flush=True)
os._exit(0)
"""


def exact(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:  # noqa: ARG001 - one size says it
    """Restore 156 packages exactly, beside py-rattler's own installation of them and conda's."""
    import importlib.util

    if importlib.util.find_spec("rattler") is None:
        yield Row(work="exact restore, warm cache", size=f"{_SIZE}", measured="py-rattler is not installed")
        return
    model = _model(folder)
    record = capture(model)
    environ = {**os.environ, "ENVKEEP_CACHE": str(folder / "cache")}
    numbers = count()

    def restore() -> None:
        from envkeep.restoring.prepare import Options, prepare
        from envkeep.restoring.restore import restore as rebuild

        prepared = prepare(record, Options(target=folder / f"ours{next(numbers)}"), environ)
        result = rebuild(prepared.plan, engine=prepared.engine)
        assert result.as_asked

    restore()
    ours = median_ms(restore)
    command = [sys.executable, "-c", _PEER, str(folder), str(RUNS)]
    theirs = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    yield Row(
        work="exact restore, warm cache, verified",
        size=f"{_SIZE}",
        measured=f"{ours:.0f} ms",
        peer=f"py-rattler's install {theirs:.0f} ms",
        ratio=f"{ours / theirs:.2f} ×",
        reach="≤ 1.3 ×",
        reached=ours <= 1.3 * theirs,
    )
    conda = shlex.split(os.environ.get("CONDA_EXE", ""))
    if not conda:
        return
    listed = folder / "explicit.txt"
    listed.write_text(explicit.write(record))
    env = {**os.environ, "CONDA_PKGS_DIRS": str(folder / "conda-pkgs"), "CONDA_SOLVER": "classic"}
    create = [*conda, "create", "-y", "-q", "--offline", "-p", str(folder / "conda"), "--file", str(listed)]
    process(create, env)()

    def emptied() -> None:
        shutil.rmtree(folder / "conda")

    spent = median_ms(process(create, env), 3, before=emptied)
    yield Row(
        work="exact restore, warm cache, verified",
        size=f"{_SIZE}",
        measured=f"{ours:.0f} ms",
        peer=f"conda create {spent:.0f} ms",
        ratio=f"{spent / ours:.1f} ×",
        reach="≥ 5 ×",
        reached=spent >= 5 * ours,
    )


def _model(folder: Path) -> Path:
    """Make a channel of packages with 60 small files each, and install them once, which fills the cache."""
    channel = folder / "channel" / machine_subdir()
    channel.mkdir(parents=True)
    for number in range(_SIZE):
        _write_package(channel, f"package{number}", number)
    code = (
        "import asyncio, os, sys; from pathlib import Path; from rattler import *; from rattler.index import index_fs\n"
        "folder = Path(sys.argv[1]); channel = folder / 'channel'\n"
        "async def work():\n"
        "    await index_fs(channel)\n"
        "    names = [f'package{n}' for n in range(int(sys.argv[2]))]\n"
        "    records = await solve(sources=[Channel(channel.as_uri())], specs=[MatchSpec(name) for name in names],\n"
        "        platforms=[sys.argv[3], 'noarch'])\n"
        "    await install(records, folder / 'model', cache_dir=folder / 'cache' / 'pkgs', show_progress=False)\n"
        "asyncio.run(work()); os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(_SIZE), machine_subdir()], check=True)
    (folder / "model" / "conda-meta" / "history").touch()
    return folder / "model"


def _write_package(channel: Path, name: str, number: int) -> None:
    paths = {f"share/{name}/file_{place}.dat": f"{name} {place}\n".encode() * 20 for place in range(FILES)}
    subdir = channel.name
    index = {
        "name": name,
        "version": "1.0",
        "build": "0",
        "build_number": 0,
        "subdir": subdir,
        "license": "BSD-3-Clause",
        "depends": [f"package{other}" for other in range(max(0, number - 3), number)],
    }
    entries = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        for path, data in paths.items()
    ]
    info = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": entries, "paths_version": 1}).encode(),
        "info/files": "\n".join(paths).encode(),
    }
    with tarfile.open(channel / f"{name}-1.0-0.tar.bz2", "w:bz2", compresslevel=1) as tar:
        for path, data in {**info, **paths}.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
