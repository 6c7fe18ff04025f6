"""Wheels: from the index by the tags of the one that was installed, and what they hold."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.engines.installing import in_halves
from envkeep.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkeep.archive.pips import Pips
    from envkeep.model.record import Distribution

__all__ = ["download_wheels", "holds", "tag_flags", "wheel_name"]

_TAG = re.compile(r"(?P<python>[A-Za-z0-9_]+)-(?P<abi>[A-Za-z0-9_]+)-(?P<platform>[A-Za-z0-9_]+)\Z")
_MAX_METADATA = 64 << 20


def download_wheels(
    distributions: Iterable[Distribution], python: str, pips: Pips, folder: Path
) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the wheels that an index has for distributions, and why there is none of the others; both by normalised name.

    A wheel is asked for by the tags of the one that was installed (PEP 425), so that it is the same one, whatever machine asks:
    a record of another platform is packed as well.

    Args:
        distributions: from an index.
        python: the environment's version, ``x.y.z``.
        pips: who asks.
        folder: where the wheels go; made if need be.
    """
    found: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    groups: dict[tuple[str, ...], list[Distribution]] = {}
    for dist in distributions:
        if pips.fetcher is None:
            reasons[normalise(dist.name)] = "there is no pip on this machine that could fetch it"
        else:
            groups.setdefault(tag_flags(dist.tags, python), []).append(dist)
    for flags, group in groups.items():
        got, lost = _download(group, flags, pips, folder)
        found.update(got)
        reasons.update(lost)
    return found, reasons


def wheel_name(path: Path) -> str | None:
    """Return the normalised name that a wheel's file name says (PEP 427), None where it is no wheel's."""
    stem, _, ending = path.name.rpartition(".")
    return normalise(stem.split("-")[0]) if ending == "whl" and stem.count("-") >= 4 else None


def holds(path: Path, dist: Distribution) -> bool | None:
    """Return whether a wheel is of the content that is recorded of a distribution; None where that cannot be told.

    What a record knows is the digest of the installed files' list. Of a wheel that puts files beside site-packages the list has
    other paths than the installed one.
    """
    from envkeep.capturing.metadata import content_digest

    if dist.content is None:
        return None
    try:
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
            record = next((name for name in names if name.count("/") == 1 and name.endswith(".dist-info/RECORD")), None)
            if record is None or wheel.getinfo(record).file_size > _MAX_METADATA:
                return None
            rows = wheel.read(record)
            if content_digest(rows) == dist.content:
                return True
            return None if any(".data/" in name for name in names) else False
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None


def tag_flags(tags: Sequence[str], python: str) -> tuple[str, ...]:
    """Return the options by which pip takes a wheel of these tags (PEP 425) and no other.

    Args:
        tags: of the installed wheel; none: those of a wheel for every Python.
        python: the environment's version, ``x.y.z``.
    """
    parsed = [match for match in map(_TAG.match, tags) if match is not None]
    if not parsed:
        parsed = [match for match in [_TAG.match("py3-none-any")] if match is not None]
    implementation = parsed[0]["python"][:2]
    flags = ["--implementation", implementation, "--python-version", ".".join(python.split(".")[:2])]
    for abi in dict.fromkeys(match["abi"] for match in parsed):
        flags += ["--abi", abi]
    for platform in dict.fromkeys(match["platform"] for match in parsed):
        flags += ["--platform", platform]
    return tuple(flags)


def _download(
    group: Sequence[Distribution], flags: Sequence[str], pips: Pips, folder: Path
) -> tuple[dict[str, Path], dict[str, str]]:
    import tempfile

    lines = {f"{dist.name}=={dist.version}": dist for dist in group}
    found: dict[str, Path] = {}
    reasons: dict[str, str] = {}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wheels-", dir=folder) as text:
        work = Path(text)

        def attempt(some: Sequence[str]) -> str | None:
            argv = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(work), *flags, *some]
            return pips.run(pips.fetcher or "", argv, work)

        failed = in_halves(list(lines), attempt)
        by_name = {wheel_name(path): path for path in work.glob("*.whl")}
        for line, dist in lines.items():
            name = normalise(dist.name)
            wheel = by_name.get(name)
            if wheel is None:
                reasons[name] = failed.get(line, "pip fetched no wheel of it")
            else:
                found[name] = Path(shutil.move(wheel, folder / wheel.name))
    return found, reasons
