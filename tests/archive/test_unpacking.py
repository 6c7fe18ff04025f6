"""Damaged and hostile archives: found before anything is unpacked, and nothing leads out."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.archive.unpacking import check_archive, unpacked
from envkeep.archive.zipping import Ingredient, write_archive
from envkeep.engines.base import NoProgress
from envkeep.errors import BadFormatError, EnvkeepError
from envkeep.formats.archive_file import seal_text
from envkeep.formats.archive_manifest import ArchiveManifest, PackedPackage
from envkeep.formats.load import load_file
from envkeep.formats.variants import file_set
from support.records import conda, record

if TYPE_CHECKING:
    from collections.abc import Callable


def small(path: Path, *extra: Ingredient) -> Path:
    """Write an archive of one package."""
    given = record(conda=(conda("six", url="https://host/chan/noarch/six-1.0-0.conda", subdir="noarch"),))
    data = file_set(given)["record.json.gz"]
    ingredients = [
        Ingredient.of("backup/record.json.gz", data),
        Ingredient.of("channel/noarch/six-1.0-0.conda", b"artefact" * 99),
        *extra,
    ]
    package = PackedPackage(kind="conda", name="six", version="1.0", file="channel/noarch/six-1.0-0.conda", came_from="channel")
    manifest = ArchiveManifest(
        name="lab", subdir="linux-64", created="2025-01-31", record="backup/record.json.gz", files=(), packages=(package,)
    )
    write_archive(path, manifest, ingredients, NoProgress())
    return path


def sealed(path: Path, write: Callable[[zipfile.ZipFile], None]) -> Path:
    """Write a zip of one's own and seal it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        write(archive)
        archive.comment = b"x" * len(seal_text("0" * 64))
    data = buffer.getvalue()[: -len(seal_text("0" * 64))]
    path.write_bytes(data + seal_text(hashlib.sha256(data).hexdigest()))
    return path


def hostile(path: Path, names: dict[str, bytes], **changes: Any) -> Path:
    def write(archive: zipfile.ZipFile) -> None:
        files = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in names.items()}
        manifest = {
            "schema": 1,
            "written_by": "x",
            "name": "x",
            "subdir": "linux-64",
            "created": "x",
            "record": next(iter(names)),
            "packages": [],
            "lacking": [],
            "files": files,
            **changes,
        }
        for name, data in names.items():
            archive.writestr(name, data)
        archive.writestr("envkeep.json", json.dumps(manifest))

    return sealed(path, write)


def test_a_whole_one_unpacks_and_loads(tmp_path: Path) -> None:
    archive = small(tmp_path / "a.envkeep")
    with unpacked(archive, NoProgress()) as (folder, manifest):
        assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
            file.name for file in manifest.files
        ]
        assert folder.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    assert not folder.exists()
    found = load_file(archive)
    assert [package.name for package in found.conda] == ["six"]  # type: ignore[union-attr]
    assert zipfile.ZipFile(archive).testzip() is None


def test_a_flipped_byte_anywhere_is_found(tmp_path: Path) -> None:
    archive = small(tmp_path / "a.envkeep")
    data = archive.read_bytes()
    damaged = tmp_path / "b.envkeep"
    for place in range(len(data)):
        damaged.write_bytes(data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :])
        with pytest.raises(BadFormatError):
            check_archive(damaged, NoProgress())
    for length in (0, 3, 200, len(data) - 1):
        damaged.write_bytes(data[:length])
        with pytest.raises(BadFormatError):
            check_archive(damaged, NoProgress())
    damaged.write_bytes(data + b"x")
    with pytest.raises(BadFormatError):
        check_archive(damaged, NoProgress())


@pytest.mark.parametrize(
    "name",
    [
        "../out",
        "/etc/out",
        "a/../../out",
        "C:/out",
        "a\\..\\out",
        "a//b",
        "./a",
        "a/.",
        "con",
        "x/NUL.txt",
        "end.",
        "a\x01b",
        "-rf",
        "~",
        "$HOME",
    ],
)
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    archive = hostile(tmp_path / "a.envkeep", {"record": b"x", name: b"y"})
    with pytest.raises(BadFormatError, match="leads out"), unpacked(archive, NoProgress()):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.envkeep"]


def test_two_names_that_are_one_where_case_counts_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadFormatError, match="twice"):
        check_archive(hostile(tmp_path / "a.envkeep", {"a/File": b"x", "a/file": b"y"}), NoProgress())


def test_links_compression_and_strangers_are_refused(tmp_path: Path) -> None:
    def link(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("record")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("envkeep.json", "{}")

    def bomb(archive: zipfile.ZipFile) -> None:
        archive.writestr("record", b"0" * 10_000_000, zipfile.ZIP_DEFLATED)
        archive.writestr("envkeep.json", "{}")

    for index, write in enumerate((link, bomb)):
        with pytest.raises(BadFormatError, match="no archive that envkeep packed"):
            check_archive(sealed(tmp_path / f"{index}.envkeep", write), NoProgress())
    with pytest.raises(BadFormatError, match=r"without envkeep\.json"):
        check_archive(sealed(tmp_path / "zip.envkeep", lambda archive: archive.writestr("a", "b")), NoProgress())
    stranger = hostile(tmp_path / "a.envkeep", {"record": b"x", "more": b"y"}, files={"record": {"size": 1, "sha256": "0" * 64}})
    with pytest.raises(BadFormatError, match="more"):
        check_archive(stranger, NoProgress())


def test_a_file_of_another_content_than_listed_is_found_though_sealed(tmp_path: Path) -> None:
    archive = hostile(tmp_path / "a.envkeep", {"record": b"x"}, files={"record": {"size": 1, "sha256": "0" * 64}})
    with pytest.raises(BadFormatError, match="record is damaged"), unpacked(archive, NoProgress()):
        pass


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(EnvkeepError, match="MB left"), unpacked(small(tmp_path / "a.envkeep"), NoProgress()):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_large_archive_needs_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    code = (
        "import hashlib, sys; from pathlib import Path; sys.path[:0] = sys.argv[3:]\n"
        "from archive.test_unpacking import small\n"
        "from envkeep.archive.digests import digests; from envkeep.archive.unpacking import unpacked\n"
        "from envkeep.archive.zipping import Ingredient; from envkeep.engines.base import NoProgress\n"
        "big = Path(sys.argv[1]); found = digests(big)\n"
        "item = Ingredient(name='big', source=big, size=found.size, sha256=found.sha256)\n"
        "with unpacked(small(Path(sys.argv[2]), item), NoProgress()): pass\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    peaks = []
    for size in (1 << 10, 200 << 20):
        big = tmp_path / "big"
        with big.open("wb") as file:
            file.truncate(size)
        argv = [sys.executable, "-c", code, str(big), str(tmp_path / "a.envkeep"), str(Path(__file__).parents[1])]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout))
    # kB; blocks of 1 MB
    assert peaks[1] - peaks[0] < 16_000
