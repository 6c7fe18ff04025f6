from __future__ import annotations

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


def test_everything_by_name_is_what_somebody_asked_for() -> None:
    found, _ = find_requested(ENV, [block(*(package.name for package in ENV))])
    assert not found.inferred


def test_an_empty_environment_asks_for_nothing() -> None:
    found, problems = find_requested([], [block("x")])
    assert (found.specs, found.inferred, problems) == ((), False, ())


def test_specs_that_cannot_be_read_are_named() -> None:
    _, problems = find_requested(ENV, [block("app", "x;rm -rf")])
    assert [problem.code for problem in problems] == ["unreadable-spec"]
