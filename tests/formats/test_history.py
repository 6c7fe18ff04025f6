from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.errors import BadFormatError
from envkeep.formats import history
from envkeep.formats.history import conda_spelling, format_block, parse_history, requested_specs

CAPTURES = Path(__file__).parents[1] / "data" / "captures"
EVERYTHING = {"a", "b", "c", "six", "pandas", "jupyter", "python", "param", "x"}


def asked_for(text: str, installed: set[str] = EVERYTHING) -> tuple[str, ...]:
    return requested_specs(parse_history(text).transactions, installed)[0]


def block(*lines: str, when: str = "2024-01-31 11:24:05", command: str | None = "conda install") -> str:
    return "\n".join([f"==> {when} <==", *([f"# cmd: {command}"] if command else []), *lines]) + "\n"


@pytest.mark.parametrize(
    ("writer", "lines", "specs"),
    [
        ("conda, mixed quotes", ["""# update specs: ["python=3.12.1", 'six>=1.17']"""], ("python=3.12.1", "six>=1.17")),
        ("conda on Python 2", ["""# update specs: [u'python=2.7', u"six"]"""], ("python=2.7", "six")),
        ("micromamba", [r"""# update specs: ["pandas[version=\">=0.25.2,<3\"]"]"""], ('pandas[version=">=0.25.2,<3"]',)),
        (
            "conda 4.4",
            ["# install specs: python>=3.5.1,jupyter >=1.0.0,<2.0,six"],
            ("python>=3.5.1", "jupyter >=1.0.0,<2.0", "six"),
        ),
        ("conda 3, no blank", ["#update specs:python,six"], ("python", "six")),
        ("create", ["# create specs: ['six']"], ("six",)),
        ("brackets in a bare list", ["# update specs: pandas[version='>=1,<2'],six"], ("pandas[version='>=1,<2']", "six")),
        ("a feature", ["# update specs: ['six', 'mkl@']"], ("six",)),
        ("two lists, the last counts", ["# update specs: ['a']", "# update specs: ['b']"], ("b",)),
        ("an empty second list counts for nothing", ["# update specs: ['a']", "# update specs: []"], ("a",)),
        ("trailing comma", ["# update specs: ['a', 'b',]"], ("a", "b")),
        ("removed in the same block first", ["# update specs: ['a']", "# remove specs: ['a']"], ("a",)),
        ("neutered", ["# update specs: ['a=1']", "# neutered specs: ['a']"], ("a",)),
    ],
)
def test_lists_of_all_writers(writer: str, lines: list[str], specs: tuple[str, ...]) -> None:
    assert asked_for(block(*lines)) == specs


def test_an_update_keeps_its_place_and_a_removal_does_not() -> None:
    text = block("# update specs: ['a', 'b', 'c']") + block("# update specs: ['a=2']") + block("# remove specs: ['b']")
    assert asked_for(text) == ("a=2", "c")
    assert asked_for(text + block("# update specs: ['b']")) == ("a=2", "c", "b")


def test_what_is_not_installed_is_dropped() -> None:
    assert asked_for(block("# update specs: ['a', 'gone']")) == ("a",)


def test_a_block_without_a_command_counts_for_nothing() -> None:
    assert asked_for(block("# update specs: ['a']", command=None)) == ()


def test_crashed_writers() -> None:
    text = "==>x<==\n" + block("# update specs: ['a']") + "==> 2024-01-31 11:2"
    history = parse_history(text)
    assert [entry.when for entry in history.transactions] == ["x", "2024-01-31 11:24:05"]
    assert asked_for(text) == ("a",)
    assert history.faults == ("line 5 is a header cut short",)


def test_pixi_writes_one_line_without_a_header() -> None:
    assert parse_history("// not relevant for pixi but for `conda run -p`\n").transactions == ()


@pytest.mark.parametrize("broken", ["['a", "['a' 'b']", "[a]", "{'a'}]["])
def test_a_broken_list_is_a_fault_and_the_rest_is_kept(broken: str) -> None:
    history = parse_history(block("+c/noarch::a-1-0", f"# update specs: [{broken}"))
    assert len(history.faults) == 1
    assert history.transactions[0].added == ("c/noarch::a-1-0",)


def test_a_spec_that_is_none_is_named() -> None:
    specs, unreadable = requested_specs(
        parse_history(block("# update specs: ['a', 'x;rm', '*[md5=0]']")).transactions, EVERYTHING
    )
    assert specs == ("a",)
    assert unreadable == ("x;rm",)


def test_transactions_tell_the_story() -> None:
    text = (CAPTURES / "full" / "prefix" / "conda-meta" / "history").read_text("utf-8")
    first, *_, removal, _last = parse_history(text).transactions
    assert first.when == "2026-11-20 10:32:14"
    assert first.conda_version == "26.7.1"
    assert first.command is not None
    assert first.command.startswith("/home/lab/miniforge3/bin/conda create -p")
    assert len(first.added) == 14
    assert removal.removed[0] == "file:///srv/channels/extra/noarch::click-8.1.7-pyhd8ed1ab_0"
    assert removal.remove_specs == ("click",)
    assert removal.neutered_specs == ("openssl",)


@pytest.mark.parametrize(("folder", "output"), [("full", "env_export_fh.out"), ("rev", "export--from-history.out")])
def test_the_names_and_order_that_conda_prints(folder: str, output: str) -> None:
    import yaml

    text = (CAPTURES / folder / "prefix" / "conda-meta" / "history").read_text("utf-8")
    records = (CAPTURES / folder / "prefix" / "conda-meta").glob("*.json")
    specs = asked_for(text, {path.name.rsplit("-", 2)[0] for path in records})
    printed = yaml.safe_load((CAPTURES / folder / "conda" / output).read_text("utf-8"))["dependencies"]
    # conda leaves the channel out, and writes == as =
    assert [spec.rpartition("::")[2].replace("==", "=", 1) for spec in specs] == printed


def test_only_the_blocks_of_the_last_history_are_kept() -> None:
    texts = [block(f"+a-{day}-0", command=f"x {day}") for day in (1, 2, 3)]
    whole = parse_history("".join(texts[:2]))
    again = parse_history("".join(texts))
    assert again.transactions[:2] == whole.transactions
    assert again.transactions[0] is whole.transactions[0], "it is not read again"
    parse_history(texts[2])
    assert len(history._last.blocks) == 1
    assert parse_history(texts[0]).transactions[0] is not whole.transactions[0]


def test_old_first_blocks_list_the_whole_state() -> None:
    history = parse_history("==> 2013-01-01 00:00:00 <==\na-1-0\nb-1-0\n==> 2013-01-02 00:00:00 <==\na-2-0\nb-1-0\n")
    assert history.transactions[0].added == ("a-1-0", "b-1-0")
    assert (history.transactions[1].added, history.transactions[1].removed) == (("a-2-0",), ("a-1-0",))


def test_credentials_are_dropped_everywhere() -> None:
    text = block(
        "+https://host/t/S3CR3T/chan/linux-64::a-1-0",
        "-https://u:S3CR3T@host/chan/linux-64::a-0-0",
        "# update specs: ['https://u:S3CR3T@host/chan::a']",
        command="conda install -c https://u:S3CR3T@host/chan -c https://host/t/S3CR3T/c a",
    )
    assert "S3CR3T" not in repr(parse_history(text))


def test_a_block_of_ours_reads_back() -> None:
    text = format_block(
        when=datetime(2025, 1, 31, 11, 24, 5),  # noqa: DTZ001 - conda writes local time
        command="envkeep restore",
        conda_version="4.6.0",
        added=["conda-forge/linux-64::six-1.17.0-py_0"],
        update_specs=["six>=1.17", "extra::click", "x>=1[build=py*]", "openssl==3.5.0=h_0"],
    )
    (entry,) = parse_history(text).transactions
    assert entry.when == "2025-01-31 11:24:05"
    assert entry.added == ("conda-forge/linux-64::six-1.17.0-py_0",)
    assert entry.update_specs == ("six[version='>=1.17']", "extra::click", "x[version='>=1',build=py*]", "openssl==3.5.0=h_0")


def test_a_block_holds_no_second_line() -> None:
    now = datetime(2025, 1, 31)  # noqa: DTZ001
    with pytest.raises(BadFormatError):
        format_block(when=now, command="x\n# update specs: ['evil']", conda_version="4.6.0")
    with pytest.raises(BadFormatError):
        format_block(when=now, command="x", conda_version="4.6.0", update_specs=["a\nb"])


def test_condas_own_spelling() -> None:
    assert conda_spelling("six>=1.17") == "six[version='>=1.17']"
    assert conda_spelling("conda-forge::x>=1,<2[md5=0]") == "conda-forge::x[version='>=1,<2',md5=0]"
    assert conda_spelling("python=3.12.1") == "python=3.12.1"


_LINES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["==> x <==", "==>x<==", "# cmd: conda", "# update specs: ['a']", "# remove specs: [", "+c::a-1-0", "-", "+", "#"]
    ),
    st.text(max_size=20).map(lambda text: f"# update specs: {text}"),
    st.text("['\",]u\\abx[=", max_size=20).map(lambda text: f"# neutered specs: [{text}"),
)


@given(st.lists(_LINES, max_size=12))
def test_any_history_is_read(lines: list[str]) -> None:
    history = parse_history("\n".join(lines))
    specs, unreadable = requested_specs(history.transactions, {"a"})
    assert len(specs) <= 1
    assert all(isinstance(text, str) for text in (*unreadable, *history.faults))


@given(st.lists(st.tuples(_LINES, st.sampled_from(["\n", "\n", "\r\n", "", "\x0b", "\u2028"]), st.booleans()), max_size=12))
def test_a_history_that_grew_is_read_as_if_all_of_it_were_new(pieces: list[tuple[str, str, bool]]) -> None:
    text = ""
    for line, end, is_looked_at in pieces:
        text += line + end
        if is_looked_at:
            grown = parse_history(text)
            history._last = history._NOTHING
            assert parse_history(text) == grown


def test_a_deep_and_a_long_list_do_not_hang() -> None:
    deep = parse_history(block("# update specs: " + "[" * 200_000))
    assert len(deep.faults) == 1
    long = parse_history(block("# update specs: [" + ", ".join(["'a'"] * 100_000) + "]"))
    assert len(long.transactions[0].update_specs) == 100_000
