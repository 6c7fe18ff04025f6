"""What brings back each Python package that pip installed: a wheel, and the source of what is on no index.

    it came from     the wheel is                                                       beside it
    an index         the index's, by the tags of the installed one; else what is        the sdist, where there is no such wheel
                     installed, put back into a wheel; else built from the sdist
    a file or URL    that file; of an sdist as below                                    the sdist
    a repository     what is installed, put back; else built at the commit              a git bundle
    a folder         what is installed, put back; else built                            a git bundle and a diff, or an sdist
    an editable one  built from the folder as it is; a second one holds the link        a git bundle and a diff, or an sdist

What is installed is taken only where the environment is there and still has the recorded content.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from envkeep.archive.building import build_wheel, fetch_sdist
from envkeep.archive.digests import digests
from envkeep.archive.repacking import CannotRepackError, repack
from envkeep.archive.wheels import download_wheels, holds
from envkeep.engines.base import NoProgress
from envkeep.engines.fetching import fetch_files
from envkeep.model.content import distribution_identity
from envkeep.model.fetched import is_fetched
from envkeep.model.names import is_dist_name, normalise
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkeep.archive.pips import Pips
    from envkeep.engines.base import Progress
    from envkeep.formats.archive_manifest import CameFrom
    from envkeep.model.record import Distribution, Record

__all__ = ["PipArtefact", "PipGatherer"]


@dataclass(slots=True, kw_only=True)
class PipArtefact:
    """What was got of one distribution; ``wheel`` is None where none could be had, and ``reasons`` say why.

    Attributes:
        came_from: as of ``archive_manifest.PackedPackage``.
        link: of an editable install, the wheel that holds the link.
        sources: sdist, bundle, diff.
        reasons: why the wheel could not be had, each way that was tried.
        lost_source: why the source could not be had, where it is on no index; None where it was, or need not be.
    """

    dist: Distribution
    wheel: Path | None = None
    came_from: CameFrom = "index"
    link: Path | None = None
    sources: tuple[Path, ...] = ()
    reasons: list[str] = field(default_factory=list)
    lost_source: str | None = None


class PipGatherer:
    """Gets what brings a record's Python packages back into a folder.

    Args:
        record: whose packages.
        folder: where files go; one folder for each package, which names its identity.
        pips: who fetches and builds.
    """

    def __init__(self, record: Record, folder: Path, pips: Pips) -> None:
        self.record = record
        self.folder = folder
        self.pips = pips

    def gather(self, distributions: Iterable[Distribution], progress: Progress) -> list[PipArtefact]:
        """Return what was got of each distribution, sorted by name.

        Args:
            distributions: of the record; those that were got before are to be left out.
            progress: told how many are done.
        """
        found = [PipArtefact(dist=dist) for dist in sorted(distributions, key=lambda dist: normalise(dist.name))]
        from_index = [item for item in found if item.dist.origin is None]
        progress.start("getting Python packages", len(found))
        try:
            self._from_index(from_index)
            progress.advance(len(from_index))
            for item in found:
                if item.dist.origin is not None:
                    self._from_origin(item)
                    progress.advance()
        finally:
            progress.finish()
        return found

    def place(self, dist: Distribution) -> Path:
        """Return the folder of a distribution's files."""
        import hashlib
        import json

        identity = json.dumps([distribution_identity(dist), dist.tags], sort_keys=True).encode()
        return self.folder / f"{_folder_name(dist)}-{hashlib.sha256(identity).hexdigest()[:12]}"

    @cached_property
    def _live(self) -> dict[str, Distribution]:
        """What is installed at the recorded prefix now, by normalised name; empty where it is not there."""
        from envkeep.capturing.capture import capture
        from envkeep.errors import EnvkeepError

        prefix = Path(self.record.environment.prefix)
        if not prefix.is_dir():
            return {}
        try:
            return {normalise(dist.name): dist for dist in capture(prefix, start_python=False).pip}
        except (EnvkeepError, OSError):
            return {}

    def _from_index(self, items: list[PipArtefact]) -> None:
        python = self.record.python.version if self.record.python is not None else "3"
        askable = [item.dist for item in items if is_dist_name(item.dist.name)]
        wheels, reasons = download_wheels(askable, python, self.pips, self.folder / "index")
        for item in items:
            name = normalise(item.dist.name)
            wheel = wheels.get(name)
            if wheel is not None and holds(wheel, item.dist) is not False:
                self._take(item, wheel, "index")
                continue
            item.reasons.append(
                f"the index has no wheel of it for {', '.join(item.dist.tags) or 'its Python'} ({reasons.get(name, 'no name')})"
                if wheel is None
                else "the index's wheel of that version holds other files than were installed"
            )
            if self.pips.offline and self._repack(item):
                # nothing can be asked for the source besides
                continue
            sdist = None
            if wheel is None and is_dist_name(item.dist.name):
                sdist = fetch_sdist(f"{item.dist.name}=={item.dist.version}", self.pips, self.place(item.dist) / "sources")
            if isinstance(sdist, Path):
                item.sources = (sdist,)
            if not self.pips.offline and self._repack(item):
                continue
            if isinstance(sdist, Path):
                self._build(item, sdist)
            elif wheel is not None:
                # the same version from the same index, and nothing nearer is to be had
                self._take(item, wheel, "index")
            elif sdist is not None:
                item.reasons.append(f"nor has it a source archive ({sdist})")

    def _from_origin(self, item: PipArtefact) -> None:
        origin = item.dist.origin
        if origin is None:
            return
        if origin.kind == "archive":
            self._from_archive(item)
            return
        from envkeep.archive.projects import project_source

        with project_source(item.dist, self.place(item.dist) / "sources", offline=self.pips.offline) as source:
            item.sources = source.files
            item.lost_source = source.reason
            if origin.editable:
                self._link(item)
            if not origin.editable and self._repack(item):
                return
            if source.folder is None:
                item.reasons.append(source.reason or "its source is not to be had")
            else:
                self._build(item, source.folder)

    def _from_archive(self, item: PipArtefact) -> None:
        origin = item.dist.origin
        if origin is None:
            return
        file = self._archive_file(item)
        if isinstance(file, str):
            item.reasons.append(file)
            self._repack(item)
            return
        if file.name.endswith(".whl"):
            item.wheel, item.came_from = file, "file" if path_of_file_url(origin.url) else "index"
            return
        item.sources = (file,)
        if not self._repack(item):
            self._build(item, file)

    def _archive_file(self, item: PipArtefact) -> Path | str:
        """The file that an archive's origin names, held against its hash, or why it cannot be had."""
        origin, folder = item.dist.origin, self.place(item.dist) / "sources"
        if origin is None:
            return "it came from no file"
        wanted = dict(origin.hashes).get("sha256")
        local = path_of_file_url(origin.url)
        if local is not None:
            path = Path(local)
            if not path.is_file():
                return f"{path}, which it was installed from, is not there"
            if wanted is not None and digests(path).sha256 != wanted.lower():
                return f"{path}, which it was installed from, has changed: its hash is another"
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / path.name
            shutil.copyfile(path, target)
            return target
        if not is_fetched(origin.url):
            return f"its URL is none that is fetched from: {origin.url}"
        if self.pips.offline:
            return "the network is not to be used"
        target = folder / (unquote(origin.url.partition("#")[0].rpartition("/")[2]) or "archive")
        failed = fetch_files({origin.url: target}, NoProgress(), self.pips.environ)
        if failed:
            return failed[origin.url]
        if wanted is not None and digests(target).sha256 != wanted.lower():
            return f"what is at {origin.url} has changed: its hash is another"
        return target

    def _repack(self, item: PipArtefact) -> bool:
        """Put what is installed back into a wheel, where it still is what was recorded."""
        live = self._live.get(normalise(item.dist.name))
        if live is None or distribution_identity(live) != distribution_identity(item.dist) or live.content is None:
            item.reasons.append("it is not installed any more where it was recorded")
            return False
        try:
            wheel = repack(live, Path(self.record.environment.prefix), self.place(item.dist))
        except CannotRepackError as error:
            item.reasons.append(f"what is installed cannot be put back into a wheel: {error}")
            return False
        if holds(wheel, item.dist) is False:
            item.reasons.append("what is installed makes another wheel than the recorded one")
            return False
        item.wheel, item.came_from = wheel, "environment"
        return True

    def _link(self, item: PipArtefact) -> None:
        live = self._live.get(normalise(item.dist.name))
        if live is None or live.version != item.dist.version or live.origin is None or item.dist.origin is None:
            return
        if not live.origin.editable or live.origin.url != item.dist.origin.url:
            return
        try:
            item.link = repack(live, Path(self.record.environment.prefix), self.place(item.dist) / "link")
        except CannotRepackError:
            # an egg-link has no list of files: it is linked anew where its folder is
            item.link = None

    def _build(self, item: PipArtefact, source: Path) -> None:
        built = build_wheel(source, self.pips, self.place(item.dist))
        if isinstance(built, Path):
            item.wheel, item.came_from = built, "built"
        else:
            item.reasons.append(built)

    def _take(self, item: PipArtefact, wheel: Path, came_from: CameFrom) -> None:
        target = self.place(item.dist) / wheel.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(wheel, target)
        item.wheel, item.came_from = target, came_from


def _folder_name(dist: Distribution) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in dist.name)[:60]
