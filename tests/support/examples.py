"""The examples in README and docs: found in Markdown, run in a laboratory of their own, compared with what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["NOT_RUN", "Block", "Example", "Shell", "blocks", "difference", "in_words", "missing_options", "same_place"]

# what stands in a block's title where it cannot be run by the tests; readers of the site see it
NOT_RUN = "Not run by the tests"
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+) *(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$", re.DOTALL | re.MULTILINE
)
_HIDDEN = re.compile(r"^<!-- console\n(?P<text>.*?)^-->$", re.DOTALL | re.MULTILINE)
_MARK = "\x01{}\x01"
_STAMP = re.compile(r"(?<!\d)20\d{12}(?!\d)")
# what is another on each machine and at each time
_VARYING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DATE"),
    (re.compile(r"\b[0-9]+(\.[0-9]+)? (bytes|[kMG]i?B|B)\b"), "SIZE"),
    (re.compile(r"\b[0-9]+(\.[0-9]+)? (s|ms|seconds?)\b"), "DURATION"),
    (re.compile(r"\b[0-9a-f]{12,}\b"), "HASH"),
    (re.compile(r"(?<=[=\d -]h)[0-9a-f]{7}(?=_\d)"), "HASH"),
    (re.compile(r"\(main, [^)]*\) \[[^]]*\]"), "(BUILD)"),
    (re.compile(r"  +"), "  "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One command of a block, and what the page says that it prints (None: of a hidden block, which shows nothing)."""

    command: str
    output: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A code block of a page.

    Attributes:
        language: the first word after the fence; ``hidden`` for commands in an HTML comment.
        title: what the site shows above it.
        text: without the fence.
        span: from where to where in the page's text the block's own text goes.
        line: of the page, where the text begins.
    """

    language: str
    title: str
    text: str
    span: tuple[int, int]
    line: int

    @property
    def runs(self) -> bool:
        """Whether its commands are run."""
        return self.language in {"console", "hidden"} and not self.title.startswith(NOT_RUN)

    def examples(self) -> Iterator[Example]:
        """Yield its commands: a line that begins with ``$``, and those after it that begin with ``>``."""
        command: list[str] = []
        output: list[str] = []
        started = self.line
        for number, line in enumerate(self.text.splitlines(), self.line):
            if line.startswith("$ "):
                if command:
                    yield self._example(command, output, started)
                command, output, started = [line[2:]], [], number
            elif line.startswith("> ") and command and not output:
                command.append(line[2:])
            else:
                output.append(line)
        if command:
            yield self._example(command, output, started)

    def _example(self, command: list[str], output: list[str], line: int) -> Example:
        shown = None if self.language == "hidden" else "\n".join(output).strip("\n")
        return Example(command="\n".join(command), output=shown, line=line)


def blocks(text: str) -> Iterator[Block]:
    """Yield the code blocks of a page and its hidden ones, in order."""
    found = [(match, "hidden") for match in _HIDDEN.finditer(text)]
    found += [(match, match["info"].split(" ")[0]) for match in _FENCE.finditer(text)]
    for match, language in sorted(found, key=lambda each: each[0].start()):
        title = re.search(r'title="([^"]*)"', match.groupdict().get("info") or "")
        yield Block(
            language=language,
            title=title[1] if title else "",
            text=match["text"],
            span=match.span("text"),
            line=text.count("\n", 0, match.start("text")) + 1,
        )


class Shell:
    """A bash that goes on from command to command, as a reader's does."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """Start it in a folder."""
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environ},
            encoding="utf-8",
        )

    def run(self, command: str) -> tuple[str, int]:
        """Run a command and return what it printed, on either stream, and its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n\\001%s\\001\\n' $?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            done = re.fullmatch(_MARK.format(r"(\d+)"), line.rstrip("\n"))
            if done:
                return "".join(lines).removesuffix("\n"), int(done[1])
            lines.append(line)
        raise AssertionError(f"the shell ended at {command!r}:\n{''.join(lines)}")

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def same_place(text: str, root: Path, words: Mapping[str, str]) -> str:
    """Return what was printed in a laboratory below ``root`` as it reads where the laboratory is the machine.

    Args:
        text: what was printed.
        root: stands for ``/``.
        words: what this machine has in place of what the pages show (the version of Python).
    """
    return in_words(text.replace(str(root).rstrip("/"), ""), {here: shown for shown, here in words.items()})


def in_words(text: str, words: Mapping[str, str]) -> str:
    """Return a text with words replaced; a version where it is not part of a longer one."""
    for old, new in words.items():
        version = old.replace(".", "").isdigit()
        text = re.sub(rf"(?<![\d.]){re.escape(old)}(?!\.?\d)", new, text) if version else text.replace(old, new)
    return text


def difference(shown: str, printed: str, stamps: dict[str, str]) -> str | None:
    """Return how what a page shows differs from what was printed; None where it does not.

    A line ``...`` stands for any lines. Times, sizes, hashes, the width of columns and what a slow machine is told meanwhile
    (``still installing ...``) do not count; stamps have to agree among themselves.

    Args:
        shown: by the page.
        printed: by the command, with the paths of the page.
        stamps: from the page's stamps to those of this run; stamps that are met here for the first time are added.
    """
    expected = shown.rstrip().splitlines()
    actual = [line for line in printed.rstrip().splitlines() if not line.startswith("still ")]
    pairs = _aligned(expected, actual)
    if pairs is None:
        return _side_by_side(expected, actual)
    for ours, theirs in ((_STAMP.findall(our), _STAMP.findall(their)) for our, their in pairs):
        for our, their in zip(ours, theirs, strict=True):
            if stamps.setdefault(our, their) != their:
                return f"{our} of the page is {stamps[our]} at one place and {their} at another"
    return None


def _aligned(expected: list[str], actual: list[str]) -> list[tuple[str, str]] | None:
    if not expected:
        return None if actual else []
    if expected[0].strip() == "...":
        rests = (_aligned(expected[1:], actual[skipped:]) for skipped in range(len(actual) + 1))
        return next((rest for rest in rests if rest is not None), None)
    if not actual or _plain(expected[0]) != _plain(actual[0]):
        return None
    rest = _aligned(expected[1:], actual[1:])
    return None if rest is None else [(expected[0], actual[0]), *rest]


def _plain(line: str) -> str:
    line = _STAMP.sub("STAMP", line.rstrip())
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    return line


def _side_by_side(expected: list[str], actual: list[str]) -> str:
    lines = ["the page shows (-), the command printed (+):"]
    for shown, printed in zip_longest(expected, actual):
        if shown is not None and printed is not None and _plain(shown) == _plain(printed):
            lines.append(f"  {shown}")
            continue
        lines += [f"- {shown}"] if shown is not None else []
        lines += [f"+ {printed}"] if printed is not None else []
    return "\n".join(lines)


def missing_options(command: str) -> set[str]:
    """Return the options of a call of envkeep that it does not have; a verb that it does not have counts as one."""
    from typer.main import get_command

    from envkeep.cli.main import app

    words = shlex.split(re.split(r"&&|[|;>]", command)[0])[1:]
    group: Any = get_command(app)
    options, verb = words, group
    if words and not words[0].startswith("-"):
        if words[0] not in group.list_commands(None):
            return {words[0]}
        verb, options = group.get_command(None, words[0]), words[1:]
    known = {name for parameter in verb.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"-h", "--help"}
    return {word.partition("=")[0] for word in options if word.startswith("-") and word != "-"} - known
