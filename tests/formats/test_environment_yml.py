from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from rattler import MatchSpec
from ruamel.yaml import YAML

from envkeep.formats import environment_yml
from envkeep.formats.environment_yml import Variant
from envkeep.formats.environment_yml_reader import read
from envkeep.formats.pip_section import top_level
from envkeep.model.record import Distribution, Origin, Record, Requested
from support.wild_records import conda_package, make_record, records

VARIANTS: tuple[Variant, ...] = get_args(Variant)
COMMIT = "c" * 40


def pip_dist(name: str, *requires: str, version: str = "1.0", origin: Origin | None = None) -> Distribution:
    return Distribution(name=name, version=version, requires=requires, origin=origin)


LAB = make_record(
    replace(conda_package("numpy", "1.26.4", "py312h1_0"), channel="defaults"),
    conda_package("python", "3.12.3", "hab00c5b_0_cpython"),
    conda_package("six", "1.17.0", "pyhd8ed1ab_0"),
    conda_package("x264", "1!157.20191217", "h1de35cc_0"),
    conda_package("gcc_linux-64", "13.3.0", "h6f18a23_11"),
    dists=(
        Distribution(name="six", version="1.17.0", conda_package="six"),
        pip_dist("Flask_Cors", "flask >=2 ; python_version > '3'", "Flask_Cors[all]"),
        pip_dist("Flask", "werkzeug", 'pytest ; extra == "test"'),
        pip_dist("Werkzeug", version="3.0"),
        pip_dist("pytest"),
        pip_dist("ring-a", "ring-b"),
        pip_dist("ring-b", "ring-a"),
        pip_dist("mine", origin=Origin(kind="vcs", url="https://host.example/m.git", vcs="git", commit=COMMIT)),
        pip_dist("edit", origin=Origin(kind="directory", url="file:///home/lab/edit", editable=True)),
    ),
    requested=Requested(specs=("python=3.12", "six[version='>=1.17']", "gcc_linux-64", "extra::numpy", "conda-forge::x264")),
    channels=("conda-forge", "bioconda"),
    variables=(("NUM", "1"), ("YES", "yes"), ("MYLIB", "/opt/lib"), ("HF_TOKEN", "hf_abcdefghijklmnopqrstuv"), ("TIME", "1:30")),
)


def load(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    assert found == YAML(typ="safe", pure=True).load(io.StringIO(text))
    assert isinstance(found, dict)
    return found


def test_the_full_variant() -> None:
    found = load(environment_yml.write(LAB))
    assert list(found) == ["name", "channels", "dependencies", "variables", "prefix"]
    assert found["name"] == "lab"
    assert found["prefix"] == "/opt/envs/lab"
    # of the first package that came from each, then the configured ones
    assert found["channels"] == ["defaults", "conda-forge", "bioconda"]
    assert found["dependencies"][:-1] == [
        "numpy=1.26.4=py312h1_0",
        "python=3.12.3=hab00c5b_0_cpython",
        "six=1.17.0=pyhd8ed1ab_0",
        "x264=1!157.20191217=h1de35cc_0",
        "gcc_linux-64=13.3.0=h6f18a23_11",
    ]
    assert found["dependencies"][-1] == {
        "pip": [
            "flask==1.0",
            "flask-cors==1.0",
            f"mine @ git+https://host.example/m.git@{COMMIT}",
            "pytest==1.0",
            "ring-a==1.0",
            "ring-b==1.0",
            "werkzeug==3.0",
        ]
    }
    assert found["variables"] == {"NUM": "1", "YES": "yes", "MYLIB": "/opt/lib", "TIME": "1:30"}


def test_no_builds_has_neither_builds_nor_prefix() -> None:
    found = load(environment_yml.write(LAB, "no-builds"))
    assert "prefix" not in found
    assert found["dependencies"][:2] == ["numpy=1.26.4", "python=3.12.3"]


def test_from_history_is_what_was_asked_for_as_people_write_it() -> None:
    found = load(environment_yml.write(LAB, "from-history"))
    # `extra` names no channel of this file, conda-forge does
    assert found["dependencies"][:-1] == ["python=3.12", "six>=1.17", "gcc_linux-64", "numpy", "conda-forge::x264", "pip"]
    assert found["channels"] == ["defaults", "conda-forge", "bioconda"]
    assert "flask==1.0" in found["dependencies"][-1]["pip"]


def test_from_history_says_what_nobody_asked_for() -> None:
    text = environment_yml.write(replace(LAB, requested=Requested(specs=("numpy", "a b c !"), inferred=True)), "from-history")
    assert "# the history does not say what was asked for at first" in text
    assert "a b c !" in text
    assert load(text)["dependencies"][:-1] == ["numpy", "pip"]


def test_portable_is_fit_for_another_platform() -> None:
    text = environment_yml.write(LAB, "portable")
    found = load(text)
    assert found["dependencies"] == [
        "python=3.12.3",
        "six=1.17.0",
        "numpy=1.26.4",
        "x264=1!157.20191217",
        "pip",
        {"pip": ["flask-cors==1.0", f"mine @ git+https://host.example/m.git@{COMMIT}", "pytest==1.0", "ring-a==1.0"]},
    ]
    assert found["variables"] == {"NUM": "1", "YES": "yes", "TIME": "1:30"}
    assert "prefix" not in found
    assert "gcc_linux-64" in text.partition("name:")[0]
    assert "MYLIB" in text.partition("name:")[0]


TORCH = replace(
    LAB,
    distributions=(pip_dist("torch", version="2.1.0+cu121"), pip_dist("flask")),
    index_urls=("https://pypi.org/simple", "https://torch.example/whl/cu121", "https://mine.example/simple"),
)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_indexes_that_a_local_version_needs_stand_first_in_the_pip_section(variant: Variant) -> None:
    options = ["--extra-index-url https://torch.example/whl/cu121", "--extra-index-url https://mine.example/simple"]
    text = environment_yml.write(TORCH, variant)
    assert load(text)["dependencies"][-1] == {"pip": [*options, "flask==1.0", "torch==2.1.0+cu121"]}
    assert "credentials" not in text
    assert [line.text for line in read(text.encode(), "x.yml").refused] == options
    found = read(text.encode(), "x.yml", allow_index=TORCH.index_urls)
    assert (found.index_urls, found.refused) == (TORCH.index_urls[1:], ())
    assert [item.text for item in found.requirements] == ["flask==1.0", "torch==2.1.0+cu121"]
    login = environment_yml.write(replace(TORCH, index_auth=((TORCH.index_urls[2], "user"),)), variant)
    assert "# https://mine.example/simple asked for credentials, which are not in this file" in login


def test_an_index_that_no_line_needs_is_not_named() -> None:
    assert "--extra-index-url" not in environment_yml.write(replace(TORCH, distributions=(pip_dist("flask"),)))
    assert "--extra-index-url" not in environment_yml.write(TORCH, pip="unpinned")
    assert "--extra-index-url" not in environment_yml.write(TORCH, pip="none")


def test_portable_names_no_place_of_this_machine() -> None:
    local = "file:///home/lab"
    lab = replace(
        LAB,
        conda=tuple(replace(package, channel=f"{local}/channel") for package in LAB.conda[:2]),
        channels=(),
        variables=(),
        index_urls=(f"{local}/index",),
        distributions=(
            pip_dist(
                "edit",
                origin=Origin(kind="directory", url=f"{local}/edit", editable=True, commit=COMMIT, remote="/home/lab/e.git"),
            ),
            pip_dist("repo", origin=Origin(kind="vcs", url=f"{local}/repo", vcs="git", commit=COMMIT)),
            pip_dist("wheel", origin=Origin(kind="archive", url=f"{local}/wheel-1.0-py3-none-any.whl")),
            pip_dist("torch", version="2.1.0+cu121"),
        ),
    )
    text = environment_yml.write(lab, "portable")
    # a channel has to stand where channels do; that it is a folder of another machine is said
    assert text.count("/home/lab") == 1
    assert f"  - {local}/channel\n" in text
    assert "# a channel that begins with file: is a folder of the machine that this was made on" in text
    assert f"#   edit==1.0: editable folder, on no index; on the machine that this was made on; commit {COMMIT}\n" in text
    assert "#   torch==2.1.0+cu121: local version, not on the public index\n" in text
    assert "made on" not in environment_yml.write(lab)


def test_portable_keeps_variables_that_hold_no_path() -> None:
    paths = {"A": "/opt/lib", "B": "x:/opt", "C": "~/data", "D": "C:\\data", "E": "file:///srv/x", "F": "-I /opt"}
    plain = {"G": "https://daq.example/api", "H": "a/b", "I": "tcp://daq:5025"}
    text = environment_yml.write(replace(LAB, variables=(*paths.items(), *plain.items())), "portable")
    assert load(text)["variables"] == plain
    assert "# variables left out, since they hold paths of one machine: A, B, C, D, E, F\n" in text


def test_portable_leaves_out_what_is_for_one_system() -> None:
    bound = [
        "_libgcc_mutex",
        "_openmp_mutex",
        "libgcc-ng",
        "libgcc",
        "libstdcxx-ng",
        "libnsl",
        "libxcrypt",
        "libuuid",
        "sysroot_linux-64",
    ]
    kept = ["libgcc-config", "libuuid-tools", "uuid", "libxml2", "vc-tools"]
    lab = replace(
        LAB,
        conda=tuple(conda_package(name, "1.0", "h_0") for name in (*bound, *kept)),
        requested=Requested(specs=(*bound, *kept), inferred=True),
        distributions=(),
    )
    text = environment_yml.write(lab, "portable")
    assert load(text)["dependencies"] == [f"{name}=1.0" for name in kept]
    assert f"alone or comes with what needs it: {', '.join(bound)}\n" in text


@pytest.mark.parametrize("variant", VARIANTS)
def test_secrets_are_left_out_and_named(variant: Variant) -> None:
    text = environment_yml.write(LAB, variant)
    assert "hf_abc" not in text
    assert "# variables left out, since they look secret (--with-secrets writes them): HF_TOKEN" in text
    assert "hf_abc" in environment_yml.write(LAB, variant, with_secrets=True)


def test_pip_by_choice() -> None:
    def section(**given: Any) -> Any:
        last = load(environment_yml.write(LAB, "no-builds", **given))["dependencies"][-1]
        return last["pip"] if isinstance(last, dict) else None

    assert section(pip="top-level") == [
        "flask-cors==1.0",
        f"mine @ git+https://host.example/m.git@{COMMIT}",
        "pytest==1.0",
        "ring-a==1.0",
    ]
    assert section(pip="unpinned")[:2] == ["flask", "flask-cors"]
    assert section(pip="unpinned")[2] == f"mine @ git+https://host.example/m.git@{COMMIT}"
    assert section(pip="none") is None
    assert "left out as asked: the 8 packages" in environment_yml.write(LAB, pip="none")


@pytest.mark.parametrize(
    ("requirement", "subdir", "required"),
    [
        ("colorama; sys_platform == 'win32'", "linux-64", False),
        ("colorama; sys_platform == 'win32'", "win-64", True),
        ("colorama (>=0.4) ; python_version < '3.8'", "linux-64", False),
        ("colorama; python_full_version >= '3.12.3' and implementation_name == 'cpython'", "linux-64", True),
        ("colorama; platform_machine == 'arm64' and platform_system == 'Darwin'", "osx-arm64", True),
        ("colorama; platform_machine == 'arm64' and platform_system == 'Darwin'", "osx-64", False),
        ("colorama; os_name == 'nt' and platform_machine == 'AMD64'", "win-64", True),
        ("colorama; platform_python_implementation == 'PyPy'", "linux-64", False),
        ("colorama; extra == 'win' and os_name == 'posix'", "linux-64", False),
        # what cannot be judged counts, as it did when the package was installed
        ("colorama; os_name ~= 'posix'", "linux-64", True),
        ("colorama; no_such == 'x'", "linux-64", True),
        ("colorama; " + "(" * 2000 + "os_name == 'nt'" + ")" * 2000, "linux-64", True),
    ],
)
def test_what_only_another_platform_requires_is_top_level(requirement: str, subdir: str, required: bool) -> None:
    dists = (pip_dist("click", requirement), pip_dist("colorama"))
    lab = make_record(dists=dists)
    lab = replace(lab, environment=replace(lab.environment, subdir=subdir))
    assert [dist.name for dist in top_level(lab)] == (["click"] if required else ["click", "colorama"])


def test_editable_ones_are_a_comment_that_says_where_they_came_from() -> None:
    text = environment_yml.write(LAB)
    assert "#   edit==1.0: editable folder, on no index; folder file:///home/lab/edit\n" in text


def test_what_pip_removed_or_replaced_is_no_conda_line_and_is_said() -> None:
    removed = replace(conda_package("gone"), altered="removed")
    replaced = conda_package("werkzeug", "2.0")
    text = environment_yml.write(replace(LAB, conda=(*LAB.conda, removed, replaced)))
    names = [line.partition("=")[0] for line in load(text)["dependencies"][:-1]]
    assert "gone" not in names
    assert "werkzeug" not in names
    assert "#   gone=1.0=h1_0\n" in text
    assert "#   werkzeug=2.0=h1_0\n" in text


def test_the_name_is_never_a_path() -> None:
    info = replace(LAB.environment, name="C:\\envs\\my env", conda_name="C:\\envs\\my env")
    assert load(environment_yml.write(replace(LAB, environment=info)))["name"] == "C_envs_my_env"


def test_an_empty_environment_has_an_empty_list() -> None:
    assert load(environment_yml.write(make_record(python=None)))["dependencies"] == []


def test_a_venv_is_its_python_and_what_pip_installed() -> None:
    venv = make_record(dists=(pip_dist("numpy", version="1.26.4"),), kind="venv")
    for variant in VARIANTS:
        assert load(environment_yml.write(venv, variant)) == {
            "name": "lab",
            "channels": ["conda-forge"],
            "dependencies": ["python=3.12.3", "pip", {"pip": ["numpy==1.26.4"]}],
        }


@pytest.mark.parametrize("variant", VARIANTS)
def test_py_rattler_parses_each_conda_line(variant: Variant) -> None:
    for line in load(environment_yml.write(LAB, variant))["dependencies"]:
        if isinstance(line, str):
            assert MatchSpec(line).name is not None


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=60, deadline=None)
@given(records)
def test_any_record_makes_a_file_that_both_yamls_and_our_reader_take(variant: Variant, record: Record) -> None:
    text = environment_yml.write(record, variant).encode("utf-8", "replace").decode()
    found = load(text)
    assert isinstance(found["name"], str)
    assert not any(letter in found["name"] for letter in "/\\:# ")
    assert all(isinstance(line, str) for line in found["dependencies"] if not isinstance(line, dict))
    read(text.encode(), "x")


def test_the_full_variant_reads_back() -> None:
    found = read(environment_yml.write(LAB).encode(), "x")
    assert found.name == "lab"
    assert found.python == "3.12.3"
    assert found.conda_specs == tuple(f"{p.name}=={p.version}={p.build}" for p in LAB.conda)
    assert found.channels == ("defaults", "conda-forge", "bioconda")
    assert [item.name for item in found.requirements] == [
        "flask",
        "flask-cors",
        "mine",
        "pytest",
        "ring-a",
        "ring-b",
        "werkzeug",
    ]
    assert dict(found.variables)["TIME"] == "1:30"
    assert not found.refused
