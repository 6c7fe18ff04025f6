from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.errors import BadFormatError
from envkeep.formats import conda_graph, explicit, explicit_reader
from envkeep.formats.conda_graph import linked_order
from envkeep.model.record import CondaPackage, Distribution, Origin
from support.wild_records import conda_package, make_record

MD5 = "0123456789abcdef" * 2
SHA256 = "0123456789abcdef" * 4

LAB = make_record(
    conda_package("pip", depends=("python >=3.12", "setuptools", "wheel")),
    conda_package("python", depends=("openssl >=3", "pip", "tzdata")),
    replace(conda_package("openssl"), md5=None),
    conda_package("setuptools", depends=("python",)),
    conda_package("zstd"),
    replace(conda_package("local", depends=("conda-forge::python[version='>=3']",)), url=None, channel=""),
    replace(conda_package("tzdata"), url="https://conda.anaconda.org/my chan/noarch/tzdata-1.0-h1_0.conda"),
    conda_package("wheel", depends=("python",)),
    dists=(
        Distribution(name="Flask_Cors", version="4.0"),
        Distribution(name="edit", version="1", origin=Origin(kind="directory", url="file:///home/lab/edit", editable=True)),
    ),
)


def test_the_file_to_the_byte() -> None:
    base = "https://conda.anaconda.org/conda-forge/linux-64"
    assert explicit.write(LAB) == (
        "# This file may be used to create an environment using:\n"
        "# $ conda create --name <env> --file <this file>\n"
        "# platform: linux-64\n"
        "@EXPLICIT\n"
        f"{base}/zstd-1.0-h1_0.conda#{MD5}\n"
        f"{base}/openssl-1.0-h1_0.conda#sha256:{SHA256}\n"
        f"https://conda.anaconda.org/my%20chan/noarch/tzdata-1.0-h1_0.conda#{MD5}\n"
        f"{base}/python-1.0-h1_0.conda#{MD5}\n"
        "# no URL for: (no channel)::local=1.0=h1_0\n"
        f"{base}/setuptools-1.0-h1_0.conda#{MD5}\n"
        f"{base}/wheel-1.0-h1_0.conda#{MD5}\n"
        f"{base}/pip-1.0-h1_0.conda#{MD5}\n"
        "# An explicit list cannot hold what pip installed; conda passes these over:\n"
        "# pip: edit==1: editable folder, on no index; folder file:///home/lab/edit\n"
        "# pip: flask-cors==4.0\n"
    )


def test_sha256_where_asked() -> None:
    text = explicit.write(LAB, "sha256")
    assert text.count(f"#sha256:{SHA256}\n") == 7
    assert f"#{MD5}" not in text


def test_ours_reads_back() -> None:
    found = explicit_reader.read(explicit.write(LAB).encode(), "x")
    assert found.subdir == "linux-64"
    assert found.python == "1.0"
    assert found.channels == ("conda-forge", "my chan")
    by_name = {package.name: package for package in found.artefacts}
    assert sorted(by_name) == ["openssl", "pip", "python", "setuptools", "tzdata", "wheel", "zstd"]
    zstd = by_name["zstd"]
    assert (zstd.version, zstd.build, zstd.channel, zstd.subdir, zstd.md5, zstd.sha256) == (
        "1.0",
        "h1_0",
        "conda-forge",
        "linux-64",
        MD5,
        None,
    )
    assert by_name["openssl"].sha256 == SHA256
    assert [item.text for item in found.requirements] == ["edit @ file:///home/lab/edit", "flask-cors==4.0"]
    assert found.requirements[0].origin is not None
    assert found.requirements[0].origin.editable
    assert not found.refused


def test_files_of_others() -> None:
    data = f"""\
# platform: osx-arm64\r
@EXPLICIT\r
https://me:pw@conda.example/t/tk-123/chan/osx-arm64/a-1!2.0-h1_0.tar.bz2#{MD5.upper()}\r
https://conda.anaconda.org/conda-forge/noarch/b-c-1.0-py_0.conda#{SHA256}\r
https://conda.anaconda.org/conda-forge/noarch/cut-1.0-py_0.conda#{MD5[:20]}\r
/srv/my pkgs/d-1.0-0.conda\r
C:\\pkgs\\e-1.0-0.conda\r
a-1.0-0.conda\r
https://host.example/${{TOKEN}}/f-1-0.conda\r
https://host.example/noarch/no_build.conda\r
https://host.example/noarch/--evil-1.0-0.conda\r
https://host.example/x.txt\r
https://conda.anaconda.org/conda-forge/noarch/b-c-2.0-py_0.conda\r
""".encode()
    found = explicit_reader.read(data, "x")
    by_name = {package.name: package for package in found.artefacts}
    assert sorted(by_name) == ["a", "b-c", "cut", "d", "e"]
    assert by_name["a"].url == "https://conda.example/chan/osx-arm64/a-1!2.0-h1_0.tar.bz2"
    assert (by_name["a"].version, by_name["a"].md5, by_name["a"].auth) == ("1!2.0", MD5, "token")
    assert by_name["b-c"].version == "2.0"
    assert by_name["cut"].md5 is None
    assert by_name["d"].url == "file:///srv/my%20pkgs/d-1.0-0.conda"
    assert by_name["e"].url == "file:///C:/pkgs/e-1.0-0.conda"
    assert [item.line for item in found.refused] == [8, 9, 10, 11, 12]
    assert [problem.partition(":")[0] for problem in found.problems] == ["line 5", "line 13"]
    assert found.subdir == "osx-arm64"


def test_a_list_without_the_mark_is_none() -> None:
    with pytest.raises(BadFormatError, match="no @EXPLICIT line"):
        explicit_reader.read(b"https://host.example/noarch/a-1-0.conda\n", "x")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1-./:#@$~ \\%\n"), max_size=60))
def test_nothing_raises_anything_else(text: str) -> None:
    for package in explicit_reader.read(f"@EXPLICIT\n{text}\n".encode(), "x").artefacts:
        assert package.url is not None


names = st.sampled_from(["python", "pip", "menuinst", "a", "b", "c", "d", "e"])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(names, st.lists(names | st.just("absent"), max_size=4), max_size=8), st.integers())
def test_each_package_comes_once_and_the_order_is_fixed(graph: dict[str, list[str]], seed: int) -> None:
    packages = [conda_package(name, depends=tuple(f"{need} >=1" for need in needs)) for name, needs in graph.items()]
    order = linked_order(packages)
    assert sorted(package.name for package in order) == sorted(graph)
    random.Random(seed).shuffle(packages)
    assert linked_order(packages) == order


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.lists(names, max_size=3), min_size=8, max_size=8), min_size=2, max_size=4), st.randoms())
def test_the_order_hangs_on_nothing_that_was_asked_before(graphs: list[list[list[str]]], order: random.Random) -> None:
    known = ["python", "pip", "menuinst", "a", "b", "c", "d", "e"]
    asked = []
    for graph in graphs:
        packages = [conda_package(name, depends=tuple(needs)) for name, needs in zip(known, graph, strict=True)]
        order.shuffle(packages)
        asked.append((packages, linked_order(packages)))
    for packages, found in reversed(asked):
        conda_graph._last = ([], [], [])
        assert linked_order(packages) == found
        # others of the same needs, as after an update
        newer = [replace(package, version="2") for package in packages]
        assert linked_order(newer) == tuple(replace(package, version="2") for package in found)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=10, max_size=10))
def test_without_circles_dependencies_come_first(needs: list[list[int]]) -> None:
    packages: list[CondaPackage] = [
        conda_package(f"p{index}", depends=tuple(f"p{need}" for need in found if need < index))
        for index, found in enumerate(needs)
    ]
    places = {package.name: place for place, package in enumerate(linked_order(packages))}
    for package in packages:
        assert all(places[need] < places[package.name] for need in package.depends)


@pytest.mark.parametrize("kind", ["chain", "circles"])
def test_the_order_of_very_many_packages_takes_no_time_to_speak_of(kind: str) -> None:
    import time

    count = 30_000
    needed = [number + 1 if kind == "chain" else number ^ 1 for number in range(count)]
    packages = [conda_package(f"p{number}", depends=(f"p{need}",)) for number, need in enumerate(needed)]
    start = time.perf_counter()
    order = [package.name for package in linked_order(packages)]
    # a look at every package for each of them would take minutes
    assert time.perf_counter() - start < 10
    assert order[:2] == (["p29999", "p29998"] if kind == "chain" else ["p0", "p1"])
    assert len(set(order)) == count
