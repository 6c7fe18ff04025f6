"""One Python distribution: the folder or file of its metadata to what a record holds of it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, NamedTuple

from envkeep.capturing.checkout import find_checkout
from envkeep.capturing.former import also_stood, stood
from envkeep.capturing.metadata import (
    CoreMetadata,
    content_digest,
    parse_direct_url,
    parse_metadata,
    parse_requires_txt,
    parse_tags,
)
from envkeep.capturing.reading import decode, exists, file_name, is_folder, line_text, read_bytes, read_text, scan
from envkeep.model.names import normalise
from envkeep.model.record import Distribution, Origin, Problem
from envkeep.model.urls import file_url, path_of_file_url
from envkeep.store.readings import stand_of, stands_of
from envkeep.store.seen import mtime_of

if TYPE_CHECKING:
    from envkeep.capturing.former import Former
    from envkeep.capturing.owners import Owners
    from envkeep.capturing.reading import Folder

__all__ = ["METADATA_LIMIT", "Found", "read_distribution", "with_states"]

METADATA_LIMIT = 16 << 20
"""Bytes: a larger METADATA is none."""
_RECORD_LIMIT = 64 << 20
_SMALL = 1 << 20
# what is read of a metadata folder besides METADATA
_OF_PIP = ("/direct_url.json", "/RECORD", "/INSTALLER", "/REQUESTED", "/WHEEL")
_EGG = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py\d[\d.]*)?(?:-.+)?\Z")


class Found(NamedTuple):
    """A distribution and its metadata.

    Attributes:
        distribution: what it says.
        path: of the folder or file.
        mtime: when that was last changed, ns since 1970.
        key: the distribution's normalised name.
    """

    distribution: Distribution
    path: str
    mtime: int
    key: str


def read_distribution(  # noqa: PLR0917 - one for each distribution, and keywords take their time
    folder: Folder,
    file: str,
    location: str,
    owners: Owners | None,
    problems: list[Problem],
    former: Former | None = None,
) -> Found | None:
    """Return what a metadata folder or file of site-packages says, or None where there is no distribution in it.

    Args:
        folder: that it lies in.
        file: its name: ``*.dist-info``, ``*.egg-info``, ``*.egg`` or ``*.egg-link``.
        location: of the folder, as the record shall say.
        owners: who knows which conda package it belongs to; None: nothing is conda's.
        problems: what was odd is added here.
        former: of a former capture; a folder is not read again where nothing of it moved.
    """
    place = folder.start + file
    stands, signatures = "", None
    if former is not None and file.endswith(".dist-info"):
        # without them it is read below, where the reason is told
        with suppress(OSError, ValueError):
            signatures = stood(folder.begin + file, folder.handle)
    if signatures is not None:
        mtime, a_folder = mtime_of(signatures), True
    else:
        try:
            info = folder.look(file)
        except (OSError, ValueError) as error:
            problems.append(_unreadable(line_text(f"{location}/{file}"), error))
            return None
        mtime, a_folder = info.st_mtime_ns, S_ISDIR(info.st_mode)
    conda_package, record = owners.claim(place, mtime) if owners is not None else (None, None)
    if former is not None and signatures is not None:
        if record is None:
            stands = stands_of(signatures)
        # of a record that lists several, which one leads here depends on more than files
        elif len(record.owned) == 1 and (of_record := former.record_stand(record.file)):
            # whose it is hangs on two files more
            with suppress(OSError, ValueError):
                signatures += also_stood(folder.begin + file, folder.handle)
                stands = f"{stands_of(signatures)}|{of_record}"
    if owners is not None and record is not None:
        is_conda = former.is_conda(place, stands) if former is not None and stands else None
        if is_conda is None:
            reinstalled = owners.is_reinstalled(place, record)
            is_conda, stands = not reinstalled, stands if reinstalled is not None else ""
        if not is_conda:
            conda_package = None
    if former is not None and stands:
        if conda_package is None:
            stands = "|".join([stands, *[_stand(folder, file + name) for name in _OF_PIP]])
        before = former.distribution(place, conda_package, stands)
        if before is not None:
            known = before if isinstance(before, Found) else Found(before, place, mtime, normalise(before.name))
            _hold(former, known, owners, signatures)
            return known
    odd = len(problems)
    path = line_text(f"{location}/{file}")
    if file.endswith(".egg-link"):
        distribution = _egg_link(place, location, conda_package, problems)
    elif file.endswith(".dist-info") and a_folder:
        distribution = _dist_info(place, location, conda_package, problems)
    elif file.endswith(".egg-info"):
        distribution = _egg_info(Path(place), location, conda_package, problems)
    elif file.endswith(".egg") and a_folder:
        distribution = _egg_info(Path(place) / "EGG-INFO", location, conda_package, problems, named=file)
    elif file.endswith(".egg"):
        message = f"{file} is a zipped egg: what is known of it is its file name"
        problems.append(Problem(code="zipped-egg", message=message, path=path))
        distribution = _from_name(file, location, conda_package, CoreMetadata(None, None, ()))
    else:
        return None
    if distribution is None:
        return None
    found = Found(distribution, place, mtime, normalise(distribution.name))
    # a local folder's checkout is read anew each time, and so is what a problem has to be said of
    local = distribution.origin is not None and distribution.origin.kind == "directory"
    if former is not None and stands and not local and len(problems) == odd:
        former.note_distribution(place, distribution, stands)
        _hold(former, found, owners, signatures)
    return found


def _hold(former: Former, found: Found, owners: Owners | None, signatures: tuple[int, ...] | None) -> None:
    record = owners.records.get(found.path) if owners is not None and found.distribution.conda_package is not None else None
    if record is not None and signatures is not None:
        former.hold(found, record, signatures)


def _stand(folder: Folder, name: str) -> str:
    try:
        return stand_of(folder.look(name))
    except (OSError, ValueError):
        return ""


def with_states(distributions: tuple[Distribution, ...]) -> tuple[Distribution, ...]:
    """Return distributions with the state of the checkouts that editable ones run from; see ``checkout_state``."""
    if not any(dist.origin is not None and dist.origin.editable for dist in distributions):
        return distributions
    from envkeep.capturing.checkout_state import with_checkout_states

    return with_checkout_states(distributions)


def _dist_info(folder: str, location: str, conda_package: str | None, problems: list[Problem]) -> Distribution | None:
    start, name = f"{folder}/", file_name(folder)
    path = line_text(f"{location}/{name}")
    try:
        content = read_bytes(start + "METADATA", METADATA_LIMIT)
    except FileNotFoundError:
        # pip leaves such folders behind; neither pip nor Python counts them
        message = f"{name} has no METADATA; it is no distribution and is left out"
        problems.append(Problem(code="leftover-distribution", message=message, path=path))
        return None
    except OSError as error:
        problems.append(_unreadable(f"{path}/METADATA", error))
        content = b""
    base = _from_name(name, location, conda_package, _metadata(content, f"{path}/METADATA", problems))
    # whatever conda's INSTALLER, WHEEL and direct_url.json say, the package's own record says it better
    if base is None or conda_package is not None:
        return base
    origin = None
    direct_url = _read(start, "direct_url.json", _SMALL, base.name, path, problems)
    if direct_url is not None:
        origin = parse_direct_url(direct_url)
        if origin is None:
            message = f"direct_url.json of {base.name} cannot be read: where it came from is not known"
            problems.append(Problem(code="unreadable-origin", message=message, path=f"{path}/direct_url.json", package=base.name))
        else:
            origin = _with_checkout(origin, base.name, path, problems)
    odd = len(problems)
    record = _read(start, "RECORD", _RECORD_LIMIT, base.name, path, problems)
    if record is None and len(problems) == odd:
        message = f"{base.name} has no RECORD: which files are its own is not known, and pip cannot uninstall it"
        problems.append(Problem(code="no-file-list", message=message, path=path, package=base.name))
    installer = line_text(decode(_read(start, "INSTALLER", _SMALL, base.name, path, problems) or b"").strip().lower())
    return replace(
        base,
        origin=origin,
        installer=installer.split()[0] if installer else None,
        requested=exists(start + "REQUESTED"),
        tags=parse_tags(_read(start, "WHEEL", _SMALL, base.name, path, problems) or b""),
        content=content_digest(record) if record is not None else None,
    )


def _egg_info(
    path: Path, location: str, conda_package: str | None, problems: list[Problem], named: str | None = None
) -> Distribution | None:
    # distutils wrote a file, setuptools writes a folder
    a_folder = is_folder(path)
    try:
        content = read_bytes(path / "PKG-INFO" if a_folder else path, METADATA_LIMIT)
    except OSError as error:
        problems.append(_unreadable(f"{location}/{named or path.name}", error))
        content = b""
    core = _metadata(content, f"{location}/{named or path.name}", problems)
    if a_folder and not core.requires:
        requires = _read(f"{path}/", "requires.txt", _SMALL, core.name or path.name, f"{location}/{named or path.name}", problems)
        core = CoreMetadata(core.name, core.version, parse_requires_txt(decode(requires or b"")))
    return _from_name(named or path.name, location, conda_package, core)


def _egg_link(place: str, location: str, conda_package: str | None, problems: list[Problem]) -> Distribution | None:
    """An editable install of old: the first line names the project's folder, the second where its setup.py lies from there."""
    file = file_name(place)
    name = line_text(file.removesuffix(".egg-link"))
    path = line_text(f"{location}/{file}")
    try:
        lines = [line.strip() for line in read_text(place, _SMALL).splitlines() if line.strip()]
    except OSError as error:
        problems.append(_unreadable(path, error))
        return None
    target = Path(lines[0]) if lines else None
    infos = [found for found in scan(target) if found.name.endswith(".egg-info")] if target is not None else []
    if target is None or not infos:
        where = f"{target} is not there" if target is not None else "it names no folder"
        message = f"{name} is an editable install whose project cannot be read: {where}; it is left out"
        problems.append(Problem(code="missing-checkout", message=message, path=path, package=name))
        return None
    wanted = name.lower().replace("-", "_")
    info = next((found for found in infos if found.name.lower().replace("-", "_").startswith(wanted)), infos[0])
    base = _egg_info(Path(info.path), location, conda_package, problems)
    if base is None or conda_package is not None:
        return base
    origin = Origin(kind="directory", url=file_url(str(target)), editable=True)
    return replace(base, origin=_with_checkout(origin, base.name, path, problems), location=location)


def _with_checkout(origin: Origin, name: str, path: str, problems: list[Problem]) -> Origin:
    """Return a local folder's origin with what its git checkout adds.

    The commit is that of the code in use: of an editable install what is checked out now, of a copied one nobody knows.
    """
    if origin.kind != "directory":
        return origin
    local = path_of_file_url(origin.url)
    if local is None:
        return origin
    folder = Path(local)
    if not is_folder(folder):
        if origin.editable:
            message = f"{name} is an editable install of {local}, which is not there"
            problems.append(Problem(code="missing-checkout", message=message, path=path, package=name))
        return origin
    checkout = find_checkout(folder)
    if checkout is None:
        return origin
    return replace(
        origin,
        vcs="git",
        remote=checkout.remote,
        commit=checkout.commit if origin.editable else None,
        subdirectory=checkout.subdirectory or origin.subdirectory,
        auth=origin.auth or checkout.auth,
    )


def _metadata(content: bytes, path: str, problems: list[Problem]) -> CoreMetadata:
    core = parse_metadata(content)
    missing = [word for word, value in (("Name", core.name), ("Version", core.version)) if value is None]
    if missing and content:
        reason = (
            "is a git-LFS pointer" if content.startswith(b"version https://git-lfs") else f"has no {' and no '.join(missing)}"
        )
        message = f"{path.rpartition('/')[2]} {reason}; its folder's name is used instead"
        problems.append(Problem(code="unreadable-metadata", message=message, path=path))
    if core.cut:
        message = f"the head of {path.rpartition('/')[2]} is longer than a MiB; what it requires beyond that is left out"
        problems.append(Problem(code="long-metadata", message=message, path=path))
    return core


def _from_name(metadata: str, location: str, conda_package: str | None, core: CoreMetadata) -> Distribution | None:
    """Return a distribution with what METADATA says, and what it does not say from the name of its folder."""
    stem, dot, ending = line_text(metadata).rpartition(".")
    name, version = core.name, core.version
    if name is None or version is None:
        if ending == "dist-info":
            folder_name, _, folder_version = stem.partition("-")
        else:
            match = _EGG.match(stem)
            folder_name, folder_version = (match["name"], match["version"]) if match else (stem, "")
        name = name or folder_name
        version = version or folder_version
    if not dot or not name:
        return None
    return Distribution(name=name, version=version, conda_package=conda_package, requires=core.requires, location=location)


def _unreadable(path: str, error: OSError | ValueError) -> Problem:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Problem(code="unreadable-metadata", message=f"{path.rpartition('/')[2]} cannot be read: {reason}", path=path)


def _read(  # noqa: PLR0917 - as its callers have it at hand
    start: str, file: str, limit: int, package: str, path: str, problems: list[Problem]
) -> bytes | None:
    """Return a file of a metadata folder; None where there is none, and, with a problem, where it cannot be read."""
    try:
        return read_bytes(start + file, limit)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        code = "unreadable-origin" if file == "direct_url.json" else "unreadable-metadata"
        message = f"{file} of {package} cannot be read: {error.strerror or error}"
        problems.append(Problem(code=code, message=message, path=f"{path}/{file}", package=package))
        return None
