from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from envkeep.errors import UsageError
from envkeep.formats.record_json import dump_gz
from envkeep.model.record import EnvironmentInfo, Origin
from envkeep.store.find import find, parse_wanted
from envkeep.store.found_lines import dependency, requirement
from envkeep.store.layout import Summary
from envkeep.store.store import Store
from support.records import conda, dist, record

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.store.layout import Backup, StoredEnvironment

START = datetime(2025, 1, 31, 11, 24, 5, tzinfo=timezone.utc)


class Library:
    """A store with backups of hand-made files."""

    def __init__(self, home: Path) -> None:
        self.store = Store(home)
        self.made = 0

    def environment(self, name: str) -> StoredEnvironment:
        info = EnvironmentInfo(name=name, prefix=f"/envs/{name}", kind="conda", subdir="linux-64")
        return self.store.environment_of(f"/envs/{name}", info)

    def keep(self, name: str, txt: str, yml: str, *, packed: bytes = b"", conda: int = 1) -> Backup:
        self.made += 1
        files = {"environment.yml": yml.encode(), "record.json.gz": packed}
        return self.store.publish(
            self.environment(name),
            txt.encode(),
            files,
            main="record.json.gz",
            summary=Summary(conda=conda),
            now=START + timedelta(days=self.made),
        )

    def lone(self, name: str, data: bytes) -> Backup:
        self.made += 1
        return self.store.publish_lone(self.environment(name), f"2024010111240{self.made}", data)

    def found(self, text: str) -> list[tuple[str, str | None, str | None, str | None]]:
        return [(hit.backup.environment.name, hit.version, hit.build, hit.manager) for hit in find(self.store, text)]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def yml(conda_lines: list[str], pip_lines: list[str]) -> str:
    lines = ["name: x", "channels:", "  - numpy", "dependencies:", *(f"  - {line}" for line in conda_lines)]
    if pip_lines:
        lines += ["  - pip:", *(f"      - {line}" for line in pip_lines)]
    return "\n".join(lines) + "\nvariables:\n  numpy: 3\n"


def test_which_of_my_results_ran_with_numpy(library: Library) -> None:
    library.keep("a", "numpy==1.26.3\n", yml(["numpy=1.26.3=py312_0"], []))
    library.keep("a", "numpy==1.26.4\n", yml(["numpy=1.26.4=py312_1"], []))
    library.keep("b", "numpy==1.26.3\n", yml(["python=3.12.1=0"], ["numpy==1.26.3"]))
    library.keep("c", "numpy-stl==1.26.3\n", yml(["numpydoc=1.26.3=0"], ["numpy-stl==1.26.3"]))
    assert library.found("numpy==1.26.3") == [("a", "1.26.3", "py312_0", "conda"), ("b", "1.26.3", None, "pip")]
    assert [version for _, version, _, _ in library.found("numpy")] == ["1.26.3", "1.26.4", "1.26.3"]
    assert library.found("numpy=1.26.4=py312*") == [("a", "1.26.4", "py312_1", "conda")]
    assert library.found("numpy>1.26.4") == []
    assert library.found("nothing-of-the-sort") == []


def test_names_are_compared_in_one_spelling(library: Library) -> None:
    library.keep("a", "Flask_Cors==4.0\n", yml([], ["flask-cors==4.0"]), conda=0)
    assert library.found("flask.cors<5") == [("a", "4.0", None, "pip")]
    assert library.found("Flask-Cors[extra]<5") == [("a", "4.0", None, "pip")]


def test_condas_python_package_under_another_name_is_condas(library: Library) -> None:
    library.keep("a", "PyQt5==5.15.9\n", yml(["pyqt=5.15.9=py312_0"], []))
    assert library.found("pyqt5") == [("a", "5.15.9", None, "conda")]


def test_pip_over_conda_is_found_by_both_versions(library: Library) -> None:
    library.keep("a", "six==1.17\n", yml(["six=1.16=0"], ["six==1.17"]))
    assert library.found("six") == [("a", "1.16", "0", "conda"), ("a", "1.17", None, "pip")]


def test_lone_lists_of_pymodaq(library: Library) -> None:
    library.lone(
        "a",
        b"# version: 3.9\n[GCC 9.4.0]\nnumpy @ file:///croot/numpy_1701295038894/work/dist/numpy-1.26.2-cp312-cp312-linux_x86_64.whl\n",
    )
    library.lone("a", b"numpy @ file:///home/conda/feedstock_root/work\n-e git+https://example.org/lab.git@abc#egg=lab\n")
    library.lone("a", "numpy==1.25.0\r\n".encode("utf-16"))
    assert [hit[1] for hit in library.found("numpy")] == ["1.26.2", None, "1.25.0"]
    assert [hit[1] for hit in library.found("numpy>=1")] == ["1.26.2", "1.25.0"]
    assert library.found("lab") == [("a", None, None, "pip")]


def test_a_repository_at_a_commit_has_its_version_in_the_record(library: Library) -> None:
    origin = Origin(kind="vcs", url="https://example.org/lab.git", vcs="git", commit="1" * 40)
    packed = dump_gz(record(distributions=(dist("lab", "0.3.1", origin=origin),)))
    line = f"lab @ git+https://example.org/lab.git@{'1' * 40}"
    library.keep("a", f"{line}\n", yml(["python=3.12=0"], [line]), packed=packed)
    assert library.found("lab<0.4") == [("a", "0.3.1", None, "pip")]
    assert library.found("lab>=0.4") == []


def test_comments_count_as_far_as_they_name_what_is_installed(library: Library) -> None:
    txt = "# my-pkg==0.1: editable folder, on no index; folder file:///home/me/my-pkg\n# six==1.0: second copy\n# see six==2.0\n"
    library.keep("a", txt, yml(["python=3.12=0"], []))
    assert [(name, version) for name, version, _, _ in library.found("my-pkg")] == [("a", "0.1")]
    assert library.found("six") == []


def test_an_edited_list_counts_alone(library: Library) -> None:
    backup = library.keep("a", "numpy==1.26.3\n", yml(["numpy=1.26.3=0"], []))
    backup.txt.write_text("numpy==1.20.0 # pinned by hand\n")
    assert library.found("numpy") == [("a", "1.20.0", None, "pip")]


def test_imported_files_are_searched(library: Library, tmp_path: Path) -> None:
    files = {"imported/paper.yml": yml(["numpy=1.21.0"], []).encode()}
    library.store.publish(library.environment("p"), b"", files, main="imported/paper.yml", summary=Summary(), now=START)
    assert library.found("numpy<1.22") == [("p", "1.21.0", None, "conda")]


def test_conda_order_for_conda_and_pep440_for_pip(library: Library) -> None:
    library.keep("conda", "", yml(["x=2.0rc1=0"], []))
    library.keep("pip", "x==2.0rc1\n", yml([], ["x==2.0rc1"]), conda=0)
    assert [name for name, _, _, _ in library.found("x<2")] == ["conda"]


@pytest.mark.parametrize("text", ["", "-y", "numpy<", "numpy;os_name", "numpy=1=2=3=4", "conda-forge::numpy", "numpy[md5=ab]"])
def test_what_cannot_be_looked_for(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_wanted(text)
    assert caught.value.remedy


def test_an_empty_store(tmp_path: Path) -> None:
    assert find(Store(tmp_path / "none"), "numpy") == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("numpy==1.26.4", ("numpy", "1.26.4")),
        ("torch==2.1.0+cu121 ; python_version > '3'", ("torch", "2.1.0+cu121")),
        ("pkg===4.0.0-unsupported", ("pkg", "4.0.0-unsupported")),
        ("requests[socks] == 2.31", ("requests", "2.31")),
        ("numpy>=1.26", None),
        ("--index-url https://numpy==1", None),
        ("# executable: /usr/bin/python", None),
        ("", None),
    ],
)
def test_requirement_lines(line: str, expected: tuple[str, str] | None) -> None:
    found = requirement(line)
    assert (None if found is None else (found.name, found.version)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  - numpy=1.26.4=py312_0", ("conda", "numpy", "1.26.4", "py312_0")),
        ("- x264=1!157.20191217=h1de35cc_0", ("conda", "x264", "1!157.20191217", "h1de35cc_0")),
        ("  - 'numpy=1.0'", ("conda", "numpy", "1.0", None)),
        ("      - rich==13.7.1", ("pip", "rich", "13.7.1", None)),
        ("  - conda-forge", None),
        ("  numpy: 3", None),
        ("  - numpy>=1", None),
        ("#   six=1.16=0", None),
        ("#   lab-edit==0.1: editable folder, on no index", ("pip", "lab-edit", "0.1", None)),
    ],
)
def test_dependency_lines(line: str, expected: tuple[str, str, str, str | None] | None) -> None:
    found = dependency(line)
    assert (None if found is None else (found.manager, found.name, found.version, found.build)) == expected


def test_a_conda_package_without_python_is_found(library: Library) -> None:
    package = conda("zlib", "1.3.1", "h4ab18f5_1")
    library.keep("a", "", yml([package.spec], []))
    assert library.found("zlib=1.3") == [("a", "1.3.1", "h4ab18f5_1", "conda")]


def test_python_is_found_wherever_it_is_named(library: Library) -> None:
    library.keep("conda", "", yml(["python=3.12.1=0"], []))
    library.store.publish(
        library.environment("venv"),
        b"six==1.0\n",
        {"environment.yml": yml(["python=3.12.4"], ["six==1.0"]).encode()},
        main="environment.yml",
        summary=Summary(python="3.12.4", conda=0, pip=1),
        now=START,
    )
    library.lone("old", b"# executable: /x/bin/python\n# version: 3.9.18 (main) [GCC 9.4.0]\n\nsix==1.0\n")
    assert library.found("python") == [
        ("conda", "3.12.1", "0", "conda"),
        ("old", "3.9.18", None, None),
        ("venv", "3.12.4", None, None),
    ]
    assert [hit[0] for hit in library.found("python<3.10")] == ["old"]


def test_everything_that_a_record_holds_is_found(tmp_path: Path) -> None:
    origin = Origin(kind="vcs", url="https://example.org/labvcs.git", vcs="git", commit="1" * 40)
    editable = Origin(kind="directory", url="file:///home/me/lab_edit", editable=True)
    held = record(
        conda=(
            conda("numpy", "1.26.4", "py312_0"),
            conda("pyqt", "5.15.9"),
            conda("x264", "1!157.20191217"),
            conda("six", "1.16", altered="overwritten"),
        ),
        distributions=(
            dist("lab-edit", "0.1", origin=editable),
            dist("labvcs", "0.3.1", origin=origin),
            dist("numpy", "1.26.4", conda_package="numpy"),
            dist("odd", "4.0.0-unsupported"),
            dist("PyQt5", "5.15.9", conda_package="pyqt"),
            dist("Flask-Cors", "4.0"),
            dist("six", "1.17"),
            dist("torch", "2.1.0+cu121"),
        ),
    )
    store = Store(tmp_path)
    store.write(store.environment_of("/envs/lab", held.environment), held, now=START)
    assert find(store, "six=1.16") == ()  # conda lists it still, but nothing ran with it
    for package in held.conda[:-1]:
        (hit, *_) = find(store, package.spec)
        assert (hit.name, hit.version, hit.build, hit.manager) == (package.name, package.version, package.build, "conda")
    for installed in held.distributions:
        (hit,) = [hit for hit in find(store, installed.name) if hit.version == installed.version]
        assert hit.manager == ("pip" if installed.from_pip else "conda"), installed.name
