"""What a former capture read, taken again for every file that is as it was then; see ``store.readings``.

A reader asks with how the file stands now, looked at before it is read, and says what it read. What it met problems with, and
whatever depends on more than a file (a git checkout), is not kept, so that it is read each time.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from envkeep.model.kept import Kept
from envkeep.store.readings import DistributionRow, PackageRow, Readings, was_at_rest
from envkeep.store.seen import signature_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from envkeep.capturing.conda_meta import MetaRecord
    from envkeep.capturing.distribution import Found
    from envkeep.capturing.owners import Owners
    from envkeep.capturing.reading import Folder
    from envkeep.model.record import CondaPackage, Distribution, PythonInfo, Record, Transaction

__all__ = ["Carried", "Former", "Held", "also_stood", "stood"]


class Held(NamedTuple):
    """A distribution of conda's as a capture found it.

    Attributes:
        found: the distribution.
        record: of the package that it belongs to.
        stood: how what says so stood: ``stood``, and ``also_stood`` if that decides.
        row: what is kept of it for another process.
    """

    found: Found
    record: MetaRecord
    stood: tuple[int, ...]
    row: DistributionRow


class Carried(NamedTuple):
    """What a capture read, as its readers hold it; see ``Former``."""

    records: Mapping[str, MetaRecord]
    by_name: Mapping[str, MetaRecord]
    found: Mapping[str, Found]
    held: Mapping[str, Held]


def stood(path: str, handle: int | None) -> tuple[int, ...]:
    """Return the signatures (``seen.signature_of``) of a metadata folder and of its METADATA, one after the other.

    Args:
        path: of the folder.
        handle: of the folder that this path begins in, as ``os.stat`` takes it.

    Raises:
        OSError, ValueError: one is not there, or may not be looked at.
    """
    own, text = os.stat(path, dir_fd=handle), os.stat(path + "/METADATA", dir_fd=handle)
    # spelled out, for a call takes as long again; once for each distribution
    return (
        own.st_mode,
        own.st_dev,
        own.st_ino,
        own.st_size,
        own.st_mtime_ns,
        own.st_ctime_ns,
        text.st_mode,
        text.st_dev,
        text.st_ino,
        text.st_size,
        text.st_mtime_ns,
        text.st_ctime_ns,
    )


def also_stood(path: str, handle: int | None) -> tuple[int, ...]:
    """Return the same of its RECORD, which decides as well where a conda record is older than the folder."""
    return signature_of(os.stat(path + "/RECORD", dir_fd=handle))


class Former:
    """The readings of a former capture, and those of this one.

    Args:
        readings: how the files stood, of ``record``; None: nothing is known.
        record: what was read from them.
        carried: what these readings are of, where this process read it.

    Attributes:
        began: when this was made, before anything is read; ns since 1970.
        records: of conda-meta, by file, that need not be read again where they stand as they did: of the former capture until
            they are read again, if this process made it.
        found: likewise the distributions, by path.
    """

    def __init__(self, readings: Readings | None = None, record: Record | None = None, carried: Carried | None = None) -> None:
        if carried is None or readings is None or record is None:
            carried = Carried({}, {}, {}, {})
        self._meta_is_plain = False
        self.found: Mapping[str, Found] = carried.found
        self._holding: dict[str, Held] = {}
        self.began = time.time_ns()
        self._readings = readings = readings if record is not None else None
        self._record = record
        self._package_rows: Mapping[str, PackageRow] = readings.packages if readings is not None else {}
        self._distribution_rows: Mapping[str, DistributionRow] = readings.distributions if readings is not None else {}
        # what is in no row is read again
        self.records, self._by_name = carried.records, carried.by_name
        if not self.records.keys() <= self._package_rows.keys():
            self.records = {file: read for file, read in self.records.items() if file in self._package_rows}
            self._by_name = {read.package.name: read for read in self.records.values()}
        self._held = carried.held
        if not self._held.keys() <= self._distribution_rows.keys():
            self._held = {place: held for place, held in self._held.items() if place in self._distribution_rows}
        self._packages: dict[str, PackageRow] = {}
        self._rows: dict[str, DistributionRow] = {}
        self._files: dict[str, str] = {}

    @cached_property
    def _conda(self) -> Mapping[str, CondaPackage]:
        return _by_file(self._record) if self._record is not None else {}

    @cached_property
    def _distributions(self) -> Mapping[str, Distribution]:
        return {dist.name: dist for dist in self._record.distributions} if self._record is not None else {}

    @property
    def carried(self) -> Carried:
        """What was read, for the next capture of this process."""
        return Carried(self.records, self._by_name, self.found, self._holding)

    @property
    def knows_packages(self) -> bool:
        """Whether any record of conda-meta may stand as it did."""
        return bool(self._package_rows)

    def keep_records(self, unmoved: Set[str]) -> dict[str, MetaRecord]:
        """Take it that of ``records`` those of these files stand as they did; return them by the package's name."""
        self._packages = dict(self._package_rows)
        # nearly all stay: to copy them takes a tenth of going through them
        for file in self._packages.keys() - unmoved:
            del self._packages[file]
        kept = dict(self._by_name)
        for file in self.records.keys() - unmoved:
            del kept[self.records[file].package.name]
        return kept

    def carry_records(self, records: Mapping[str, MetaRecord] | None) -> None:
        """Carry the records of conda-meta over to the next capture of this process; None: something of it was odd."""
        self._meta_is_plain = records is not None
        self._by_name = {name: read for name, read in (records or {}).items() if read.file in self._packages}
        self.records = {read.file: read for read in self._by_name.values()}

    def package(self, file: str, stand: str) -> tuple[CondaPackage, Sequence[str]] | None:
        """Return what a record of conda-meta held and the metadata that it owns, where it did not move."""
        row = self._package_rows.get(file)
        if row is None or row.stand != stand:
            return None
        package = self._conda.get(file)
        if package is None:
            return None
        self._packages[file] = row
        # a finding about the prefix, not about the file
        return package if package.altered is None else replace(package, altered=None), row.owned

    def note_package(self, file: str, stand: str, owned: Sequence[str]) -> None:
        """Keep how a record of conda-meta stood before it was read."""
        if stand and was_at_rest(stand, self.began):
            self._packages[file] = PackageRow(file, stand, owned)

    def record_stand(self, file: str) -> str:
        """Return how a record of conda-meta stood before it was read for this capture; empty where that says too little."""
        row = self._packages.get(file)
        return "" if row is None else row.stand

    def unmoved(self, folder: Folder, owners: Owners) -> dict[str, Found]:
        """Return the distributions of conda's in a folder that this process found before and that did not move, by file.

        They are nearly all, so this takes the shortest way to what ``distribution`` says of them.
        """
        found: dict[str, Found] = {}
        known, records, start, begin, handle = self._held, owners.records, folder.start, folder.begin, folder.handle
        for file in folder.names:
            place = start + file
            held = known.get(place)
            # the same record: nothing else of the package was read either
            if held is None or records.get(place) is not held.record:
                continue
            try:
                stands = stood(begin + file, handle)
                if len(held.stood) > len(stands):
                    stands += also_stood(begin + file, handle)
            except (OSError, ValueError):
                continue
            if stands == held.stood:
                found[file] = held.found
                self._rows[place], self._holding[place] = held.row, held
        return found

    def hold(self, found: Found, record: MetaRecord, stood: tuple[int, ...]) -> None:
        """Carry a distribution of conda's over to the next capture of this process, if anything is kept of it."""
        row = self._rows.get(found.path)
        if row is not None:
            self._holding[found.path] = Held(found, record, stood, row)

    def is_conda(self, path: str, stands: str) -> bool | None:
        """Return whether a metadata folder that conda lists was conda's when what proves it stood like that; None: not known.

        Args:
            path: of the folder.
            stands: how what decides stood, conda's record last; what is kept of a distribution begins with it.
        """
        row = self._distribution_rows.get(path)
        if row is None or not f"{row.stands}|".startswith(f"{stands}|"):
            return None
        return row.owner is not None

    def distribution(self, path: str, owner: str | None, stands: str) -> Found | Distribution | None:
        """Return the distribution of a metadata folder that belonged to the same and did not move, as it was found if it was."""
        row = self._distribution_rows.get(path)
        if row is None or row.owner != owner or row.stands != stands:
            return None
        before = self.found.get(path) or self._distributions.get(row.name)
        if before is not None:
            self._rows[path] = row
        return before

    def note_distribution(self, path: str, dist: Distribution, stands: str) -> None:
        """Keep how the metadata of a distribution stood before it was read."""
        row = DistributionRow(path, dist.name, dist.conda_package, stands)
        if was_at_rest(stands, self.began) or row == self._distribution_rows.get(path):
            self._rows[path] = row

    def leave_distributions(self, paths: Iterable[str]) -> None:
        """Forget those that are not imported: a record has one of a name."""
        for path in paths:
            self._rows.pop(path, None)
            self._holding.pop(path, None)

    def python(self, executable: str, stands: str) -> PythonInfo | None:
        """Return what a Python said of itself, where nothing moved that it starts from."""
        python = self._record.python if self._record is not None else None
        if python is None or python.source != "interpreter" or python.executable != executable:
            return None
        return python if self._is_same(executable, stands) else None

    def history(self, path: str, stand: str) -> tuple[Transaction, ...] | None:
        """Return the transactions of a history that did not move."""
        return self._record.history if self._record is not None and self._is_same(path, stand) else None

    def note_file(self, path: str, stands: str) -> None:
        """Keep how a file, and what it needs, stood before it was read or started."""
        if stands and was_at_rest(stands, self.began):
            self._files[path] = stands

    def readings(self, prefix: str, stamp: str, digest: str, captured: Record, held: Record) -> Readings:
        """Return what can be taken again from a record that is kept.

        Args:
            prefix: of the environment, absolute.
            stamp: of the backup that keeps it.
            digest: sha256 hex of its file.
            captured: what was read.
            held: the record that is kept, which may differ from that in what is no content.
        """
        packages, rows = self._packages, self._rows
        # what is odd in conda-meta may be in no record; else a record that is kept as it was captured has all of it
        if held is not captured or not self._meta_is_plain:
            conda = _by_file(held)
            same = {file for file, package in _by_file(captured).items() if _same(conda.get(file), package)}
            packages = {file: row for file, row in packages.items() if file in same}
        if held is not captured:
            dists = {dist.name: dist for dist in held.distributions}
            listed = {dist.name for dist in captured.distributions if _same(dists.get(dist.name), dist)}
            rows = {path: row for path, row in rows.items() if row.name in listed}
        others = captured.python == held.python and captured.history == held.history
        return Readings(
            prefix=prefix,
            stamp=stamp,
            record=digest,
            taken=self._readings.taken if self._readings is not None else self.began,
            packages=packages,
            distributions=rows,
            files=self._files if others else {},
        )

    def _is_same(self, path: str, stands: str) -> bool:
        if not stands or self._readings is None or self._readings.files.get(path) != stands:
            return False
        self._files[path] = stands
        return True


def _by_file(record: Record) -> dict[str, CondaPackage]:
    # of two records of one package in conda-meta a Record has one
    return dict(zip(_FILES.each(record.conda), record.conda, strict=True))


_FILES: Kept[CondaPackage, str] = Kept(lambda package: f"{package.name}-{package.version}-{package.build}.json")


def _same(one: object, other: object) -> bool:
    # most are one object, and to compare two takes a hundred times as long
    return one is other or one == other
