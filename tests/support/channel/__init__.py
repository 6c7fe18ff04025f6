"""The suite's own conda channel and package index, built from what the machine has and kept between runs by content."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from support.channel.archive import write
from support.channel.content import extra_packages, main_packages, wanted_wheels
from support.channel.interpreters import chosen
from support.channel.wheels import fetch
from support.projects import make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Channel", "Index", "cache_folder", "prepare"]

_KEEP_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Two conda channels on disk.

    Attributes:
        path: the folder of both.
        main, extra: their ``file://`` URLs; ``extra`` has lab tools, and ``libfoo`` 1.3.0 in a build of its own.
        subdir: this machine's platform. ``osx-arm64`` and ``win-64`` (and ``linux-64``) have the same packages without files.
        python_versions: newest first; at least one.
    """

    path: Path
    main: str
    extra: str
    subdir: str
    python_versions: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, str]:
        """Both, in order of priority."""
        return self.main, self.extra

    @property
    def older_python(self) -> str:
        """A Python version that is not the newest there is, where there are two."""
        return self.python_versions[-1] if len(self.python_versions) < 3 else self.python_versions[2]

    def artefacts(self, name: str) -> list[Path]:
        """The files of a package in this platform's subdirs, sorted."""
        found = [
            each
            for sub in (self.subdir, "noarch")
            for each in self.path.glob(f"*/{sub}/{name}-*")
            if each.suffix in (".conda", ".bz2")
        ]
        return sorted(each for each in found if each.name.rsplit("-", 2)[0] == name)

    def copy(self, folder: Path) -> Channel:
        """Return a channel of the same files at another place, for a test that takes some away or damages them."""
        shutil.copytree(self.path, folder)
        return Channel(
            path=folder,
            main=(folder / "main").as_uri(),
            extra=(folder / "extra").as_uri(),
            subdir=self.subdir,
            python_versions=self.python_versions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A package index on disk: ``url`` for ``--index-url`` (PEP 503), ``find_links`` for ``--find-links``."""

    path: Path
    url: str
    find_links: Path

    def wheel(self, name: str, version: str) -> Path:
        """The file of a wheel in it."""
        return next(self.find_links.glob(f"{name.replace('-', '_')}-{version}-*.whl"))


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where it is kept: ENVKEEP_TEST_CACHE, else the user's cache folder."""
    if environ.get("ENVKEEP_TEST_CACHE"):
        return Path(environ["ENVKEEP_TEST_CACHE"]).absolute()
    if sys.platform == "win32":
        return Path(environ["LOCALAPPDATA"], "envkeep-tests")
    if sys.platform == "darwin":
        return Path(environ["HOME"], "Library", "Caches", "envkeep-tests")
    return Path(environ.get("XDG_CACHE_HOME") or Path(environ["HOME"], ".cache"), "envkeep-tests")


def prepare(environ: Mapping[str, str]) -> tuple[Channel, Index]:
    """Return channel and index, built where the cache does not have what this code makes of this machine's interpreters.

    Args:
        environ: the user's own, with which pip finds wheels and the interpreters are looked for.
    """
    from filelock import FileLock
    from rattler.platform import Subdir

    subdir = str(Subdir.current())
    cache = cache_folder(environ)
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "build.lock"):
        folder = cache / f"channel-{_key(environ)}"
        if not folder.is_dir():
            _build(folder, cache / "wheels", subdir, environ)
            _sweep(cache, folder)
        os.utime(folder)
    about = json.loads((folder / "about.json").read_text())
    channel = Channel(
        path=folder / "channels",
        main=(folder / "channels" / "main").as_uri(),
        extra=(folder / "channels" / "extra").as_uri(),
        subdir=subdir,
        python_versions=tuple(about["python_versions"]),
    )
    return channel, Index(path=folder / "simple", url=(folder / "simple").as_uri(), find_links=folder / "wheels")


def _key(environ: Mapping[str, str]) -> str:
    # the interpreters are looked up only when one is built: what can be seen of them at once is the running one and pyenv's
    digest = hashlib.sha256()
    for source in sorted((*Path(__file__).parent.glob("*.py"), Path(__file__).parent.parent / "projects.py")):
        digest.update(source.read_bytes())
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/"), ".pyenv"), "versions")
    for part in (sys.version, sys.base_prefix, *sorted(map(str, pyenv.glob("*/bin/python3")))):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


def _build(folder: Path, wheels: Path, subdir: str, environ: Mapping[str, str]) -> None:
    from packaging.version import Version
    from rattler.index import index_fs

    pythons = chosen(environ)
    minors = [".".join(python.version.split(".")[:2]) for python in pythons]
    fetched = fetch(wanted_wheels(minors), wheels, environ)
    work = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        own = work / "own"
        tools = [make_wheel(own, "labtool", version, requires=["six>=1.16"], script=True) for version in ("0.4", "0.5")]
        for_index = [make_wheel(own, "labindex", version, script=True) for version in ("1.0", "1.1")]
        for_index.append(make_wheel(own, "labneeds", "0.3", requires=["labindex>=1.0"]))
        for package in main_packages(pythons, fetched, subdir):
            write(package, work / "channels" / "main")
        for package in extra_packages(tools, subdir):
            write(package, work / "channels" / "extra")
        (work / "channels" / "extra" / "noarch").mkdir(exist_ok=True)
        for each in ("main", "extra"):
            asyncio.run(index_fs(work / "channels" / each, write_zst=False, write_shards=False, force=True))
        _write_index(work, [*dict.fromkeys(fetched.values()), *for_index])
        shutil.rmtree(own)
        versions = sorted((python.version for python in pythons), key=Version, reverse=True)
        (work / "about.json").write_text(json.dumps({"python_versions": versions}))
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_index(folder: Path, wheels: list[Path]) -> None:
    from packaging.utils import canonicalize_name

    files = folder / "wheels"
    files.mkdir()
    projects: dict[str, list[str]] = {}
    for wheel in wheels:
        shutil.copy(wheel, files)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        link = f'<a href="../../wheels/{escape(wheel.name)}#sha256={digest}">{escape(wheel.name)}</a><br>\n'
        projects.setdefault(canonicalize_name(wheel.name.split("-")[0]), []).append(link)
    for name, links in projects.items():
        page = folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<!DOCTYPE html><html><body>\n{''.join(links)}</body></html>\n")


def _sweep(cache: Path, current: Path) -> None:
    for each in (*cache.glob("channel-*"), *cache.glob("building-*")):
        if each != current and time.time() - each.stat().st_mtime > _KEEP_DAYS * 86400:
            shutil.rmtree(each, ignore_errors=True)
