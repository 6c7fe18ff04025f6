from __future__ import annotations

from dataclasses import replace

import pytest

from envkeep.capturing.requested import find_requested, unneeded
from envkeep.model.record import CondaPackage, Transaction


def env(**needs: list[str]) -> list[CondaPackage]:
    return [
        CondaPackage(name=name.replace("_", "-"), version="1.0", build="h_0", depends=tuple(depends))
        for name, depends in needs.items()
    ]


ENV = env(app=["python >=3.8", "lib 1.*"], lib=["zlib"], zlib=["__glibc >=2.17"], python=["zlib", "pip"], pip=["python"], tool=[])


def block(*specs: str) -> Transaction:
    return Transaction(when="x", command="conda create", update_specs=specs)


def test_leaves_and_python_and_pip() -> None:
    assert unneeded(ENV) == ("app", "pip", "python", "tool")


def test_a_circle_is_named_once() -> None:
    assert unneeded(env(a=["b"], b=["c"], c=["a"], d=[])) == ("a", "d")
    assert unneeded(env(a=["a"])) == ("a",)


@pytest.mark.parametrize("spec", ["lib", "lib >=1", "lib=1.*", "lib[version='>=1']", "conda-forge::lib >=1", "Lib<2", "lib~=1.0"])
def test_dependencies_in_all_spellings(spec: str) -> None:
    assert unneeded(env(app=[spec], lib=[])) == ("app",)


def test_a_history_that_names_something_is_taken_at_its_word() -> None:
    found, _ = find_requested(ENV, [block("app>=1", "zlib")])
    assert (found.specs, found.inferred) == (("app>=1", "zlib"), False)


@pytest.mark.parametrize(
    "history",
    [
        [],
        [block("gone")],
        [Transaction(when="x", update_specs=("app",))],
        [block(*(f"conda-forge/linux-64::{package.name}==1.0=h_0" for package in ENV))],
        [block(*(f"https://conda.anaconda.org/conda-forge/linux-64/{package.name}-1.0-h_0.conda" for package in ENV))],
    ],
    ids=["none", "gone", "no command", "clone", "explicit"],
)
def test_else_it_is_inferred(history: list[Transaction]) -> None:
    found, _ = find_requested(ENV, history)
    assert (found.specs, found.inferred) == (("app", "pip", "python", "tool"), True)


def cloned(*later: Transaction) -> list[Transaction]:
    first = Transaction(
        when="x",
        command="conda create --clone lab",
        added=tuple(f"conda-forge/linux-64::{package.name}-1.0-h_0" for package in ENV),
        update_specs=tuple(f"conda-forge/linux-64::{package.name}==1.0=h_0" for package in ENV),
    )
    return [first, *later]


def then(*specs: str, added: tuple[str, ...] = (), neutered_specs: tuple[str, ...] = ()) -> Transaction:
    return Transaction(when="y", command="conda install", update_specs=specs, added=added, neutered_specs=neutered_specs)


MORE = [*ENV, *env(six=["python"], attrs=[])]
ADDED = ("conda-forge/noarch::six-1.0-h_0", "conda-forge/noarch::attrs-1.0-h_0")


def test_what_was_asked_for_after_a_clone_is_asked_for_and_the_rest_inferred() -> None:
    # conda neuters what it updates by itself, and a name that it neuters is no name that was asked for
    history = cloned(then("six>=1", added=ADDED, neutered_specs=("zlib", "lib")))
    found, _ = find_requested(MORE, history)
    # attrs came along with six: neither was it asked for, nor was it in the clone
    assert (found.specs, found.inferred) == (("app", "pip", "python", "tool", "six>=1"), True)


def test_what_a_clone_held_and_somebody_asks_for_later_is_asked_for() -> None:
    found, _ = find_requested(ENV, cloned(then("lib=1.*"), then("app")))
    assert found.specs == ("pip", "python", "tool", "app", "lib=1.*")


def test_what_is_asked_for_together_later_is_asked_for() -> None:
    # also where a history does not say what was added
    found, _ = find_requested(ENV, [replace(cloned()[0], added=()), then("lib", "app")])
    assert found.specs == ("pip", "python", "tool", "app", "lib")


def test_a_package_removed_from_a_clone_leaves_the_rest_inferred() -> None:
    rest = [package for package in ENV if package.name != "tool"]
    gone = ("conda-forge/linux-64::tool-1.0-h_0",)
    removal = Transaction(when="y", command="conda remove", removed=gone, remove_specs=("tool",), neutered_specs=("zlib",))
    found, _ = find_requested(rest, cloned(removal))
    assert (found.specs, found.inferred) == (("app", "pip", "python"), True)


def test_a_revision_of_a_clone_writes_every_spec_again_and_asks_for_nothing() -> None:
    first = then("six", added=ADDED, neutered_specs=("zlib",))
    again = [spec if "::zlib=" not in spec else "zlib" for spec in cloned()[0].update_specs]
    found, _ = find_requested(MORE, cloned(first, then(*again, "six")))
    assert (found.specs, found.inferred) == (("app", "pip", "python", "tool", "six"), True)


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        (Transaction(when="x", command="conda remove gone --force", remove_specs=("gone",)), ()),
        (then("six"), ("six",)),
        (replace(then("six"), command="/opt/my conda/bin/mamba env update -f e.yml"), ("six",)),
    ],
    ids=["remove", "install", "env update"],
)
def test_what_was_there_before_a_history_began_is_inferred(first: Transaction, asked: tuple[str, ...]) -> None:
    there = tuple(f"conda-forge/linux-64::{package.name}-1.0-h_0" for package in MORE)
    found, _ = find_requested(MORE, [replace(first, added=there), then("lib=1.*")])
    rest = ("app", *(() if asked else ("six",)), "attrs", "pip", "python", "tool")
    assert (found.specs, found.inferred) == ((*sorted(rest), *asked, "lib=1.*"), True)


def test_what_an_environment_was_made_with_explains_all_that_it_holds() -> None:
    there = tuple(f"conda-forge/linux-64::{package.name}-1.0-h_0" for package in MORE)
    made = Transaction(when="x", command="conda create -n install app", added=there, update_specs=("app",))
    found, _ = find_requested(MORE, [made, then("six")])
    assert (found.specs, found.inferred) == (("app", "six"), False)
    # also one that was made empty, of which something is needed no more by now
    empty = Transaction(when="w", command="conda create -n lab")
    assert find_requested(MORE, [empty, replace(made, command="conda install app")])[0].specs == ("app",)
    # and what asks for all that it brings is no younger than that
    brought = Transaction(when="x", command="conda install app", added=("c/noarch::app-1.0-h_0",), update_specs=("app",))
    assert find_requested(MORE, [brought])[0].specs == ("app",)


def test_two_packages_by_their_build_are_asked_for_where_there_are_more() -> None:
    added = tuple(f"c/noarch::{package.name}-1.0-h_0" for package in ENV)
    made = Transaction(when="x", command="conda create", added=added, update_specs=("app",))
    found, _ = find_requested(ENV, [made, then("zlib==1.0=h_0", "lib==1.0=h_0")])
    assert (found.specs, found.inferred) == (("app", "zlib==1.0=h_0", "lib==1.0=h_0"), False)


def test_everything_by_name_is_what_somebody_asked_for() -> None:
    found, _ = find_requested(ENV, [block(*(package.name for package in ENV))])
    assert not found.inferred


def test_an_empty_environment_asks_for_nothing() -> None:
    found, problems = find_requested([], [block("x")])
    assert (found.specs, found.inferred, problems) == ((), False, ())


def test_specs_that_cannot_be_read_are_named() -> None:
    _, problems = find_requested(ENV, [block("app", "x;rm -rf")])
    assert [problem.code for problem in problems] == ["unreadable-spec"]
