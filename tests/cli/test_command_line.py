"""From the words of a command line to the values of parameters: GNU's conventions, and an error for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.cli.command_line import options_before, values
from envkeep.cli.main import VERBS, root, verb_function
from envkeep.cli.options import Shared
from envkeep.cli.parameters import argument, call, option, parameters
from envkeep.errors import UsageError


def verb(
    backup: Annotated[str, argument("BACKUP", help="A backup.")],
    files: Annotated[list[Path] | None, argument("FILE", help="Files.")] = None,
    name: Annotated[str | None, option("-n", "--name", metavar="NAME", help="A name.")] = None,
    channel: Annotated[list[str] | None, option("-c", "--channel", metavar="C", help="Channels.")] = None,
    kind: Annotated[Literal["one", "two"], option("--kind", help="A kind.")] = "one",
    all_: Annotated[bool, option("-a", "--all", help="All.")] = False,
    *,
    shared: Shared,
) -> dict[str, Any]:
    """A verb as any other, which gives back what it was given."""
    return {"backup": backup, "files": files, "name": name, "channel": channel, "kind": kind, "all": all_, "shared": shared}


def _given(*words: str) -> dict[str, Any] | None:
    return values(parameters(verb), words, "envkeep verb")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["x"], {"backup": "x"}),
        (["x", "-n", "lab"], {"backup": "x", "name": "lab"}),
        (["-n", "lab", "x"], {"backup": "x", "name": "lab"}),
        (["-nlab", "x"], {"backup": "x", "name": "lab"}),
        (["--name=lab", "x"], {"backup": "x", "name": "lab"}),
        (["--name=", "x"], {"backup": "x", "name": ""}),
        (["--name", "-x", "y"], {"backup": "y", "name": "-x"}),
        (["-qan", "lab", "x"], {"backup": "x", "quiet": True, "all_": True, "name": "lab"}),
        (["-n", "a", "x", "-n", "b"], {"backup": "x", "name": "b"}),
        (["x", "-c", "a", "--channel", "b"], {"backup": "x", "channel": ["a", "b"]}),
        (["x", "a", "-q", "b"], {"backup": "x", "files": [Path("a"), Path("b")], "quiet": True}),
        (["-q", "--", "-n"], {"backup": "-n", "quiet": True}),
        (["x", "--kind", "two", "--home", "h"], {"backup": "x", "kind": "two", "home": Path("h")}),
    ],
)
def test_what_is_given(words: list[str], expected: dict[str, Any]) -> None:
    assert _given(*words) == expected


@pytest.mark.parametrize("words", [["-h"], ["x", "--help"], ["-qh"], ["--kind", "one", "-h"]])
def test_help_needs_nothing_else(words: list[str]) -> None:
    assert _given(*words) is None


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ([], "BACKUP is missing"),
        (["x", "-n"], "-n needs a value"),
        (["x", "--name"], "--name needs a value"),
        (["x", "--all=yes"], "--all takes no value"),
        (["x", "--nam", "lab"], "an abbreviation of --name"),
        (["x", "--nam=lab"], "an abbreviation of --name"),
        (["x", "--nobody"], "there is no option --nobody"),
        (["x", "-z"], "there is no option -z"),
        (["x", "--kind", "three"], "--kind cannot be 'three'"),
        (["x", "--home", ""], "--home is empty"),
        (["x", ""], "FILE is empty"),
    ],
)
def test_what_makes_no_sense(words: list[str], fact: str) -> None:
    with pytest.raises(UsageError) as caught:
        _given(*words)
    assert caught.value.fact == fact
    assert caught.value.remedy


def test_a_required_option() -> None:
    with pytest.raises(UsageError, match="-o/--output is missing"):
        values(parameters(verb_function("pack")), ["latest"], "envkeep pack")


def test_options_before_the_verb_end_at_the_verb() -> None:
    assert options_before(parameters(root), ["-q", "--home", "h", "list", "-n", "x"]) == (
        {"quiet": True, "home": Path("h")},
        ["list", "-n", "x"],
    )


def test_a_group_is_made_of_what_is_given_of_it() -> None:
    assert call(verb, {"backup": "x", "quiet": True})["shared"] == Shared(quiet=True)


@pytest.mark.parametrize("name", VERBS)
def test_no_name_means_two_things(name: str) -> None:
    known = parameters(verb_function(name))
    names = [each for parameter in known for each in parameter.names]
    assert len(names) == len(set(names))
    keys = [parameter.key for parameter in known]
    assert len(keys) == len(set(keys)), "a group's field is called as a parameter"


@given(st.lists(st.text(max_size=8) | st.sampled_from(["-n", "--name", "--kind", "one", "-q", "--", "-h", "--al"]), max_size=6))
def test_any_command_line_gives_values_help_or_a_usage_error(words: list[str]) -> None:
    try:
        found = _given(*words)
    except UsageError:
        return
    assert found is None or "backup" in found
