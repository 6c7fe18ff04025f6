"""Rebuilding an environment from artefacts that are in the cache."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import statistics
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING

from benchmarks.measuring import RUNS, Row, faster, process, program, share
from benchmarks.prefixes import FILES
from envkeep.capturing.capture import capture
from envkeep.capturing.layout import machine_subdir
from envkeep.formats import explicit, record_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["exact"]

_SIZE = 156
# what a program that uses py-rattler alone would do
_PEER = """
import asyncio, os, shutil, sys, time
from pathlib import Path
from rattler import PrefixRecord, install
folder = Path(sys.argv[1])
records = [PrefixRecord.from_path(path) for path in sorted((folder / "model" / "conda-meta").glob("*.json"))]
def work(target):
    asyncio.run(install(records, target, cache_dir=folder / "cache" / "pkgs", show_progress=False))
"""
# timed without its start and imports, once for each target that it reads
_PEER_IN_PROCESS = f"""{_PEER}
for line in sys.stdin:
    start = time.perf_counter()
    work(line.strip())
    print((time.perf_counter() - start) * 1000, flush=True)
"""
_PEER_ONCE = f"{_PEER}\nwork(sys.argv[2])\nos._exit(0)\n"


def exact(folder: Path, sizes: tuple[int, ...]) -> Iterator[Row]:  # noqa: ARG001 - one size says it
    """Restore 156 packages exactly, beside py-rattler's own installation of them and conda's."""
    import importlib.util

    if importlib.util.find_spec("rattler") is None:
        yield Row(work="exact restore, warm cache", size=f"{_SIZE}", measured="py-rattler is not installed")
        return
    model = _model(folder)
    record = capture(model)
    # an installed package is compiled, whatever this shell says; a checkout is not where it says so
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"ENVKEEP_CACHE": str(folder / "cache"), "PYTHONPYCACHEPREFIX": str(folder / "pyc")}

    def restore(target: Path) -> None:
        from envkeep.restoring.prepare import Options, prepare
        from envkeep.restoring.restore import restore as rebuild

        prepared = prepare(record, Options(target=target), environ)
        result = rebuild(prepared.plan, engine=prepared.engine)
        assert result.as_asked

    ours, theirs = _beside_peer(folder, restore)
    yield Row(
        work="exact restore, warm cache, verified",
        size=f"{_SIZE}",
        measured=f"{ours:.0f} ms",
        peer=f"py-rattler's install {theirs:.0f} ms",
        ratio=share(ours, theirs),
        reach="≤ 1.3 ×",
        reached=ours <= 1.3 * theirs,
    )
    backup = folder / "record.json"
    backup.write_bytes(record_json.dumps(record))
    home = ["--home", str(folder / "home")]
    works = {
        "ours": lambda target: process(
            [*program("envkeep"), "restore", str(backup), "-p", str(target), "-y", "-q", *home], environ
        ),
        "peer": lambda target: process([sys.executable, "-c", _PEER_ONCE, str(folder), str(target)], environ),
    }
    conda = shlex.split(os.environ.get("CONDA_EXE", ""))
    if conda:
        listed = folder / "explicit.txt"
        listed.write_text(explicit.write(record))
        env = {**os.environ, "CONDA_PKGS_DIRS": str(folder / "conda-pkgs"), "CONDA_SOLVER": "classic"}
        create = [*conda, "create", "-y", "-q", "--offline", "--file", str(listed), "-p"]
        works["conda"] = lambda target: process([*create, str(target)], env)
    spans = _in_turn(folder, works)
    yield Row(
        work="envkeep restore -y -q, the same",
        size=f"{_SIZE}",
        measured=f"{spans['ours']:.0f} ms",
        peer=f"py-rattler's install as a process {spans['peer']:.0f} ms",
        reach="≤ 1.3 ×",
        reached=spans["ours"] <= 1.3 * spans["peer"],
        ratio=share(spans["ours"], spans["peer"]),
    )
    if conda:
        # both as a user runs them, from the shell
        yield Row(
            work="envkeep restore -y -q, the same",
            size=f"{_SIZE}",
            measured=f"{spans['ours']:.0f} ms",
            peer=f"conda create {spans['conda']:.0f} ms",
            ratio=faster(spans["ours"], spans["conda"]),
            reach="≥ 5 ×",
            reached=spans["conda"] >= 5 * spans["ours"],
        )


# nothing is removed before all is measured: for half a minute after thousands of deletions ext4 makes a new file a hundred times
# more slowly, so that each run would pay for the one before


def _beside_peer(folder: Path, restore: Callable[[Path], object]) -> tuple[float, float]:
    """Return the medians of ours and of py-rattler's installation, in turn, in milliseconds."""
    command = [sys.executable, "-c", _PEER_IN_PROCESS, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        ours, theirs = [], []
        for number in range(3 * RUNS + 1):
            start = time.perf_counter()
            restore(folder / f"ours{number}")
            ours.append((time.perf_counter() - start) * 1000)
            peer.stdin.write(f"{folder / f'peer{number}'}\n")
            peer.stdin.flush()
            theirs.append(float(peer.stdout.readline()))
        # py-rattler crashes at the exit of some processes
        peer.kill()
    # the first of each loads what the others find loaded
    return statistics.median(ours[1:]), statistics.median(theirs[1:])


def _in_turn(folder: Path, works: Mapping[str, Callable[[Path], Callable[[], object]]]) -> dict[str, float]:
    """Return the median of each work in milliseconds, run in turn, each time into a folder of its own."""
    spans: dict[str, list[float]] = {name: [] for name in works}
    for number in range(3 * RUNS + 1):
        for name, made in works.items():
            work = made(folder / f"whole-{name}{number}")
            start = time.perf_counter()
            work()
            spans[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(found[1:]) for name, found in spans.items()}


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
