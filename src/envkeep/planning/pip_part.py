"""What pip or uv has to install: one line of our own making for each distribution, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkeep.model.fetched import VCS_KINDS, fragment, is_fetched, is_repository, is_revision, quoted, remote_url
from envkeep.model.frozen import frozen
from envkeep.model.names import is_dist_name, normalise
from envkeep.model.urls import file_url, path_of_file_url
from envkeep.model.versions import pep440
from envkeep.planning.facts import LocalPath
from envkeep.planning.plan import Cannot, CloneCheckout, PipLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkeep.model.record import Distribution, Origin
    from envkeep.model.specification import Requirement
    from envkeep.planning.facts import LocalFacts

__all__ = ["PipPart", "pip_part_of_distributions", "pip_part_of_requirements"]

_NOWHERE = LocalPath(kind=None)
_ON_SERVER = "it lies on a file server, which is not asked for a file of unknown origin"
_COPY = "Copy it here and name that copy in the file, if you trust the server."


@frozen
class PipPart:
    """The lines, the checkouts to clone first, what cannot be brought back, and what a reader should know."""

    lines: tuple[PipLine, ...] = ()
    clones: tuple[CloneCheckout, ...] = ()
    cannot: tuple[Cannot, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Collector:
    facts: LocalFacts
    checkout: str | None
    lines: list[PipLine]
    clones: list[CloneCheckout]
    cannot: list[Cannot]
    notes: list[str]

    def part(self) -> PipPart:
        return PipPart(lines=tuple(self.lines), clones=tuple(self.clones), cannot=tuple(self.cannot), notes=tuple(self.notes))

    def add(self, name: str, version: str | None, text: str, origin: Origin | None = None) -> None:
        self.lines.append(PipLine(name=name, version=version, text=text, origin=origin))

    def lack(self, name: str, reason: str, was: str | None = None, remedy: str | None = None) -> None:
        self.cannot.append(Cannot(kind="pip", name=name, reason=reason, was=was, remedy=remedy))


def pip_part_of_distributions(
    distributions: Iterable[Distribution], facts: LocalFacts, *, checkout: str | None = None
) -> PipPart:
    """Return the lines that bring recorded distributions back, each at its version and from its origin.

    Args:
        distributions: of a record; conda's among them count as if they came from an index.
        facts: what stands at their local origins now.
        checkout: folder that missing editable checkouts are cloned into; None: they are named as missing.
    """
    found = _Collector(facts, checkout, [], [], [], [])
    for dist in distributions:
        if not is_dist_name(dist.name):
            found.lack(dist.name, "its name is none that a Python package can have (PEP 508)")
        elif dist.origin is not None and dist.conda_package is None:
            _from_origin(found, dist.name, dist.version, dist.origin)
        elif pep440(dist.version) is None:
            found.lack(dist.name, f"no index can have version '{dist.version}' (PEP 440)", dist.version)
        else:
            found.add(dist.name, dist.version, f"{dist.name}=={dist.version}")
    return found.part()


def pip_part_of_requirements(
    requirements: Iterable[Requirement], facts: LocalFacts, *, deps: bool = False, checkout: str | None = None
) -> PipPart:
    """Return the lines that bring the requirements of a file back, with the hashes that it holds.

    Args:
        requirements: of the file.
        facts: what stands at their local origins now.
        deps: whether dependencies are to be resolved: pip then asks for a hash of every one, so hashes are held where all lines
            have some, and else none are.
        checkout: as for recorded distributions.
    """
    wanted = tuple(requirements)
    hashed = not deps or all(item.hashes and item.origin is None for item in wanted)
    found = _Collector(facts, checkout, [], [], [], [])
    for item in wanted:
        if item.origin is not None:
            _from_origin(found, item.name, item.version, item.origin)
            continue
        hashes = "".join(f" --hash={value}" for value in item.hashes) if hashed else ""
        found.add(item.name, item.version, item.text + hashes)
    return found.part()


def _from_origin(found: _Collector, name: str, version: str | None, origin: Origin) -> None:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in origin.url):
        found.lack(name, "its URL holds a control character")
    elif origin.subdirectory is not None and not _is_below(origin.subdirectory):
        found.lack(name, "its subdirectory lies outside of what it came from", origin.url)
    elif origin.kind == "vcs":
        _from_repository(found, name, version, origin)
    elif origin.kind == "archive":
        _from_archive(found, name, version, origin)
    else:
        _from_directory(found, name, version, origin)


def _from_repository(found: _Collector, name: str, version: str | None, origin: Origin) -> None:
    # PEP 610: the commit is the revision that was installed, whatever branch or tag was asked for
    vcs = origin.vcs or "git"
    if origin.commit is None or not is_revision(origin.commit):
        found.lack(name, "no commit is recorded, so what it was cannot be told", f"{vcs}+{origin.url}")
        return
    url = quoted(origin.url) if is_repository(origin.url) and vcs in VCS_KINDS else None
    if url is None:
        found.lack(name, "its repository's URL is none that is fetched from", f"{vcs}+{origin.url}")
        return
    if _at(found, origin.url).on_server:
        found.lack(name, _ON_SERVER, f"{vcs}+{origin.url}", _COPY)
        return
    if path_of_file_url(origin.url) is not None and _at(found, origin.url).kind is None:
        found.lack(name, "its repository is not on this machine", f"{vcs}+{origin.url}@{origin.commit}")
        return
    _note_login(found, name, origin, "a repository")
    found.add(name, version, f"{name} @ {vcs}+{url}@{origin.commit}{fragment(_inside(origin))}", origin)


def _from_archive(found: _Collector, name: str, version: str | None, origin: Origin) -> None:
    url = quoted(origin.url) if is_fetched(origin.url) else None
    if url is None:
        found.lack(name, "its URL is none that is fetched from", origin.url)
        return
    path = path_of_file_url(origin.url)
    if path is not None:
        there = _at(found, origin.url)
        if there.on_server:
            found.lack(name, _ON_SERVER, path, _COPY)
            return
        if there.kind != "file":
            found.lack(name, "the local archive that it came from is not there", path, "Put the file back at that path.")
            return
        if there.hash_fits is False:
            found.lack(
                name,
                "the local archive that it came from has changed: its hash is not the recorded one",
                path,
                "Put the file that it was back at that path.",
            )
            return
        if there.hash_fits is None:
            found.notes.append(
                f"{name} comes from {path}, of which no hash is recorded: whether it is the same file cannot be told"
            )
    _note_login(found, name, origin, "an address")
    # pip checks one hash of a URL's fragment
    digest = [pair for pair in origin.hashes if pair[0] == "sha256"][:1]
    found.add(name, version, f"{name} @ {url}{fragment([*_inside(origin), *digest])}", origin)


def _note_login(found: _Collector, name: str, origin: Origin, what: str) -> None:
    if origin.auth is not None:
        found.notes.append(
            f"{name} comes from {what} that asked for credentials; none are recorded: netrc or a credential helper "
            "has to hold them"
        )


def _from_directory(found: _Collector, name: str, version: str | None, origin: Origin) -> None:
    there = _at(found, origin.url)
    path = path_of_file_url(origin.url)
    url = quoted(origin.url) if path is not None else None
    if url is None or path is None:
        found.lack(name, "its folder's URL is none of a local folder", origin.url)
        return
    same = origin.commit is None or there.commit is None or there.commit == origin.commit
    clone = None if there.kind == "directory" and same else _clone(found.checkout, name, origin)
    if clone is not None:
        found.clones.append(clone)
        if origin.dirty:
            found.notes.append(f"{name} had changes in no commit when it was recorded: no clone has them")
        found.add(name, version, _of_folder(name, quoted(file_url(_joined(clone.path, origin.subdirectory))), origin), origin)
        return
    if there.on_server:
        found.lack(name, _ON_SERVER, path, _COPY)
        return
    if there.kind == "directory":
        if not same:
            found.notes.append(
                f"{name} is linked to {path} as it is: it is at commit {there.commit} now, and was at {origin.commit}"
                if origin.editable
                else f"{name} is built from {path} as it is: it is at commit {there.commit} now, and was at {origin.commit}"
            )
        found.add(name, version, _of_folder(name, url, origin), origin)
        return
    remedy = None
    was = path
    if origin.remote is not None and origin.commit is not None:
        was = f"{path} ({origin.remote} at {origin.commit})"
        if found.checkout is None and _clone(".", name, origin) is not None:
            remedy = "`--checkout DIR` clones it there at its commit."
    what = "its editable checkout" if origin.editable else "the local folder that it was built from"
    found.lack(name, f"{what} is not on this machine", was, remedy)


def _clone(checkout: str | None, name: str, origin: Origin) -> CloneCheckout | None:
    """The step that clones what a folder was at into a folder below ``checkout``; None where nothing says what it was."""
    if checkout is None or origin.remote is None or origin.commit is None or not is_revision(origin.commit):
        return None
    url = remote_url(origin.remote)
    if not is_repository(url):
        return None
    return CloneCheckout(name=name, url=url, commit=origin.commit, path=_joined(checkout, normalise(name)))


def _joined(folder: str, below: str | None) -> str:
    # the plan may be for another system than the one it is made on
    separator = "\\" if "\\" in folder and "/" not in folder else "/"
    return folder if below is None else f"{folder.rstrip(separator)}{separator}{below}"


def _of_folder(name: str, url: str, origin: Origin) -> str:
    return f"-e {url}" if origin.editable else f"{name} @ {url}"


def _is_below(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return parts[0] != "" and ":" not in parts[0] and ".." not in parts


def _inside(origin: Origin) -> list[tuple[str, str]]:
    return [] if origin.subdirectory is None else [("subdirectory", origin.subdirectory)]


def _at(found: _Collector, url: str) -> LocalPath:
    return found.facts.paths.get(url, _NOWHERE)
