"""Where a requirement line says that a package comes from, if not from an index: URLs, repositories, folders, archives.

URL forms are pip's (``git+https://host/repo.git@rev#egg=name&subdirectory=sub``), the values PEP 610's.
"""

from __future__ import annotations

import re

from envkeep.model.credentials import without_credentials
from envkeep.model.fetched import VCS_KINDS, fragment, is_fetched, is_repository, is_revision, quoted, ssh_url
from envkeep.model.frozen import frozen
from envkeep.model.names import is_dist_name
from envkeep.model.record import Origin
from envkeep.model.urls import file_url, path_of_file_url

__all__ = ["Located", "locate", "locate_path", "looks_like_path"]

_ARCHIVE = re.compile(r"\.(?:whl|zip|tar|tar\.gz|tgz|tar\.bz2|tbz|tar\.xz|txz)\Z", re.IGNORECASE)
_ABSOLUTE = re.compile(r"/|\\\\|[A-Za-z]:[\\/]")
_PATH = re.compile(r"\.{0,2}[\\/]|~|[A-Za-z]:[\\/]|\.{1,2}\Z")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")
# folders that conda packages are built in, as direct_url.json of real packages has them
_BUILD_MACHINE = re.compile(
    r"/(?:croot|feedstock_root|conda-bld|build_artifacts|conda_build)/"
    r"|\A/(?:tmp/build/[0-9a-f]+|opt/concourse|home/builder|work/(?:ci|perseverance)[^/]*|home/task_[^/]*)/"
    r"|\A[A-Za-z]:\\(?:ci|ci_[^\\]*|b|bld|croot|a\\1|Users\\builder[^\\]*)\\",
)


@frozen
class Located:
    """What a URL or path says.

    Attributes:
        origin: without credentials.
        url: fit for a requirements line of our own, scheme prefix, commit and fragment included.
        name: of the package, if the URL says or suggests it.
        version: if the archive's file name says it.
        guessed: whether ``name`` is only the end of a path.
        built_elsewhere: whether it is a folder of a machine that builds conda's packages.
    """

    origin: Origin
    url: str
    name: str | None = None
    version: str | None = None
    guessed: bool = False
    built_elsewhere: bool = False


def looks_like_path(text: str) -> bool:
    """Return whether a line is a path and no requirement: ``./x``, ``/x.whl``, ``dist/x-1.0.tar.gz``, ``~/x``."""
    return _PATH.match(text) is not None or (_ARCHIVE.search(text.partition(";")[0].strip()) is not None and " @ " not in text)


def locate_path(text: str, *, editable: bool) -> Located | str:
    """Return what a path says, or the reason why it is refused."""
    path, _, after = text.partition("#")
    path = re.sub(r"\[[^\]]*\]\Z", "", path.strip())
    if path.startswith("~"):
        return "what ~ stands for is another folder for everybody"
    if not _ABSOLUTE.match(path):
        return "a relative path does not say from where"
    return _local(file_url(path), after, editable=editable)


def locate(text: str, *, editable: bool) -> Located | str:
    """Return what a URL says, or the reason why it is refused."""
    if any(letter.isspace() for letter in text):
        return "its URL holds a blank"
    place, _, after = text.partition("#")
    kind, plus, rest = place.partition("+")
    if plus and "/" not in kind and ":" not in kind:
        return _repository(kind.lower(), rest, after, editable=editable)
    if place.lower().startswith("git://"):
        return _repository("git", place, after, editable=editable)
    if place.lower().startswith("file:"):
        return _local(place if place.startswith("file://") else "file://" + place[5:], after, editable=editable)
    clean = without_credentials(place)
    if not is_fetched(clean.url):
        return "its URL is none that pip fetches from"
    if editable:
        return "an archive cannot be editable"
    parts = _parts(after)
    hashes = tuple((word, parts[word].lower()) for word in ("sha256", "sha384", "sha512") if word in parts)
    origin = Origin(kind="archive", url=clean.url, subdirectory=parts.get("subdirectory"), hashes=hashes, auth=clean.auth)
    name, version = _of_file_name(clean.url)
    return Located(origin=origin, url=quoted(clean.url) + _fragment_text(origin), name=parts.get("egg") or name, version=version)


def _repository(kind: str, rest: str, after: str, *, editable: bool) -> Located | str:
    if kind not in VCS_KINDS:
        return f"{kind} is no version control system that pip knows"
    url, revision = ssh_url(rest), None
    head, at, tail = url.rpartition("@")
    # the @ of user@host stands before the path
    if at and "/" in head.partition("://")[2]:
        url, revision = head, tail
    clean = without_credentials(url)
    if not is_repository(clean.url):
        return "its repository's URL is none that is fetched without running programs"
    if revision is not None and not is_revision(revision):
        return "its revision is none"
    parts = _parts(after)
    commit = revision if revision is not None and (_COMMIT.match(revision) or kind in {"svn", "bzr"}) else None
    origin = Origin(
        kind="vcs",
        url=clean.url,
        editable=editable,
        vcs=kind,
        commit=commit,
        requested_revision=revision if commit is None else None,
        subdirectory=parts.get("subdirectory"),
        auth=clean.auth,
    )
    where = f"{kind}+{quoted(clean.url)}" + (f"@{revision}" if revision is not None else "")
    egg = _egg(parts)
    name = egg or _like_name(_end(clean.url).removesuffix(".git"))
    return Located(origin=origin, url=where + _fragment_text(origin), name=name, guessed=egg is None)


def _local(url: str, after: str, *, editable: bool) -> Located | str:
    path = path_of_file_url(url)
    if path is None or not _ABSOLUTE.match(path):
        return "its path is none that says where it is"
    parts = _parts(after)
    archive = _ARCHIVE.search(path) is not None
    hashes = tuple((word, parts[word].lower()) for word in ("sha256", "sha384", "sha512") if word in parts)
    origin = Origin(
        kind="archive" if archive else "directory",
        url=url,
        editable=editable and not archive,
        subdirectory=parts.get("subdirectory"),
        hashes=hashes if archive else (),
    )
    name, version = _of_file_name(url) if archive else (None, None)
    egg = _egg(parts)
    return Located(
        origin=origin,
        url=quoted(url) + _fragment_text(origin),
        name=egg or name or _like_name(_end(url)),
        version=version,
        guessed=egg is None and name is None,
        built_elsewhere=not editable and _BUILD_MACHINE.search(path) is not None,
    )


def _of_file_name(url: str) -> tuple[str | None, str | None]:
    """The name and version that an archive's file name says (PEP 427, PEP 625)."""
    from urllib.parse import unquote

    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    file_name = unquote(_end(url))
    try:
        if file_name.endswith(".whl"):
            parse_wheel_filename(file_name)
            name, version = file_name.split("-")[:2]
            return name, version
        if file_name.endswith((".tar.gz", ".zip")):
            found, parsed = parse_sdist_filename(file_name)
            return str(found), str(parsed)
    except (InvalidWheelFilename, InvalidSdistFilename):
        pass
    return None, None


def _parts(text: str) -> dict[str, str]:
    from urllib.parse import unquote

    pairs = (part.partition("=") for part in text.split("&"))
    return {name: unquote(value) for name, _, value in pairs if name and value}


def _egg(parts: dict[str, str]) -> str | None:
    # setuptools' old form: egg=name-1.0 has a version, egg=name[extra] an extra
    egg = re.split(r"\[|==", parts.get("egg", ""), maxsplit=1)[0].strip()
    return egg if is_dist_name(egg) else None


def _fragment_text(origin: Origin) -> str:
    inside = list(origin.hashes[:1])
    return fragment(inside if origin.subdirectory is None else [*inside, ("subdirectory", origin.subdirectory)])


def _like_name(text: str) -> str | None:
    from urllib.parse import unquote

    name = re.sub(r"[^A-Za-z0-9._-]+", "-", unquote(text)).strip("._-")
    return name or None


def _end(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]
