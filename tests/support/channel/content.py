"""What the test channel holds: two channels (``main``, ``extra``) with packages of every kind a reader or a rebuild can meet."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from support.channel.archive import Entry, Package, placeholder
from support.channel.interpreters import python_package
from support.channel.wheels import Wanted, conda_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from envkeep.engines.pythons import FoundPython

__all__ = ["FOREIGN", "INDEX_WHEELS", "extra_packages", "main_packages", "wanted_wheels"]

FOREIGN = ("linux-64", "osx-arm64", "win-64")
# of a noarch package nothing else is needed
_PURE = (
    Wanted("pip", "24.2"),
    Wanted("setuptools", "75.3.0"),
    Wanted("wheel", "0.45.1"),
    Wanted("six", "1.16.0"),
    Wanted("six", "1.17.0"),
    Wanted("idna", "3.7"),
    Wanted("idna", "3.10"),
    Wanted("attrs", "24.2.0"),
    Wanted("certifi", "2024.8.30"),
    Wanted("click", "8.1.7"),
    Wanted("click", "8.1.8"),
    Wanted("colorama", "0.4.6"),
    Wanted("jinja2", "3.1.4"),
    Wanted("markdown-it-py", "3.0.0"),
    Wanted("mdurl", "0.1.2"),
    Wanted("packaging", "24.1"),
    Wanted("packaging", "24.2"),
    Wanted("pygments", "2.18.0"),
    Wanted("rich", "13.9.4"),
    Wanted("typing-extensions", "4.12.2"),
    # what envkeep itself needs, and what builds it, so that its own package can be built and installed from here
    Wanted("filelock", "3.16.1"),
    Wanted("shellingham", "1.5.4"),
    Wanted("tomli", "2.2.1"),
    Wanted("typer", "0.15.4"),
    Wanted("hatchling", "1.27.0"),
    Wanted("pathspec", "0.12.1"),
    Wanted("pluggy", "1.5.0"),
    Wanted("trove-classifiers", "2024.10.21.16"),
)
# wheels for pip to install, beside those above
INDEX_WHEELS = (Wanted("colorlog", "6.9.0"), Wanted("emoji", "2.14.0"), Wanted("humanize", "4.10.0"))
_NAMES = {"typing-extensions": "typing_extensions", "msgpack": "msgpack-python"}
_BUILD_MACHINE = frozenset({"six", "idna", "attrs", "rich", "pyyaml"})


class _Compiled(NamedTuple):
    name: str
    version: str
    depends: tuple[str, ...]
    minors: range


_COMPILED = (
    _Compiled("markupsafe", "2.1.5", (), range(8, 13)),
    _Compiled("markupsafe", "3.0.2", (), range(9, 14)),
    _Compiled("pyyaml", "6.0.2", ("yaml >=0.2.5,<0.3.0a0",), range(8, 14)),
    _Compiled("msgpack", "1.1.0", (), range(8, 14)),
)


class _Library(NamedTuple):
    name: str
    version: str
    depends: tuple[str, ...] = ()
    archive: str = "conda"


_LIBRARIES = (
    _Library("bzip2", "1.0.8"),
    _Library("libffi", "3.4.6"),
    _Library("libfoo", "1.2.3", archive="tar.bz2"),
    _Library("libfoo", "1.3.0"),
    _Library("libfoo", "2.0.0"),
    _Library("libsqlite", "3.51.0", ("libzlib >=1.3.1,<2.0a0",)),
    _Library("libzlib", "1.3.1"),
    _Library("ncurses", "6.5"),
    _Library("openssl", "3.5.4", ("ca-certificates",)),
    _Library("openssl", "3.6.0", ("ca-certificates",)),
    _Library("readline", "8.2", ("ncurses >=6.5,<7.0a0",), archive="tar.bz2"),
    _Library("yaml", "0.2.5"),
)
_PYTHON_NEEDS = (
    "bzip2 >=1.0.8,<2.0a0",
    "libffi >=3.4,<4.0a0",
    "libsqlite >=3.50.0,<4.0a0",
    "libzlib >=1.3.1,<2.0a0",
    "ncurses >=6.5,<7.0a0",
    "openssl >=3.5.0,<4.0a0",
    "readline >=8.2,<9.0a0",
    "tzdata",
)
_SYSTEM = {"linux": "__glibc >=2.17,<3.0.a0", "osx": "__osx >=11.0", "win": "__win"}
_POST_LINK = (
    b'#!/bin/sh\necho "linked $PKG_NAME" > "$PREFIX/.messages.txt"\nmkdir -p "$PREFIX/var" && touch "$PREFIX/var/labpost.stamp"\n'
)
_PRE_UNLINK = b'#!/bin/sh\nrm -f "$PREFIX/var/labpost.stamp"\n'


def wanted_wheels(minors: Iterable[str]) -> tuple[Wanted, ...]:
    """Return the wheels that the channels and the index are made of."""
    compiled = (Wanted(each.name, each.version, minor) for minor in minors for each in _COMPILED if _fits(each, minor))
    return (*_PURE, *INDEX_WHEELS, *compiled)


def main_packages(pythons: Iterable[FoundPython], wheels: Mapping[Wanted, Path], subdir: str) -> Iterator[Package]:
    """Yield the packages of the channel ``main``; for other platforms without files, so that a solve for them works."""
    pythons = tuple(pythons)
    minors = [".".join(python.version.split(".")[:2]) for python in pythons]
    for system in dict.fromkeys((subdir, *FOREIGN)):
        own = [*_libraries(system)]
        needs = (_SYSTEM[system.partition("-")[0]], *_PYTHON_NEEDS)
        for python, minor in zip(pythons, minors, strict=True):
            own.append(
                python_package(python, system, needs)
                if system == subdir
                else Package(
                    name="python",
                    version=python.version,
                    build=f"h{_abi(minor)}{system[:2]}_0_cpython",
                    subdir=system,
                    depends=needs,
                )
            )
            own += [
                conda_package(
                    wheels[Wanted(each.name, each.version, minor)],
                    system,
                    name=_NAMES.get(each.name),
                    minor=minor,
                    depends=(needs[0], *each.depends),
                    build_machine=each.name in _BUILD_MACHINE,
                )
                for each in _COMPILED
                if _fits(each, minor)
            ]
        yield from own if system == subdir else (replace(each, entries=()) for each in own)
    yield from _generic(minors)
    for wheel in _PURE:
        yield conda_package(
            wheels[wheel], subdir, name=_NAMES.get(wheel.name), names=_NAMES, build_machine=wheel.name in _BUILD_MACHINE
        )
    scripts = (
        Entry(path="bin/.labpost-post-link.sh", data=_POST_LINK, executable=True),
        Entry(path="bin/.labpost-pre-unlink.sh", data=_PRE_UNLINK, executable=True),
        Entry(path="etc/conda/activate.d/labpost.sh", data=b"export LABPOST=1\n"),
    )
    yield Package(name="labpost", version="0.3", build="h0_0", subdir=subdir, depends=("libfoo",), entries=scripts)
    fails = Entry(path="bin/.labfail-post-link.sh", data=b"#!/bin/sh\nexit 3\n", executable=True)
    yield Package(name="labfail", version="0.1", build="h0_0", subdir=subdir, entries=(fails,))


def extra_packages(tools: Iterable[Path], subdir: str) -> Iterator[Package]:
    """Yield the packages of the channel ``extra``: tools of a lab, and a library that ``main`` has in another build."""
    for wheel in tools:
        yield conda_package(wheel, subdir)
    yield replace(_library(_Library("libfoo", "1.3.0"), subdir), build="lab_1", build_number=1)
    yield _library(_Library("liblab", "0.7"), subdir)


def _abi(minor: str) -> str:
    return "cp" + minor.replace(".", "")


def _fits(compiled: _Compiled, minor: str) -> bool:
    return int(minor.split(".")[1]) in compiled.minors


def _libraries(subdir: str) -> Iterator[Package]:
    for library in _LIBRARIES:
        yield _library(library, subdir)


def _library(library: _Library, subdir: str) -> Package:
    name, version = library.name, library.version
    stand_in = placeholder(name).encode()
    shared = f"lib/lib{name.removeprefix('lib')}-dummy.so"
    digest = hashlib.sha256(f"{name}{version}{subdir}".encode()).hexdigest()[:7]
    return Package(
        name=name,
        version=version,
        build=f"h{digest}_0",
        subdir=subdir,
        depends=(_SYSTEM[subdir.partition("-")[0]], *library.depends),
        archive="tar.bz2" if library.archive == "tar.bz2" else "conda",
        license="MIT",
        entries=(
            Entry(path=f"include/{name}.h", data=f"/* {name} {version} */\n".encode()),
            Entry(path=f"lib/pkgconfig/{name}.pc", data=b"prefix=" + stand_in + b"\n", prefix_mode="text"),
            Entry(
                path=f"{shared}.{version}",
                data=b"\x7fELF" + bytes(64) + stand_in + b"/etc\0" + bytes(64),
                executable=True,
                prefix_mode="binary",
            ),
            Entry(path=shared, link=f"{shared.rpartition('/')[2]}.{version}"),
        ),
    )


def _generic(minors: Iterable[str]) -> Iterator[Package]:
    for minor in minors:
        constrains = (f"python {minor}.* *_cpython",)
        yield Package(
            name="python_abi",
            version=minor,
            build=f"8_{_abi(minor)}",
            build_number=8,
            subdir="noarch",
            noarch="generic",
            constrains=constrains,
        )
    zone = Entry(path="share/zoneinfo/UTC", data=b"TZif2" + bytes(200))
    yield Package(
        name="tzdata", version="2025b", build="h78e105d_0", subdir="noarch", noarch="generic", entries=(zone,), archive="tar.bz2"
    )
    bundle = (Entry(path="ssl/cacert.pem", data=b"# bundle\n" * 100), Entry(path="ssl/cert.pem", link="cacert.pem"))
    yield Package(
        name="ca-certificates", version="2025.10.5", build="hbd8a1cb_0", subdir="noarch", noarch="generic", entries=bundle
    )
