"""Every fact about prefixes as they are found, and the test that holds it.

| fact (conda-facts, section.number) | test |
|---|---|
| 1 canonical channels, a record without `channel` | tests/model/test_channels.py, `test_channel_of_the_url` |
| 1 pip's are those in no conda file list, INSTALLER is no proof | `test_ownership_is_by_file_lists` |
| 1 a pip package in a conda one's place | `test_pip_over_conda` |
| pip installs the same version over a conda package | `test_the_same_version_over_conda` |
| 1 variables, `***unset***` | `test_variables` |
| 1 reading harms | tests/capturing/test_harmless.py |
| 2 the history of all writers | tests/formats/test_history.py |
| 2 clones, explicit creates: inferred from the graph | tests/capturing/test_requested.py |
| 3.1 records that cannot be read | `test_unreadable_records` |
| 3.2 fields that installers leave out or write otherwise | `test_sparse_records` |
| 3.3 spellings of `channel` | tests/model/test_channels.py |
| 3.4 files that are no records, names that do not match | `test_files_that_are_no_records`, `test_a_misnamed_record` |
| 3.5 history and records disagree | `test_the_history_lists_what_is_not_there` |
| 3.6 epochs, free-threaded Pythons | `test_epochs`, `test_free_threaded` |
| 3.7 two Pythons' leftovers, `lib/python3.1` | `test_leftovers_of_another_python`, `test_a_link_or_copy_does_not_double` |
| 3.8 pyvenv.cfg in a conda prefix, a venv inside one | `test_conda_goes_before_venv`, `test_a_venv_inside_a_conda_prefix` |
| 4.1 two dist-infos of a package, `~ip` | `test_duplicates`, `test_leftover_of_pip` |
| 4.2 no RECORD, no INSTALLER, no Name, no PEP 440 | `test_thin_metadata`, `test_versions_stay_as_they_are` |
| 4.3 the dist's name is not the package's | `test_names_differ` |
| 4.4 egg-link, egg-info, .egg, editable by PEP 610 | `test_old_editables`, `test_eggs`, tests/capturing/test_origins.py |
| 4.5 direct_url.json of the build machine | `test_build_machines_are_no_origin` |
| 4.6 VCS installs and checkouts | tests/capturing/test_origins.py, test_checkout.py |
| 4.7 RECORD without launchers | tests/capturing/test_metadata.py |
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.capturing.capture import capture
from envkeep.formats import environment_yml
from support.listed import listed_as_captured
from support.wild_prefixes import wild_conda, wild_venv

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.model.record import CondaPackage, Distribution, Record


def read(path: Path) -> Record:
    return listed_as_captured(path, capture(path, start_python=False, environ={}), {})


def package(record: Record, name: str) -> CondaPackage:
    return next(found for found in record.conda if found.name == name)


def dist(record: Record, name: str) -> Distribution:
    return next(found for found in record.distributions if found.name == name)


def codes(record: Record) -> list[str]:
    return [problem.code for problem in record.problems]


def test_channel_of_the_url(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("a", channel=..., subdir=..., fn=...)
    found = package(read(prefix.path), "a")
    assert (found.channel, found.subdir, found.fn) == ("conda-forge", "linux-64", "a-1.0-0.conda")


def test_credentials_of_a_record(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("a", url="https://host/t/S3CR3T/chan/linux-64/a-1.0-0.conda", channel="https://u:S3CR3T@host/chan/linux-64")
    record = read(prefix.path)
    assert "S3CR3T" not in repr(record)
    assert package(record, "a").auth == "token"
    assert package(record, "a").channel == "https://host/chan"


def test_ownership_is_by_file_lists(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("six", conda="six", installer="pip")
    prefix.dist("rich", installer="conda")
    record = read(prefix.path)
    assert dist(record, "six").conda_package == "six"
    assert [found.name for found in record.pip] == ["rich"]


def test_pip_over_conda(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    gone = prefix.dist("idna", "3.4", conda="idna")
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    prefix.dist("idna", "3.10")
    prefix.record("graphviz", "12.0")
    prefix.dist("graphviz", "0.20")
    removed = prefix.dist("wcwidth", conda="wcwidth")
    for file in removed.iterdir():
        file.unlink()
    removed.rmdir()
    record = read(prefix.path)
    assert package(record, "idna").altered == "overwritten"
    assert package(record, "idna").version == "3.4"
    assert dist(record, "idna").version == "3.10"
    assert package(record, "wcwidth").altered == "removed"
    # the C library and the Python package share a name and nothing else; conda drops the library
    assert package(record, "graphviz").altered is None
    assert codes(record) == ["clobbered", "removed-package"]


@pytest.mark.parametrize("path", ["lib/python3.12/site-packages", "site-packages", "lib\\python3.12\\site-packages"])
@pytest.mark.parametrize("indent", [2, None])
@pytest.mark.parametrize("changed", [True, False])
def test_the_same_version_over_conda(tmp_path: Path, path: str, indent: int | None, changed: bool) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    folder = prefix.dist("six", record="six.py,sha256=abc,1\n")
    separator = "\\" if "\\" in path else "/"
    data = {
        "paths": [
            {"_path": f"{path}{separator}six.py", "sha256": "0" * 64},
            {
                "_path": separator.join((path, folder.name, "RECORD")),
                "sha256": "1" * 64,
                "sha256_in_prefix": sha256(b"six.py,sha256=abc,1\n").hexdigest(),
            },
        ]
    }
    record = prefix.record("six", files=prefix.owned(folder), paths_data=data, indent=indent)
    if changed:
        (folder / "RECORD").write_text("six.py,sha256=abc,1\nsix-1.0.dist-info/INSTALLER,,\n")
    os.utime(record, (1, 1))
    found = read(prefix.path)
    assert dist(found, "six").from_pip == changed
    assert package(found, "six").altered == ("overwritten" if changed else None)
    assert codes(found) == (["clobbered"] if changed else [])
    # conda's own export keeps its line, since its anchor is in place
    assert "  - six=1.0=0\n" in environment_yml.write(found)


def test_variables(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    state = {"env_vars": {"B": "1", "A": "x: y", "GONE": "***unset***", "N": 1}}
    (prefix.path / "conda-meta" / "state").write_text(json.dumps(state))
    assert read(prefix.path).variables == (("B", "1"), ("A", "x: y"), ("N", "1"))


@pytest.mark.parametrize("text", ["{", "[]", '{"env_vars": []}', "\x00"])
def test_a_broken_state(tmp_path: Path, text: str) -> None:
    prefix = wild_conda(tmp_path / "e")
    (prefix.path / "conda-meta" / "state").write_text(text)
    record = read(prefix.path)
    assert record.variables == ()
    assert codes(record) == ["unreadable-state"]


def test_pins_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    (prefix.path / "conda-meta" / "pinned").mkdir()
    record = read(prefix.path)
    assert record.pinned == ()
    assert codes(record) == ["unreadable-pinned"]


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


@pytest.mark.parametrize(
    "content",
    [
        LFS,
        "",
        "   ",
        '{\n  "build": "0",\n  "files": [\n    "a"',
        "not json",
        "[]",
        "{}",
        '{"name": 1}',
        "\udcff".encode("utf-8", "surrogateescape"),
        "[" * 100_000,
        '{"name": "b", "version": "1.0"}',
        "9" * 5000,
    ],
)
def test_unreadable_records(tmp_path: Path, content: str | bytes) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("a")
    broken = prefix.path / "conda-meta" / "b-1.0-0.json"
    broken.write_bytes(content if isinstance(content, bytes) else content.encode())
    record = read(prefix.path)
    assert [found.spec for found in record.conda] == ["a=1.0=0", "b=1.0=0"]
    (problem,) = record.problems
    assert (problem.code, problem.path, problem.package) == ("unreadable-record", "conda-meta/b-1.0-0.json", "b")


def test_a_record_that_may_not_be_read_and_one_that_is_a_pipe(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    (prefix.path / "conda-meta" / "loop-1-0.json").symlink_to("loop-1-0.json")
    if hasattr(os, "mkfifo"):
        os.mkfifo(prefix.path / "conda-meta" / "pipe-1-0.json")
    (prefix.path / "conda-meta" / "folder-1-0.json").mkdir()
    (prefix.path / "conda-meta" / "dangling-1-0.json").symlink_to("nowhere")
    record = read(prefix.path)
    assert set(codes(record)) == {"unreadable-record", "vanished-record"}
    assert "dangling" not in [found.name for found in record.conda]


def test_sparse_records(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    missing: dict[str, Any] = dict.fromkeys(["channel", "fn", "size", "paths_data", "sha256", "url", "md5", "timestamp"], ...)
    prefix.record("installer", link={"type": "hard-link"}, **missing)
    prefix.record("pixi", link=None, requested_spec="None", depends=None, constrains="x", track_features="a b", size="big")
    prefix.record("old", noarch=True, timestamp=1700000000, build_number="1", md5="short")
    record = read(prefix.path)
    assert not record.problems
    found = package(record, "installer")
    assert (found.channel, found.url, found.size, found.sha256) == ("", None, None, None)
    assert package(record, "pixi").track_features == ("a", "b")
    assert package(record, "pixi").depends == ()
    old = package(record, "old")
    assert (old.noarch, old.timestamp, old.build_number, old.md5) == ("generic", 1700000000000, 0, None)


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_layouts_of_all_writers_say_the_same(tmp_path: Path, indent: int | None) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    folder = prefix.dist("six")
    files = [*prefix.owned(folder), "bin/.six-post-link.sh", *(f"lib/{number}.py" for number in range(50))]
    paths = {"paths": [{"_path": path, "sha256": "0"} for path in files], "paths_version": 1}
    prefix.record("six", indent=indent, files=files, paths_data=paths, license='MIT\n  "files": [')
    record = read(prefix.path)
    assert dist(record, "six").conda_package == "six"
    assert package(record, "six").link_scripts == ("post-link",)
    assert package(record, "six").license == 'MIT?  "files": ['


def test_files_that_are_no_records(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("a")
    for name in ("state.bak", "frozen", "pixi", "pixi_env_prefix", "._a-1.0-0.json", "a-1.0-0.json~", ".a-1.0-0.json.swp"):
        (prefix.path / "conda-meta" / name).write_text("{}")
    (prefix.path / "conda-meta" / "pinned").write_text("# pins\n\nnumpy <2\n https://u:S3CR3T@host/c::x \n")
    record = read(prefix.path)
    assert [found.name for found in record.conda] == ["a"]
    assert record.pinned == ("numpy <2", "https://host/c::x")
    assert not record.problems


def test_a_misnamed_record(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("a").rename(prefix.path / "conda-meta" / "a-1.0-0 (copy).json")
    record = read(prefix.path)
    assert record.conda == ()
    assert codes(record) == ["misnamed-record"]


def test_two_records_of_a_package(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    old = prefix.record("a", "2.0")
    new = prefix.record("a", "1.0")
    os.utime(old, ns=(1, 1))
    record = read(prefix.path)
    assert [found.version for found in record.conda] == ["1.0"]
    assert record.problems[0].path == f"conda-meta/{old.name}"
    new.write_text("")
    assert [found.version for found in read(prefix.path).conda] == ["2.0"]


def test_the_history_lists_what_is_not_there(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("a")
    prefix.record("b")
    prefix.history("==> 2024-01-01 00:00:00 <==\n# cmd: conda create\n+c/linux-64::gone-1-0\n# update specs: ['a', 'gone']\n")
    record = read(prefix.path)
    assert record.requested.specs == ("a",)
    assert record.history[0].added == ("c/linux-64::gone-1-0",)


def test_epochs(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("x264", "1!157.20191217", "h1de35cc_0")
    assert package(read(prefix.path), "x264").spec == "x264=1!157.20191217=h1de35cc_0"


@pytest.mark.parametrize("told", [True, False])
def test_free_threaded(tmp_path: Path, told: bool) -> None:
    site = "lib/python3.13t/site-packages"
    prefix = wild_conda(tmp_path / "e", site=site)
    path = {"python_site_packages_path": site} if told else {}
    prefix.python("3.13.1", "h_100_cp313t", **path)
    folder = prefix.dist("six")
    # conda installs through the link that conda-forge's python has
    (prefix.path / "lib" / "python3.13").symlink_to("python3.13t")
    prefix.record("six", files=[path.replace("3.13t", "3.13") for path in prefix.owned(folder)])
    record = read(prefix.path)
    assert record.python is not None
    assert record.python.free_threaded
    assert [(found.name, found.conda_package, found.location) for found in record.distributions] == [("six", "six", site)]
    assert not record.problems


def test_leftovers_of_another_python(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python("3.12.1")
    prefix.dist("six", conda="six")
    prefix.dist("old", site="lib/python3.11/site-packages")
    record = read(prefix.path)
    assert [found.name for found in record.distributions] == ["six"]
    assert codes(record) == ["leftover-python"]


@pytest.mark.parametrize("how", ["link", "copy"])
def test_a_link_or_copy_does_not_double(tmp_path: Path, how: str) -> None:
    prefix = wild_conda(tmp_path / "e", site="lib/python3.10/site-packages")
    prefix.python("3.10.4")
    folder = prefix.dist("six")
    prefix.record("six", files=prefix.owned(folder))
    if how == "link":
        (prefix.path / "lib" / "python3.1").symlink_to("python3.10")
    else:
        prefix.dist("six", site="lib/python3.1/site-packages")
    record = read(prefix.path)
    assert [(found.name, found.conda_package) for found in record.distributions] == [("six", "six")]
    assert "duplicate-distribution" not in codes(record)


def test_conda_goes_before_venv(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    (prefix.path / "pyvenv.cfg").write_text("version = 3.9.0\n")
    prefix.python("3.12.1")
    record = read(prefix.path)
    assert record.environment.kind == "conda"
    assert record.python is not None
    assert record.python.version == "3.12.1"


def test_a_venv_inside_a_wild_conda(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    inner = wild_venv(prefix.path / ".venv")
    inner.dist("six")
    assert read(prefix.path).distributions == ()
    assert [found.name for found in read(inner.path).distributions] == ["six"]
    assert read(inner.path).environment.name == "e"


def test_no_python_at_all(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.record("r-base")
    record = read(prefix.path)
    assert record.python is None
    assert record.distributions == ()
    assert not record.problems


def test_duplicates(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    site = prefix.path / prefix.site
    prefix.dist("pytz", "2019.3", record="pytz/__init__.py,sha256=a,10\npytz/x.py,sha256=b,3\n")
    new = prefix.dist("pytz", "2020.1", record="pytz/__init__.py,sha256=c,20\npytz/y.py,sha256=d,4\n")
    prefix.record("pytz", "2020.1", files=prefix.owned(new))
    (site / "pytz").mkdir()
    (site / "pytz" / "__init__.py").write_text("x" * 20)
    (site / "pytz" / "y.py").write_text("y" * 4)
    os.utime(new, ns=(1, 1))
    record = read(prefix.path)
    assert [(found.version, found.conda_package) for found in record.distributions] == [("2020.1", "pytz")]
    assert package(record, "pytz").altered is None
    (problem,) = record.problems
    assert problem.code == "duplicate-distribution"
    assert problem.path == f"{prefix.site}/pytz-2019.3.dist-info"
    # and with the files of the other one in place
    (site / "pytz" / "__init__.py").write_text("x" * 10)
    (site / "pytz" / "x.py").write_text("x" * 3)
    record = read(prefix.path)
    assert [(found.version, found.conda_package) for found in record.distributions] == [("2019.3", None)]
    assert package(record, "pytz").altered == "overwritten"


def test_leftover_of_pip(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("~ip", "20.0")
    (prefix.path / prefix.site / "empty-1.0.dist-info").mkdir()
    record = read(prefix.path)
    assert record.distributions == ()
    assert codes(record) == ["leftover-distribution"] * 2


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ("Metadata-Version: 2.1\nName: Flask-Cors\nVersion: 4.0\n", ("Flask-Cors", "4.0")),
        ("metadata-version: 2.1\r\nNAME: Flask-Cors\r\nversion: 4.0\r\n\r\nVersion: 9\r\n", ("Flask-Cors", "4.0")),
        ("Name: Flask-Cors\n\nVersion: 9\n", ("Flask-Cors", "3.9")),
        ("Version: 4.0\n", ("Flask_Cors", "4.0")),
        (LFS, ("Flask_Cors", "3.9")),
        ("", ("Flask_Cors", "3.9")),
        (b"Name: Flask-Cors\nVersion: 4.0\nAuthor: \xff\xfe\n", ("Flask-Cors", "4.0")),
        ("\ufeffName: Flask-Cors\nVersion: 4.0\n", ("Flask-Cors", "4.0")),
    ],
)
def test_thin_metadata(tmp_path: Path, metadata: str | bytes, named: tuple[str, str]) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("Flask_Cors", "3.9", metadata=metadata, record=None, installer=None)
    record = read(prefix.path)
    (found,) = record.distributions
    assert (found.name, found.version) == named
    assert (found.installer, found.content, found.tags) == (None, None, ())
    assert "no-file-list" in codes(record)


@pytest.mark.parametrize("version", ["4.0.0-unsupported", "0+unknown", "01.0-RC1", "2.1.0+cu121"])
def test_versions_stay_as_they_are(tmp_path: Path, version: str) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("x", version)
    assert dist(read(prefix.path), "x").version == version


def test_names_differ(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("Pillow", "9.0", conda="pillow-simd")
    prefix.dist("PyQt5", "5.15", conda="pyqt")
    record = read(prefix.path)
    assert dist(record, "Pillow").conda_package == "pillow-simd"
    assert dist(record, "PyQt5").conda_package == "pyqt"
    assert not record.problems


def test_old_editables(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    project = tmp_path / "my project"
    info = project / "my_tool.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Name: my-tool\nVersion: 0.3\n\n")
    (info / "requires.txt").write_text("numpy>=1\n\n[extra]\nrich\n\n[:python_version < '3']\nsix\n")
    site = prefix.path / prefix.site
    site.mkdir(parents=True)
    (site / "my-tool.egg-link").write_text(f"{project}\n.")
    (site / "gone.egg-link").write_text("C:\\Users\\A B\\gone\n.")
    (site / "easy-install.pth").write_text(f"{project}\n")
    record = read(prefix.path)
    (found,) = record.distributions
    assert (found.name, found.version) == ("my-tool", "0.3")
    assert found.origin is not None
    assert found.origin.editable
    assert found.origin.url.endswith("/my%20project")
    assert found.requires == ("numpy>=1", 'rich ; extra == "extra"', "six ; python_version < '3'")
    (problem,) = record.problems
    assert (problem.code, problem.package) == ("missing-checkout", "gone")
    assert "C:\\Users\\A B\\gone" in problem.message


def test_eggs(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    site = prefix.path / prefix.site
    (site / "Folder-1.0-py3.12.egg" / "EGG-INFO").mkdir(parents=True)
    (site / "Folder-1.0-py3.12.egg" / "EGG-INFO" / "PKG-INFO").write_text("Name: Folder\nVersion: 1.0\n")
    (site / "Zipped-2.0-py3.12.egg").write_bytes(b"PK")
    (site / "lone-3.0-py3.12.egg-info").write_text("Name: lone\nVersion: 3.0\n")
    (site / "owned-4.0.egg-info").mkdir()
    (site / "owned-4.0.egg-info" / "PKG-INFO").write_text("Name: owned\nVersion: 4.0\n")
    prefix.record("owned", files=[f"{prefix.site}/owned-4.0.egg-info/PKG-INFO"])
    prefix.record("lone", files=[f"{prefix.site}/lone-3.0-py3.12.egg-info"])
    record = read(prefix.path)
    found = [(found.name, found.version, found.conda_package) for found in record.distributions]
    assert found == [("Folder", "1.0", None), ("lone", "3.0", "lone"), ("owned", "4.0", "owned"), ("Zipped", "2.0", None)]
    assert codes(record) == ["zipped-egg"]


def test_build_machines_are_no_origin(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("numpy", conda="numpy", direct_url='{"url": "file:///croot/numpy_1/work", "dir_info": {}}')
    prefix.dist("halo", direct_url='{"url": "file:///C:/Users/w/halo-reader", "dir_info": {}}')
    record = read(prefix.path)
    assert dist(record, "numpy").origin is None
    origin = dist(record, "halo").origin
    assert origin is not None
    assert (origin.kind, origin.url) == ("directory", "file:///C:/Users/w/halo-reader")


def test_windows_layout(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e", site="Lib/site-packages", subdir="win-64")
    (prefix.path / "python.exe").write_bytes(b"MZ")
    prefix.python("3.11.5")
    folder = prefix.dist("six")
    # as conda on Windows, and as some records have it
    prefix.record("six", files=[path.replace("/", "\\") for path in prefix.owned(folder)] + ["Scripts\\.six-post-link.bat"])
    prefix.dist("rich")
    record = capture(prefix.path, environ={})
    assert record.environment.subdir == "win-64"
    assert [(found.name, found.conda_package) for found in record.distributions] == [("rich", None), ("six", "six")]
    assert package(record, "six").link_scripts == ("post-link",)
    assert record.python is not None
    assert (record.python.version, record.python.source) == ("3.11.5", "conda-meta")
    assert record.python.executable.endswith("python.exe")
    if os.name != "nt":
        assert codes(record) == ["python-not-started"]


def test_macos_layout(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e", subdir="osx-arm64")
    prefix.python()
    prefix.record("noarch-one", subdir="noarch", channel="conda-forge/osx-arm64")
    (prefix.path / "bin").mkdir()
    (prefix.path / "bin" / "python").write_bytes(b"\xcf\xfa\xed\xfe")
    record = capture(prefix.path, environ={})
    assert record.environment.subdir == "osx-arm64"
    assert record.python is not None
    assert record.python.executable == str(prefix.path / "bin" / "python")


def test_a_venv_that_inherits(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "proj" / ".venv", "version_info = 3.12.1.final.0\ninclude-system-site-packages = true\n")
    prefix.dist("six")
    record = read(prefix.path)
    assert codes(record) == ["inherits-packages"]
    assert (record.environment.kind, record.environment.name, record.environment.conda_name) == ("venv", "proj", None)
    assert record.python is not None
    assert record.python.version == "3.12.1"
