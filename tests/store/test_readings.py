"""The note of what a record was read from: added to, written anew, and never half believed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envkeep.store import readings as readings_module
from envkeep.store.readings import DistributionRow, PackageRow, Readings, read_readings, write_readings
from envkeep.store.seen import seen_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PREFIX = "/opt/lab"
_TAKEN = time.time_ns()


def of(
    packages: Iterable[PackageRow], distributions: Iterable[DistributionRow] = (), *, stamp: str = "20250131112405"
) -> Readings:
    return Readings(
        prefix=_PREFIX,
        stamp=stamp,
        record="0" * 64,
        taken=_TAKEN,
        packages={row.file: row for row in packages},
        distributions={row.path: row for row in distributions},
        files={f"{_PREFIX}/bin/python": "81ed.1"},
    )


def package(number: int, stand: str = "81a4.1.2.3.4.5") -> PackageRow:
    return PackageRow(f"package{number}-1.0-0.json", stand, [f"lib/python3.12/site-packages/package{number}-1.0.dist-info"])


def distribution(number: int, owner: str | None = "package") -> DistributionRow:
    return DistributionRow(f"{_PREFIX}/lib/package{number}-1.0.dist-info", f"package{number}", owner, "41ed.1.2.3.4.5")


def note_of(home: Path) -> Path:
    return type(home)(seen_file(str(home), _PREFIX, kind="files"))


def read_anew(home: Path) -> Readings | None:
    """As another process reads it."""
    readings_module._last = None
    return read_readings(home, _PREFIX)


def without_first(readings: Readings | None) -> Readings:
    assert readings is not None
    return readings._replace(packages=dict([*readings.packages.items()][1:]))


def test_what_is_other_is_added_and_the_rest_stays_as_it_was_written(tmp_path: Path) -> None:
    rows = [package(number) for number in range(200)]
    write_readings(tmp_path, of(rows))
    first = note_of(tmp_path).read_bytes()
    rows[7] = package(7, "81a4.1.2.3.6.6")
    now = of([*rows[:50], *rows[51:]], [distribution(1)], stamp="20250131112406")
    write_readings(tmp_path, now)
    both = note_of(tmp_path).read_bytes()
    assert both.startswith(first)
    assert len(both) - len(first) < len(first) / 20
    assert read_readings(tmp_path, _PREFIX) == now
    assert read_anew(tmp_path) == now


def test_a_note_that_was_read_is_added_to_as_well(tmp_path: Path) -> None:
    rows = [package(number) for number in range(200)]
    write_readings(tmp_path, of(rows))
    first = note_of(tmp_path).read_bytes()
    before = read_anew(tmp_path)
    assert before is not None
    now = before._replace(packages={**before.packages, "new-1-0.json": PackageRow("new-1-0.json", "81a4.9", [])})
    write_readings(tmp_path, now)
    assert note_of(tmp_path).read_bytes().startswith(first)
    assert read_anew(tmp_path) == now


def test_a_note_does_not_grow_without_end(tmp_path: Path) -> None:
    rows = [package(number) for number in range(50)]
    write_readings(tmp_path, of(rows))
    first, sizes = note_of(tmp_path).stat().st_size, []
    for number in range(60):
        rows[number % 50] = package(number % 50, f"81a4.1.2.3.{number:x}.{number:x}")
        write_readings(tmp_path, of(rows))
        sizes.append(note_of(tmp_path).stat().st_size)
        assert read_readings(tmp_path, _PREFIX) == of(rows)
    assert max(sizes) < first * 1.5
    assert read_anew(tmp_path) == of(rows)


def test_what_another_process_wrote_in_between_is_not_added_to(tmp_path: Path) -> None:
    write_readings(tmp_path, of([package(1), package(2)]))
    ours = readings_module._last
    readings_module._last = None
    write_readings(tmp_path, of([package(3, "81a4.7.7.7.7.7")]))
    readings_module._last = ours
    write_readings(tmp_path, of([package(1), package(4)]))
    assert read_anew(tmp_path) == of([package(1), package(4)])


def test_what_was_taken_anew_is_written_anew(tmp_path: Path) -> None:
    write_readings(tmp_path, of([package(number) for number in range(200)]))
    now = of([package(1)])._replace(taken=_TAKEN + 1)
    write_readings(tmp_path, now)
    assert note_of(tmp_path).read_bytes().count(b"\n") == 2
    assert read_anew(tmp_path) == now


def test_no_letter_of_what_was_added_can_change_unseen(tmp_path: Path) -> None:
    rows = [package(number) for number in range(40)]
    write_readings(tmp_path, of(rows))
    first = note_of(tmp_path).stat().st_size
    write_readings(tmp_path, of(rows[1:], [distribution(1)]))
    whole = note_of(tmp_path).read_bytes()
    assert len(whole) > first
    for place in range(first - 3, len(whole)):
        note_of(tmp_path).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_anew(tmp_path) is None
        # cut short, it is none either, unless what was added is gone with nothing left of it
        note_of(tmp_path).write_bytes(whole[:place])
        assert (read_anew(tmp_path) is None) == (place != first)


def test_what_was_added_to_another_note_is_not_taken_for_this_one_s(tmp_path: Path) -> None:
    rows = [package(number) for number in range(40)]
    write_readings(tmp_path, of(rows))
    other = note_of(tmp_path).stat().st_size
    write_readings(tmp_path, of(rows[1:]))
    added = note_of(tmp_path).read_bytes()[other:]
    assert added
    readings_module._last = None
    write_readings(tmp_path, of([package(number, "81a4.6.6.6.6.6") for number in range(40)]))
    with note_of(tmp_path).open("ab") as file:
        file.write(added)
    assert read_anew(tmp_path) is None


@pytest.mark.skipif(os.name == "nt", reason="there are no such links")
def test_a_link_in_the_place_of_a_note_is_not_written_through(tmp_path: Path) -> None:
    rows = [package(number) for number in range(40)]
    write_readings(tmp_path, of(rows))
    elsewhere = tmp_path / "elsewhere"
    note_of(tmp_path).rename(elsewhere)
    note_of(tmp_path).symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    # it is read through the link, and leads to a note
    now = without_first(read_anew(tmp_path))
    write_readings(tmp_path, now)
    assert elsewhere.read_bytes() == before
    assert not note_of(tmp_path).is_symlink()
    assert read_anew(tmp_path) == now


@pytest.mark.skipif(os.name == "nt", reason="what it says of other names of a file is not relied on")
def test_what_a_copy_of_the_home_shares_is_not_added_to(tmp_path: Path) -> None:
    rows = [package(number) for number in range(40)]
    write_readings(tmp_path, of(rows))
    # as cp -al makes it
    (tmp_path / "copy").hardlink_to(note_of(tmp_path))
    before = (tmp_path / "copy").read_bytes()
    now = without_first(read_anew(tmp_path))
    write_readings(tmp_path, now)
    assert (tmp_path / "copy").read_bytes() == before
    assert read_anew(tmp_path) == now


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, 9), st.sampled_from(["81a4.1.1.1.1.1", "81a4.2.2.2.2.2"])),
            st.dictionaries(st.integers(0, 9), st.sampled_from([None, "package"])),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_came_and_went_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[dict[int, str], dict[int, str | None], bool]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    # the rows of a time before are the very objects, as in a capture
    kept: dict[object, PackageRow | DistributionRow] = {}
    for packages, distributions, anew in steps:
        now = of(
            [kept.setdefault((number, stand), package(number, stand)) for number, stand in packages.items()],  # type: ignore[misc]
            [kept.setdefault((number, owner, ""), distribution(number, owner)) for number, owner in distributions.items()],  # type: ignore[misc]
        )
        write_readings(home, now)
        assert (read_anew(home) if anew else read_readings(home, _PREFIX)) == now
    readings_module._last = None
