"""``conda-meta/history``: what was done to an environment, read by conda's rules, and written for conda to go on from.

The rules are those of conda's ``History`` (conda/history.py). Writers known: conda 4 to 26 (Python literals, before 4.5 a bare
comma list), mamba and micromamba (JSON lists), pixi (one line without a header), installers made by constructor.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from envkeep.errors import BadFormatError
from envkeep.model import matchspec
from envkeep.model.credentials import scrub
from envkeep.model.record import Transaction
from envkeep.model.secrets import without_secret_arguments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

__all__ = ["History", "conda_spelling", "format_block", "parse_history", "requested_specs"]

_HEADER = re.compile(r"==>\s*(.+?)\s*<==")
_COMMAND = re.compile(r"#\s*cmd:\s*(.+)")
_VERSION = re.compile(r"#\s*conda version:\s*(.+)")
_SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(.+)?")
# a Python or JSON string; Python 2 wrote u'...'
_ITEM = re.compile(r"""\s*u?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|\])""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
# what conda takes for the continuation of the spec before it, in a bare comma list: `param >=1.5.1,<2.0`
_CONTINUES = re.compile(r"\s*[<>!=~]")
_MOST_KEPT = 50_000  # lines of a history
_KINDS = {
    "update": "update",
    "install": "update",
    "create": "update",
    "remove": "remove",
    "uninstall": "remove",
    "neutered": "neutered",
}


class History(NamedTuple):
    """A history file, read.

    Attributes:
        transactions: its blocks, oldest first.
        faults: what could not be read, one sentence each, naming the line.
    """

    transactions: tuple[Transaction, ...] = ()
    faults: tuple[str, ...] = ()


class _Block(NamedTuple):
    """A block.

    Attributes:
        transaction: what it says by itself.
        content: its lines that are neither header nor comment, none twice.
        faults: line, counted from its header's (1), and what is wrong with it.
    """

    transaction: Transaction
    content: tuple[str, ...]
    faults: tuple[tuple[int, str], ...]

    @property
    def is_whole(self) -> bool:
        """Whether its lines say what came and what went; before conda 4 a first block listed the whole state."""
        return not self.content or any(line[0] in "+-" for line in self.content)


class _Parsed(NamedTuple):
    text: str
    lines: int
    blocks: tuple[_Block, ...]
    faults: tuple[str, ...]


_NOTHING = _Parsed("", 0, (), ())
# the history that was parsed last: it only grows, and a process that captures its environment again meets its blocks again
_last = _NOTHING


def parse_history(text: str) -> History:
    """Return the blocks of a history; credentials dropped. Never raises: what cannot be read is a fault, the rest is kept."""
    global _last  # noqa: PLW0603 - of one environment
    last = _last
    known = last if last.text.endswith("\n") and text.startswith(last.text) else _NOTHING
    lines = text[len(known.text) :].splitlines()
    # a block ends where the next one begins
    if lines and not _begins(lines[0]):
        known, lines = _NOTHING, text.splitlines()
    # conda ignores what stands before the first header: pixi's one line, a comment
    starts = [number for number, line in enumerate(lines) if "==>" in line and _begins(line)]
    blocks, faults = [*known.blocks], [*known.faults]
    for start, end in pairwise([*starts, len(lines)]):
        block = _block(tuple(lines[start:end]))
        blocks.append(block)
        faults += [f"line {known.lines + start + number} {fault}" for number, fault in block.faults]
    parsed = _Parsed(text, known.lines + len(lines), tuple(blocks), tuple(faults))
    _last = parsed if parsed.lines <= _MOST_KEPT else _NOTHING
    return History(transactions=_transactions(blocks), faults=parsed.faults)


def _begins(line: str) -> bool:
    return _HEADER.match(line.strip()) is not None


def requested_specs(transactions: Iterable[Transaction], installed: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what was asked for by conda's rules, and the specs that cannot be read.

    Per block removals, then updates, then neutered ones; an update keeps the position of its name; names that are not installed
    are dropped; a block without a command counts for nothing.

    Args:
        transactions: oldest first.
        installed: names of the installed packages.

    Returns:
        MatchSpec strings as the history has them, in conda's order; and, in order, those that are no MatchSpec.
    """
    specs: dict[str, str] = {}
    unreadable: dict[str, None] = {}
    for block in transactions:
        if block.command is None:
            continue
        for spec in block.remove_specs:
            name = _name(spec, unreadable)
            if name is not None:
                specs.pop(name, None)
        for spec in (*block.update_specs, *block.neutered_specs):
            name = _name(spec, unreadable)
            if name is not None:
                specs[name] = spec
    return tuple(spec for name, spec in specs.items() if name in installed), tuple(unreadable)


def format_block(
    *,
    when: datetime,
    command: str,
    conda_version: str,
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
    update_specs: Sequence[str] = (),
) -> str:
    """Return one block as conda writes it, ending in a newline.

    Args:
        when: local time.
        command: what was run, on one line.
        conda_version: at most the version of the conda that shall go on from here, which refuses a newer one's environment.
        added: dists as ``conda-forge/linux-64::numpy-1.26.4-py312h1_0``.
        removed: likewise.
        update_specs: MatchSpec strings that count as asked for; written in conda's own spelling, which mamba reads as well.

    Raises:
        BadFormatError: a spec is no MatchSpec, or a text holds a newline.
    """
    for text in (command, conda_version, *added, *removed):
        if len(text.splitlines()) > 1 or text.endswith("\n"):
            raise BadFormatError(f"{text[:80]!r} does not fit on one line of a history")
    lines = [f"==> {when:%Y-%m-%d %H:%M:%S} <==", f"# cmd: {command}", f"# conda version: {conda_version}"]
    lines += [f"-{dist}" for dist in sorted(removed)]
    lines += [f"+{dist}" for dist in sorted(added)]
    if update_specs:
        lines.append(f"# update specs: {[conda_spelling(spec) for spec in update_specs]}")
    return "\n".join(lines) + "\n"


def conda_spelling(spec: str) -> str:
    """Return a MatchSpec string as conda writes it into a history: ``six>=1.17`` gives ``six[version='>=1.17']``.

    Raises:
        BadFormatError: it is no MatchSpec.
    """
    parsed = matchspec.parse(spec)
    if not re.search(r"[<>|,]", parsed.version):
        return str(parsed)
    bare = matchspec.MatchSpec(name=parsed.name, channel=parsed.channel, subdir=parsed.subdir, brackets=parsed.brackets)
    pairs = [f"version='{parsed.version}'"]
    if parsed.build:
        pairs.append(f"build={parsed.build}")
    head, bracket, inside = str(bare).partition("[")
    return f"{head}[{','.join(pairs)}" + (f",{inside}" if bracket else "]")


def _block(lines: tuple[str, ...]) -> _Block:
    header = _HEADER.match(lines[0].strip())
    command = conda_version = None
    specs: dict[str, tuple[str, ...]] = {}
    content: dict[str, None] = {}
    faults: list[tuple[int, str]] = []
    for number, raw in enumerate(lines[1:], start=2):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("==>"):
            faults.append((number, "is a header cut short"))
        elif not line.startswith("#"):
            content.setdefault(line)
        elif (found := _COMMAND.match(line)) is not None:
            command = without_secret_arguments(scrub(found[1]))
        elif (found := _VERSION.match(line)) is not None:
            conda_version = found[1]
        elif (found := _SPECS.match(line)) is not None and found[1] in _KINDS:
            listed = _spec_list(found[2] or "")
            if listed is None:
                faults.append((number, "holds a list of specs that cannot be read"))
            elif listed:
                # conda: of two lines of a kind in a block, the last that names anything counts
                specs[_KINDS[found[1]]] = listed
    transaction = Transaction(
        when=header[1] if header is not None else "",
        command=command,
        conda_version=conda_version,
        added=tuple([scrub(line[1:]) for line in content if line[0] == "+"]),
        removed=tuple([scrub(line[1:]) for line in content if line[0] == "-"]),
        update_specs=specs.get("update", ()),
        remove_specs=specs.get("remove", ()),
        neutered_specs=specs.get("neutered", ()),
    )
    return _Block(transaction, tuple(content), tuple(faults))


def _spec_list(text: str) -> tuple[str, ...] | None:
    text = text.strip()
    items = _quoted_items(text) if text.startswith("[") else _bare_items(text)
    if items is None:
        return None
    # a final @ asks for a feature, not for a package
    return tuple(scrub(item.strip()) for item in items if item.strip() and not item.endswith("@"))


def _quoted_items(text: str) -> list[str] | None:
    if text[1:].strip() == "]":
        return []
    items: list[str] = []
    position = 1
    while True:
        match = _ITEM.match(text, position)
        if match is None:
            # a trailing comma is allowed in a Python list
            return items if items and text[position:].strip() == "]" else None
        item = match[1] if match[1] is not None else match[2]
        items.append(_ESCAPE.sub(_unescaped, item) if "\\" in item else item)
        position = match.end()
        if match[3] == "]":
            return items if not text[position:].strip() else None


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code and code[0] in "dD" and len(code) == 4 and code[1] in "89abcdefABCDEF":
        # half a surrogate pair is no letter
        return "?"
    letter = chr(int(code, 16)) if code else {"n": "\n", "t": "\t"}.get(match[3], match[3])
    # nor does what ends a line or commands a terminal belong into a spec
    return letter if letter.isprintable() else "?"


def _bare_items(text: str) -> list[str]:
    items: list[str] = []
    depth = 0
    for part in text.split(","):
        if items and (depth > 0 or _CONTINUES.match(part)):
            items[-1] += "," + part
        else:
            items.append(part)
        depth += part.count("[") - part.count("]")
    return items


def _name(spec: str, unreadable: dict[str, None]) -> str | None:
    name = matchspec.name_of(spec)
    # `*[md5=...]` names no package on purpose
    if name is None and not spec.lstrip().startswith("*"):
        unreadable.setdefault(spec)
    return name


def _transactions(blocks: Sequence[_Block]) -> tuple[Transaction, ...]:
    if all(block.is_whole for block in blocks):
        return tuple([block.transaction for block in blocks])
    state: dict[str, None] = {}
    result = []
    for block in blocks:
        if block.is_whole:
            added = tuple(line[1:] for line in block.content if line[0] == "+")
            removed = tuple(line[1:] for line in block.content if line[0] == "-")
        else:
            added = tuple(line for line in block.content if line not in state)
            removed = tuple(line for line in state if line not in block.content)
        for dist in removed:
            state.pop(dist, None)
        state.update(dict.fromkeys(added))
        result.append(replace(block.transaction, added=tuple(map(scrub, added)), removed=tuple(map(scrub, removed))))
    return tuple(result)
