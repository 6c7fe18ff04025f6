from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement as Pep508

from envkeep.errors import BadFormatError
from envkeep.formats import requirements_txt, requirements_txt_reader
from envkeep.model.names import normalise
from envkeep.model.record import Distribution, Origin, Record
from support.wild_records import make_record, records

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
VCS = Origin(kind="vcs", url="https://host.example/a/b.git", vcs="git", commit=COMMIT, subdirectory="py")
EDITABLE = Origin(
    kind="directory", url="file:///home/lab/my proj", editable=True, commit=COMMIT, remote="git@host.example:a/b.git"
)
WHEEL = Origin(kind="archive", url="file:///home/lab/toolz-1.0.0-py3-none-any.whl", hashes=(("sha256", "ab" * 32),))
REMOTE = Origin(kind="archive", url="https://host.example/x-1.tar.gz", hashes=(("sha256", "cd" * 32),))
FOLDER = Origin(kind="directory", url="file:///C:/Users/w/halo-reader", subdirectory="a b")

DISTS = (
    Distribution(name="PySide6_Addons", version="6.8.1"),
    Distribution(name="PySide6", version="6.8.1", conda_package="pyside6"),
    Distribution(name="vcspkg", version="1.0", origin=VCS),
    Distribution(name="My_Editable.Pkg", version="0.1.0+local.1", origin=EDITABLE),
    Distribution(name="toolz", version="1.0.0", origin=WHEEL),
    Distribution(name="x", version="1", origin=REMOTE),
    Distribution(name="halo-reader", version="2", origin=FOLDER),
    Distribution(name="torch", version="2.1.0+cu121"),
    Distribution(name="gdal", version="3.8+conda", conda_package="libgdal"),
    Distribution(name="local-hg", version="1", origin=Origin(kind="vcs", url="file:///srv/hg", vcs="hg", commit="12ab")),
    Distribution(name="odd", version="4.0.0-unsupported"),
    Distribution(
        name="numpy", version="1.26.4", conda_package="numpy", origin=Origin(kind="directory", url="file:///croot/n/work")
    ),
    Distribution(name="pip", version="25.3", conda_package="pip"),
    Distribution(name="setuptools", version="80.9.0"),
    Distribution(name="pytz", version="2019.3"),
    Distribution(name="pytz", version="2020.1", conda_package="pytz", location="lib/python3.12/site-packages"),
)


def test_the_seed_format_to_the_byte() -> None:
    assert requirements_txt.write(make_record(dists=DISTS)) == (
        "# executable: /opt/envs/lab/bin/python\n"
        "# version: 3.12.3 (main, Jan 17 2025, 18:03:48) [GCC 13.3.0]\n"
        "\n"
        "# gdal==3.8+conda: local version, made for conda package libgdal\n"
        "# halo-reader==2: local folder, on no index; folder file:///C:/Users/w/halo-reader; subdirectory a%20b\n"
        "# local-hg==1: local repository, on no index; repository hg+file:///srv/hg; commit 12ab\n"
        "# My_Editable.Pkg==0.1.0+local.1: editable folder, on no index; folder file:///home/lab/my%20proj; "
        f"commit {COMMIT}; remote git@host.example:a/b.git\n"
        "numpy==1.26.4\n"
        "# odd==4.0.0-unsupported: pip takes no such version\n"
        "# pip==25.3: left out, as pip freeze does\n"
        "PySide6==6.8.1\n"
        "PySide6_Addons==6.8.1\n"
        "pytz==2019.3\n"
        "# pytz==2020.1: second copy; found in lib/python3.12/site-packages\n"
        "setuptools==80.9.0\n"
        f"# toolz==1.0.0: local file, on no index; file file:///home/lab/toolz-1.0.0-py3-none-any.whl; sha256 {'ab' * 32}\n"
        "# torch==2.1.0+cu121: local version, not on the public index\n"
        f"vcspkg @ git+https://host.example/a/b.git@{COMMIT}#subdirectory=py\n"
        f"x @ https://host.example/x-1.tar.gz#sha256={'cd' * 32}\n"
    )


def test_what_of_a_checkout_is_nowhere_else_is_said_and_read_back() -> None:
    dist = Distribution(name="drv", version="1", origin=replace(EDITABLE, dirty=True, unpushed=True))
    text = requirements_txt.write(make_record(dists=(dist,)))
    assert text.endswith("; remote git@host.example:a/b.git; uncommitted changes; unpushed commit\n")
    (found,) = requirements_txt_reader.read(text.encode(), "x").requirements
    assert found.origin is not None
    assert (found.origin.dirty, found.origin.unpushed, found.origin.hashes) == (True, True, ())
    clean = replace(dist, origin=replace(EDITABLE, dirty=False, unpushed=False))
    assert requirements_txt.write(make_record(dists=(clean,))).endswith("; remote git@host.example:a/b.git\n")


def test_an_environment_without_python_says_none_and_has_no_lines() -> None:
    text = requirements_txt.write(make_record(python=None))
    assert text == "# executable: none\n# version: none\n\n"
    assert requirements_txt_reader.read_header(text.encode(), "x") == requirements_txt_reader.Header()


def test_before_python_3_12_setuptools_is_left_out_as_pip_freeze_does() -> None:
    assert "# setuptools==80.9.0: left out" in requirements_txt.write(make_record(dists=DISTS, python="3.11.7"))


def test_a_local_version_is_a_line_where_another_index_is_known() -> None:
    def has_line(*urls: str) -> bool:
        return "\ntorch==2.1.0+cu121\n" in requirements_txt.write(make_record(dists=DISTS, index_urls=urls))

    assert has_line("https://pypi.org/simple", "https://download.pytorch.org/whl/cu121")
    assert not has_line("https://pypi.org/simple")


def test_the_index_that_a_local_version_needs_is_named() -> None:
    urls = ("https://pypi.org/simple", "https://torch.example/cu121", "https://mine.example/simple")
    lab = make_record(dists=(Distribution(name="torch", version="2.1.0+cu121"),), index_urls=urls)
    lab = replace(lab, index_auth=((urls[2], "token"),))
    options = [f"--extra-index-url {url}" for url in urls[1:]]
    login = f"# {urls[2]} asked for credentials, which are not in this file: netrc, pip's settings or git's have to hold them"
    # a backup's list holds packages and nothing else: whoever reads it line by line finds no option
    comment = f"# of an index besides PyPI, which pip finds with {' '.join(options)}: torch==2.1.0+cu121"
    assert requirements_txt.write(lab).splitlines()[3:] == [comment, login, "torch==2.1.0+cu121"]
    assert not requirements_txt_reader.read(requirements_txt.write(lab).encode(), "x").refused
    named = requirements_txt.write(lab, name_indexes=True)
    assert named.splitlines()[3:] == [*options, login, "torch==2.1.0+cu121"]
    found = requirements_txt_reader.read(named.encode(), "x", allow_index=urls)
    assert (found.index_urls, found.refused, [item.text for item in found.requirements]) == (urls[1:], (), ["torch==2.1.0+cu121"])
    assert len(requirements_txt_reader.read(named.encode(), "x").refused) == 2


def test_a_url_whose_credentials_were_dropped_is_named() -> None:
    dists = (
        Distribution(name="a", version="1", origin=replace(REMOTE, auth="token")),
        Distribution(name="b", version="1", origin=replace(VCS, auth="user")),
        Distribution(name="c", version="1", origin=VCS),
        Distribution(name="d", version="1", origin=replace(EDITABLE, auth="user")),
    )
    lines = requirements_txt.write(make_record(dists=dists)).splitlines()
    assert lines[3].startswith(f"# {REMOTE.url}, {VCS.url} asked for credentials, which are not in this file: ")
    assert "asked for credentials" not in requirements_txt.write(make_record(dists=dists[2:]))


def test_pip_itself_finds_a_local_version_with_the_index_that_is_named(tmp_path: Path) -> None:
    shelf = tmp_path / "simple" / "envkeep-torch"
    shelf.mkdir(parents=True)
    empty_wheel(shelf, "envkeep-torch", "2.1.0+cu121")
    shelf.joinpath("index.html").write_text('<a href="envkeep_torch-2.1.0+cu121-py3-none-any.whl">x</a>')
    empty = tmp_path / "empty"
    empty.mkdir()
    torch = Distribution(name="envkeep-torch", version="2.1.0+cu121")
    lab = make_record(dists=(torch,), index_urls=(shelf.parent.as_uri(),))
    file = tmp_path / "requirements.txt"
    for named in (True, False):
        file.write_text(requirements_txt.write(lab, name_indexes=named))
        done = would_install(file, "--index-url", empty.as_uri())
        assert (done.returncode == 0) is named, done.stderr


def test_the_order_of_a_record_makes_no_difference() -> None:
    assert requirements_txt.write(make_record(dists=DISTS[::-1][2:])) == requirements_txt.write(make_record(dists=DISTS[:-2]))


def test_ours_read_back_loses_nothing() -> None:
    found = requirements_txt_reader.read(requirements_txt.write(make_record(dists=DISTS)).encode(), "x")
    back = {item.name: (item.version, item.origin) for item in found.requirements}
    for dist in DISTS:
        if dist.name in {"pip", "odd", "pytz", "numpy"}:
            continue
        version, origin = back[dist.name]
        if dist.origin is None or dist.origin.url.startswith("file:"):
            assert version == dist.version
        if dist.origin is None:
            assert origin is None
            continue
        assert origin is not None
        assert (origin.kind, origin.vcs, origin.editable, origin.commit, origin.subdirectory, origin.remote, origin.hashes) == (
            dist.origin.kind,
            dist.origin.vcs,
            dist.origin.editable,
            dist.origin.commit,
            dist.origin.subdirectory,
            dist.origin.remote,
            dist.origin.hashes,
        )
        assert origin.url == dist.origin.url.replace(" ", "%20")
    assert back["pytz"][0] == "2019.3"
    assert "pip" not in back
    assert found.python == "3.12.3"
    assert any("odd==4.0.0-unsupported" in problem for problem in found.problems)
    assert not found.refused


@settings(max_examples=150, deadline=None)
@given(records)
def test_no_record_makes_a_line_that_pip_would_misread(record: Record) -> None:
    text = requirements_txt.write(record)
    lines = text.splitlines()
    assert lines == text.split("\n")[:-1]
    assert lines[0].startswith("# executable: ")
    seen = set()
    for line in lines[3:]:
        if line.startswith("#"):
            continue
        found = Pep508(line)
        assert "${" not in line
        assert normalise(found.name) not in seen
        seen.add(normalise(found.name))
    requirements_txt_reader.read(text.encode("utf-8"), "x")


def empty_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def test_pip_itself_installs_ours(tmp_path: Path) -> None:
    dists = tuple(dist for dist in DISTS if dist.origin is None or not dist.from_pip)
    file = tmp_path / "20250131112405_environment.txt"
    file.write_text(requirements_txt.write(make_record(dists=dists)))
    wanted = ["numpy-1.26.4", "PySide6-6.8.1", "PySide6_Addons-6.8.1", "pytz-2019.3", "setuptools-80.9.0"]
    for text in wanted:
        empty_wheel(tmp_path, *text.rsplit("-", 1))
    done = would_install(file, "--no-index", "--find-links", str(tmp_path))
    assert done.returncode == 0, done.stderr
    would = done.stdout.strip().splitlines()[-1].removeprefix("Would install ").split()
    assert sorted(text.replace("-", "_").lower() for text in would) == sorted(text.replace("-", "_").lower() for text in wanted)


PYMODAQ = f"""\
# executable: /home/mairain/.virtualenvs/pymodaq-dev/bin/python
# version: 3.9.7 (default, Sep 16 2021, 13:09:58)\x20
[GCC 9.4.0]

numpy @ file:///croot/numpy_and_numpy_base_1701295038894/work/dist/numpy-1.26.2-cp39-cp39-linux_x86_64.whl#sha256=ab
certifi @ file:///home/conda/feedstock_root/build_artifacts/certifi_1700/work/certifi
PySide6==6.8.1
-e /home/lab/my proj
-e git+https://host.example/a/b.git@{COMMIT}#egg=Bee&subdirectory=py
halo-reader @ file:///C:/Users/willm/halo-reader
mine @ file:///home/lab/dist/mine-1.2-py3-none-any.whl
"""


def test_pymodaq_files_are_understood() -> None:
    found = requirements_txt_reader.read(PYMODAQ.encode(), "x.txt")
    assert found.python == "3.9.7"
    assert (
        requirements_txt_reader.read_header(PYMODAQ.encode(), "x").version == "3.9.7 (default, Sep 16 2021, 13:09:58) [GCC 9.4.0]"
    )
    by_name = {item.name: item for item in found.requirements}
    assert by_name["numpy"].text == "numpy==1.26.2"
    assert by_name["numpy"].origin is None
    assert by_name["certifi"].text == "certifi"
    assert by_name["my-proj"].origin == Origin(kind="directory", url="file:///home/lab/my%20proj", editable=True)
    assert by_name["Bee"].origin == Origin(
        kind="vcs", url="https://host.example/a/b.git", editable=True, vcs="git", commit=COMMIT, subdirectory="py"
    )
    assert by_name["halo-reader"].origin == Origin(kind="directory", url="file:///C:/Users/willm/halo-reader")
    assert by_name["mine"].version == "1.2"
    assert by_name["mine"].origin == Origin(kind="archive", url="file:///home/lab/dist/mine-1.2-py3-none-any.whl")
    assert not found.refused
    assert len(found.problems) == 3  # two build folders, one guessed name


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_any_encoding_and_line_end(encoding: str, end: str) -> None:
    text = "# executable: C:\\Users\\Jérôme\\python.exe\n# version: 3.12.3 | packaged by\n\nnumpy==1.26.4\n".replace("\n", end)
    found = requirements_txt_reader.read(text.encode(encoding), "x")
    assert [item.text for item in found.requirements] == ["numpy==1.26.4"]
    assert found.python == "3.12.3"
    assert requirements_txt_reader.read_header(text.encode(encoding), "x").executable == "C:\\Users\\Jérôme\\python.exe"


def test_an_empty_file_asks_for_nothing() -> None:
    assert requirements_txt_reader.read(b"", "x").requirements == ()


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\x7fELF\x02\x01\x00", b"\xff\xfea"])
def test_binary_files_are_one_clear_error(data: bytes) -> None:
    with pytest.raises(BadFormatError, match="no text file"):
        requirements_txt_reader.read(data, "x")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("--index-url https://host/${AWS_SECRET_ACCESS_KEY}/simple", "environment variable"),
        ("-i https://host.example/simple", "another index"),
        ("--extra-index-url=https://host.example/simple", "another index"),
        ("--find-links https://host.example/", "another place"),
        ("-f.", "another place"),
        ("--trusted-host host.example", "certificate"),
        ("-r other.txt", "another file"),
        ("-rother.txt", "another file"),
        ("--requirement=other.txt", "another file"),
        ("-c https://host.example/constraints.txt", "another file"),
        ("--no-index", "option of pip"),
        ("--pre", "option of pip"),
        ("--config-settings=x=y", "option of pip"),
        ("--no-require-hashes", "option of pip"),
        ("-e .", "relative path"),
        ("-e ~/proj", "another folder for everybody"),
        ("./dist/x-1.0-py3-none-any.whl", "relative path"),
        ("~/x.whl", "another folder for everybody"),
        ("$HOME/x.whl", "environment variable"),
        ("name @ https://$HOST/x.whl", "environment variable"),
        ("git+ext::sh%20-c%20touch%20x", "without running programs"),
        ("git+ext::sh", "without running programs"),
        ("x @ git+ext::sh", "without running programs"),
        ("git+ssh://-oProxyCommand=x/y.git", "without running programs"),
        ("x @ git+ssh://git@-oProxyCommand=x/y.git", "without running programs"),
        ("x @ git+https://host.example/y.git@--upload-pack=x", "revision"),
        ("x @ hg+https://host.example/y@--config=x", "revision"),
        ("x @ ftp://host.example/y.zip", "none that pip fetches"),
        ("x @ cvs+https://host.example/y", "no version control system"),
        ("numpy==1.0 --hash=sha256:abcd", "cut short"),
        ("numpy=1.26=py312_0", "no requirement"),
        ("pytz==2004d", "no requirement"),
        ("** jax", "no requirement"),
        ("<html>", "no requirement"),
    ],
)
def test_what_pip_would_obey_is_refused_with_its_line(line: str, reason: str) -> None:
    found = requirements_txt_reader.read(f"numpy==1.0\n\n{line}\n".encode(), "x", allow_index=["https://elsewhere.example/"])
    assert [item.text for item in found.requirements] == ["numpy==1.0"]
    assert found.refused, line
    assert all(item.line == 3 for item in found.refused)
    assert reason in found.refused[-1].reason


def test_an_index_is_admitted_one_by_one() -> None:
    data = b"--index-url https://a.example/simple\n--extra-index-url https://me:pw@b.example/simple\n"
    found = requirements_txt_reader.read(data, "x", allow_index=["https://a.example/simple"])
    assert found.index_urls == ("https://a.example/simple",)
    (refused,) = found.refused
    assert refused.allow == "--allow-index https://b.example/simple"
    assert "pw" not in refused.text
    assert requirements_txt_reader.read(data, "x", allow_index=["https://b.example/simple"]).index_urls == (
        "https://b.example/simple",
    )


def test_hand_made_lists() -> None:
    data = f"""\
# what I need
requests [security, socks] >= 2.8.1, == 2.8.* ; python_version < "3.13"  # comment
numpy==1.26.4 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"B" * 64}
# torch==1: local version, not on the public index
scipy
scipy
Scipy==1.0
foo==1; python_version<"3.9"
foo==2; python_version>="3.9"
--no-binary :all:
https://user:pw@host.example/dl/pkg-1.0.tar.gz
""".encode()
    found = requirements_txt_reader.read(data, "x")
    texts = [item.text for item in found.requirements]
    assert texts == [
        'requests[security,socks]==2.8.*,>=2.8.1; python_version < "3.13"',
        "numpy==1.26.4",
        "scipy",
        'foo==1; python_version < "3.9"',
        'foo==2; python_version >= "3.9"',
        "pkg @ https://host.example/dl/pkg-1.0.tar.gz",
    ]
    assert found.requirements[1].hashes == ("sha256:" + "a" * 64, "sha256:" + "b" * 64)
    assert found.requirements[1].line == 3
    assert found.requirements[0].version is None
    assert found.requirements[-1].origin is not None
    assert found.requirements[-1].origin.auth == "user"
    assert [problem.partition(":")[0] for problem in found.problems] == ["line 9"]
    assert [item.line for item in found.refused] == [12]


def test_pip_comments_name_the_editable_below() -> None:
    data = b"# Editable Git install with no remote (thing==1.0)\n-e c:\\users\\x y\\thing2\n-e /srv/other\n"
    found = requirements_txt_reader.read(data, "x")
    assert [(item.name, item.origin and item.origin.url) for item in found.requirements] == [
        ("thing", "file:///c:/users/x%20y/thing2"),
        ("other", "file:///srv/other"),
    ]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 =<>!~@#;:/\\.$-_[]+*'\"\n\r\u2028{}()%&"), max_size=60))
def test_no_text_raises_and_what_comes_out_is_one_line(text: str) -> None:
    found = requirements_txt_reader.read(text.encode(), "x")
    for item in found.requirements:
        assert len(item.text.splitlines()) == 1
        assert not item.text.startswith("-")
        assert "$" not in item.text
        assert Pep508(item.text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        requirements_txt_reader.read(data, "x")
    except BadFormatError:
        pass


@pytest.mark.parametrize(("without", "words"), [(1, "# 1 line has no hash"), (2, "# 2 lines have no hash")])
def test_how_many_lines_lack_a_hash_is_said(without: int, words: str) -> None:
    names = ["six", *(f"x{number}" for number in range(without))]
    lab = make_record(dists=tuple(Distribution(name=name, version="1.0") for name in names))
    assert requirements_txt.write(lab, {"six": "a" * 64}).splitlines()[-1].startswith(words)


def would_install(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let pip say what it would install of a list; no setting of this machine has a part in it."""
    argv = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", *options, "-r", str(file)]
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
