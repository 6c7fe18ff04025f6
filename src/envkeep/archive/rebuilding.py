"""A record whose artefacts lie in an unpacked archive: what a plan is made of, and what is put right before it is verified.

The plan is made of a record that names the unpacked files. What is built must not remember them, since they go away: each package
gets its recorded URL and origin back, so that a backup of the new environment equals the original's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.model.channels import channel_base_urls
from envkeep.model.names import normalise
from envkeep.model.record import Origin
from envkeep.model.urls import file_url, path_of_file_url
from envkeep.planning.plan import InstallPip
from envkeep.planning.totals import with_totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.formats.archive_manifest import ArchiveManifest, PackedPackage
    from envkeep.model.record import CondaPackage, Distribution, Record
    from envkeep.planning.plan import PipLine, Plan

__all__ = ["UnpackedRecord"]


class UnpackedRecord:
    """A record and the archive that it was in, unpacked.

    Args:
        record: of the archive.
        manifest: of the archive.
        folder: that it is unpacked to, absolute.
    """

    def __init__(self, record: Record, manifest: ArchiveManifest, folder: Path) -> None:
        self.record = record
        self.manifest = manifest
        self.folder = folder
        self._conda = {package.name: package for package in manifest.packages if package.kind == "conda"}
        self._pip = {normalise(package.name): package for package in manifest.packages if package.kind == "pip"}

    @property
    def source(self) -> Record:
        """The record with its artefacts where they are unpacked: what the plan is made of."""
        return replace(
            self.record,
            conda=tuple(self._unpacked_conda(package) for package in self.record.conda),
            distributions=tuple(self._unpacked_pip(dist) for dist in self.record.distributions),
        )

    def needs_network(self, subdir: str) -> bool:
        """Return whether a rebuild for a platform needs more than the archive: it lacks something, or is of another platform."""
        return not self.manifest.complete or subdir != self.record.environment.subdir

    def adapt(self, plan: Plan) -> Plan:
        """Return the plan of ``source`` as one of the record, its Python packages taken from the unpacked wheels."""
        steps = tuple(
            replace(step, lines=tuple(map(self._line, step.lines))) if isinstance(step, InstallPip) else step
            for step in plan.steps
        )
        copied = tuple(
            f"{dist.name} was linked to {path_of_file_url(dist.origin.url)}, which is not there: what was packed of it is copied"
            for dist in self.record.pip
            if dist.origin is not None and dist.origin.editable and self._is_copied(dist)
        )
        links = (str(self.folder / "wheels"),) if self._pip else ()
        return with_totals(replace(plan, source=self.record, steps=steps, find_links=links, notes=(*plan.notes, *copied)))

    def put_right(self, prefix: Path) -> None:
        """Let a new environment say of each package where it was recorded to come from.

        Raises:
            OSError: a file of it cannot be written.
        """
        from envkeep.capturing.capture import capture
        from envkeep.engines.origins import dist_info, write_origin

        for package in self.record.conda:
            if package.name in self._conda:
                self._put_conda_right(prefix, package)
        found = {normalise(dist.name): dist for dist in capture(prefix, start_python=False).pip}
        for dist in self.record.pip:
            there = found.get(normalise(dist.name))
            folder = dist_info(prefix, there) if there is not None and normalise(dist.name) in self._pip else None
            if folder is None or there is None or not self._is_ours(there):
                continue
            origin = dist.origin
            if origin is not None and origin.editable and self._is_copied(dist):
                # what is a copy must not say that it is linked
                origin = replace(origin, editable=False)
            write_origin(folder, origin)

    def _is_ours(self, dist: Distribution) -> bool:
        """Whether what is installed came from the unpacked files, and not from a folder or repository that still is there."""
        if dist.origin is None:
            return True
        path = path_of_file_url(dist.origin.url)
        return path is not None and Path(path).is_relative_to(self.folder)

    def _unpacked_conda(self, package: CondaPackage) -> CondaPackage:
        packed = self._conda.get(package.name)
        return package if packed is None else replace(package, url=self._url(packed.file))

    def _unpacked_pip(self, dist: Distribution) -> Distribution:
        packed = self._pip.get(normalise(dist.name))
        if packed is None or not dist.from_pip:
            return dist
        if dist.origin is not None and dist.origin.editable and not self._is_copied(dist):
            if packed.link is None:
                return dist
            sha256 = self.manifest.sha256_of(packed.link)
            return replace(dist, origin=Origin(kind="archive", url=self._url(packed.link), hashes=(("sha256", sha256),)))
        return replace(dist, origin=None)

    def _is_copied(self, dist: Distribution) -> bool:
        """Whether an editable distribution's folder is not there, so that its code is what was packed."""
        packed = self._pip.get(normalise(dist.name))
        path = path_of_file_url(dist.origin.url) if dist.origin is not None else None
        return packed is not None and (path is None or not Path(path).is_dir())

    def _line(self, line: PipLine) -> PipLine:
        packed = self._pip.get(normalise(line.name))
        if packed is None or line.origin is not None:
            return line
        return replace(line, text=f"{line.text} --hash=sha256:{self.manifest.sha256_of(packed.file)}")

    def _url(self, name: str) -> str:
        return file_url(str(self.folder.joinpath(*name.split("/"))))

    def _put_conda_right(self, prefix: Path, package: CondaPackage) -> None:
        path = prefix / "conda-meta" / f"{package.name}-{package.version}-{package.build}.json"
        if not path.is_file():
            # another one took its place
            return
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or not _is_below(document.get("url"), self.folder):
            return
        document.update(_place(package, self._conda[package.name]))
        path.unlink()
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


def _is_below(url: object, folder: Path) -> bool:
    path = path_of_file_url(url) if isinstance(url, str) else None
    return path is not None and Path(path).is_relative_to(folder)


def _place(package: CondaPackage, packed: PackedPackage) -> Iterator[tuple[str, str]]:
    url = package.url
    if url is None:
        # its channel alone is known, and under which subdir and name it is packed
        base = next(iter(channel_base_urls(package.channel)), None)
        url = None if base is None else f"{base}/{packed.file.partition('/')[2]}"
    if url is not None:
        yield "url", url
        yield "channel", url.rpartition("/")[0]
