"""Wheels: fetched from the index this machine is configured with, kept between runs; and conda packages out of them.

Where there is no index, or it lacks one, a stand-in of the same name and version takes its place, so that the channel always has
the same packages. pip alone has to be real: the one that Python brings along, or the running one.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from support.channel.archive import Entry, Package, placeholder
from support.projects import wheel_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Wanted", "conda_package", "fetch"]


class Wanted(NamedTuple):
    """A wheel to be had: pure where ``minor`` is None, else the one for that Python (``3.11``)."""

    name: str
    version: str
    minor: str | None = None


def fetch(wanted: Iterable[Wanted], folder: Path, environ: Mapping[str, str]) -> dict[Wanted, Path]:
    """Return a wheel for each, downloaded where the folder lacks it."""
    wanted = list(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [each for each in wanted if _find(each, folder) is None]
    groups: dict[tuple[str | None, int], list[Wanted]] = {}
    for each in missing:
        # one call of pip cannot take two versions of one project
        turn = sum(1 for other in missing[: missing.index(each)] if (other.name, other.minor) == (each.name, each.minor))
        groups.setdefault((each.minor, turn), []).append(each)
    for (minor, _), group in groups.items():
        if not _download(group, minor, folder, environ):
            for each in group:
                _download([each], minor, folder, environ)
    return {each: _find(each, folder) or _stand_in(each, folder) for each in wanted}


def _find(wanted: Wanted, folder: Path) -> Path | None:
    for path in folder.glob("*.whl"):
        name, version, _, tags = parse_wheel_filename(path.name)
        if (name, str(version)) != (canonicalize_name(wanted.name), wanted.version):
            continue
        pure = any(tag.platform == "any" for tag in tags)
        if pure or (wanted.minor and any(tag.interpreter == "cp" + wanted.minor.replace(".", "") for tag in tags)):
            return path
    return None


def _download(group: list[Wanted], minor: str | None, folder: Path, environ: Mapping[str, str]) -> bool:
    argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]
    argv += ["--no-input", "--retries", "0", "--timeout", "20", "-d", str(folder)]
    if minor is not None:
        argv += ["--python-version", minor]
    names = [f"{each.name}=={each.version}" for each in group]
    done = subprocess.run([*argv, *names], check=False, capture_output=True, env=dict(environ))
    return done.returncode == 0


def _stand_in(wanted: Wanted, folder: Path) -> Path:
    if wanted.name == "pip":
        import ensurepip

        bundled = sorted(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
        if bundled:
            return bundled[-1]
    path = folder / "stand-in" / f"{wanted.name.replace('-', '_')}-{wanted.version}-py3-none-any.whl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(wheel_bytes(wanted.name, wanted.version))
    return path


def conda_package(
    wheel: Path,
    subdir: str,
    *,
    name: str | None = None,
    minor: str | None = None,
    depends: tuple[str, ...] = (),
    names: Mapping[str, str] | None = None,
    build_machine: bool = False,
) -> Package:
    """Return the conda package of a wheel: noarch if ``minor`` is None, else for that Python.

    Args:
        wheel: the file.
        subdir: of a package that is not noarch.
        name: of the conda package where it is not the distribution's.
        minor: ``x.y`` of the Python it is for.
        depends: beyond what the wheel requires.
        names: distribution to conda names, of what it requires.
        build_machine: whether to leave a ``direct_url.json`` that points to the build machine, as conda-build does.
    """
    with zipfile.ZipFile(wheel) as archive:
        info = next(each.split("/")[0] for each in archive.namelist() if re.match(r"[^/]+\.dist-info/METADATA$", each))
        files = {each: archive.read(each) for each in archive.namelist() if not each.endswith("/")}
    metadata = HeaderParser().parsestr(files[f"{info}/METADATA"].decode("utf-8", "replace"))
    name = name or canonicalize_name(metadata["Name"])
    scripts = _entry_points(files.get(f"{info}/entry_points.txt", b""))
    requires = tuple(_requirements(metadata.get_all("Requires-Dist") or [], minor or "3.11", names or {}))
    python = f"python >={minor},<3.{int(minor.split('.')[1]) + 1}.0a0" if minor else "python >=3.8"
    abi = (f"python_abi {minor}.* *_cp{minor.replace('.', '')}",) if minor else ()
    digest = hashlib.sha256(f"{wheel.name}{subdir}".encode()).hexdigest()[:7]
    return Package(
        name=name,
        version=metadata["Version"],
        build=f"py{minor.replace('.', '')}h{digest}_0" if minor else "pyhd8ed1ab_0",
        subdir=subdir if minor else "noarch",
        depends=(python, *abi, *depends, *requires),
        noarch=None if minor else "python",
        entry_points=() if minor else tuple(f"{key} = {value}" for key, value in scripts.items()),
        entries=tuple(_entries(name, info, files, scripts, minor, build_machine=build_machine)),
    )


def _entries(
    name: str, info: str, files: Mapping[str, bytes], scripts: Mapping[str, str], minor: str | None, *, build_machine: bool
) -> Iterator[Entry]:
    site = f"lib/python{minor}/site-packages" if minor else "site-packages"
    kept: dict[str, bytes] = {}
    for path, data in files.items():
        data_path = re.match(r"[^/]+\.data/(?:pure|plat)lib/(.*)", path)
        if data_path:
            kept[data_path[1]] = data
        elif not re.match(r"[^/]+\.data/", path) and path != f"{info}/RECORD":
            kept[path] = data
    # as conda-build: no line end
    kept[f"{info}/INSTALLER"] = b"conda"
    kept[f"{info}/REQUESTED"] = b""
    if build_machine:
        url = f"file:///home/conda/feedstock_root/build_artifacts/{name}_1755614211/work"
        kept[f"{info}/direct_url.json"] = json.dumps({"dir_info": {}, "url": url}).encode()
    rows: list[tuple[str, str, str | int]] = [
        (path, "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), len(data))
        for path, data in kept.items()
    ]
    rows += [(f"../../../bin/{script}", "", "") for script in scripts]
    rows.append((f"{info}/RECORD", "", ""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    kept[f"{info}/RECORD"] = text.getvalue().encode()
    for path, data in kept.items():
        yield Entry(path=f"{site}/{path}", data=data, executable=path.endswith(".so"))
    if minor:
        for script, target in scripts.items():
            yield Entry(path=f"bin/{script}", data=_script(target, name, minor), executable=True, prefix_mode="text")


def _script(target: str, name: str, minor: str) -> bytes:
    module, _, attribute = target.partition(":")
    first = f"#!{placeholder(name)}/bin/python{minor}\n"
    return f"{first}import sys\nfrom {module} import {attribute}\nsys.exit({attribute}())\n".encode()


def _entry_points(text: bytes) -> dict[str, str]:
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text.decode())
    return dict(parser["console_scripts"]) if parser.has_section("console_scripts") else {}


def _requirements(lines: Iterable[str], minor: str, names: Mapping[str, str]) -> Iterator[str]:
    environment = {
        "extra": "",
        "python_version": minor,
        "python_full_version": f"{minor}.7",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            kept = (str(each) for each in requirement.specifier if each.operator in (">=", "<", "!=", "=="))
            # as conda-forge writes them: the lower bound first
            bounds = ",".join(sorted(kept, reverse=True))
            yield f"{names.get(name, name)} {bounds}".strip()
