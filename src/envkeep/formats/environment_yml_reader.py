"""An environment.yml of anybody's making, read to a Specification: one clear error, or what is odd in words.

Scalars are taken as they are written, so that ``3.10`` stays 3.10 and ``yes`` yes, as conda's own reader (YAML 1.2) has them;
tags (``!!python/tuple``) have no effect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from envkeep.errors import BadFormatError
from envkeep.formats.environment_yml import file_name_of_environment
from envkeep.formats.requirement_parsing import RequirementReader
from envkeep.formats.text import decode, shown
from envkeep.model import matchspec
from envkeep.model.credentials import scrub, without_credentials
from envkeep.model.specification import RefusedLine, Specification

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["read"]

_KNOWN = ("name", "channels", "dependencies", "variables", "prefix")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CHANNEL = re.compile(r"[^\s$`'\"\\;&|<>*?(){}-][^\s$`'\"\\;&|<>*?(){}]*\Z")
_PYTHON = re.compile(r"={1,2}(\d+\.\d+(?:\.\d+(?:(?:a|b|rc)\d+)?)?)\Z")
_REMEDY = "Mend the file, or export it again."


@dataclass(slots=True)
class _Reading:
    source: str
    pip: RequirementReader
    name: str | None = None
    channels: list[str] = field(default_factory=list)
    specs: list[str] = field(default_factory=list)
    variables: list[tuple[str, str]] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    python: str | None = None

    def refuse(self, node: Node, text: str, reason: str) -> None:
        self.refused.append(RefusedLine(line=_line(node), text=shown(scrub(text)), reason=reason))

    def odd(self, node: Node, what: str) -> None:
        self.problems.append(f"line {_line(node)}: {what}")


def read(data: bytes, source: str, *, allow_index: Collection[str] = ()) -> Specification:
    """Return what an environment.yml (or ``conda env export --json``) asks for.

    Args:
        data: the file: UTF-8, or with a byte order mark.
        source: what it is called in messages.
        allow_index: URLs of indexes that lines of its pip section may name.

    Raises:
        BadFormatError: it is no YAML, or no environment file.
    """
    root = _root(decode(data, source), source)
    found = _Reading(source=source, pip=RequirementReader(allow_index=allow_index))
    keys = {}
    for key, value in root.value:
        word = _text(key)
        if word in keys:
            found.odd(key, f"{shown(word)} is there twice; the last one counts")
        keys[word] = value
    if not any(word in keys for word in ("dependencies", "channels", "variables")):
        raise BadFormatError(f"{source} is no environment file: it has no dependencies", _REMEDY)
    for word, node in keys.items():
        if word not in _KNOWN:
            found.odd(node, f"{shown(word)!r} is nothing that an environment file has")
    _name(found, keys.get("name"))
    _channels(found, keys.get("channels"))
    _dependencies(found, keys.get("dependencies"))
    _variables(found, keys.get("variables"))
    return Specification(
        source=source,
        name=found.name,
        python=found.python,
        channels=tuple(dict.fromkeys(found.channels)),
        conda_specs=tuple(found.specs),
        requirements=tuple(found.pip.requirements),
        variables=tuple(dict(found.variables).items()),
        index_urls=tuple(found.pip.index_urls),
        refused=tuple(sorted([*found.refused, *found.pip.refused], key=lambda line: line.line)),
        problems=(*found.problems, *found.pip.problems),
    )


def _root(text: str, source: str) -> MappingNode:
    try:
        # Python's own loader: a file nested too deeply raises there, and ends the process in libyaml
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except RecursionError:
        raise BadFormatError(f"{source} is no environment file: it is nested too deeply", _REMEDY) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f":{mark.line + 1}"
        raise BadFormatError(f"{source}{place} is no YAML: {_words(error.problem or error.context)}", _REMEDY) from None
    except yaml.YAMLError as error:
        raise BadFormatError(f"{source} is no YAML: {_words(str(error))}", _REMEDY) from None
    if root is None:
        raise BadFormatError(f"{source} is empty", _REMEDY)
    if not isinstance(root, MappingNode):
        raise BadFormatError(f"{source} is no environment file: it has no keys", _REMEDY)
    return root


def _name(found: _Reading, node: Node | None) -> None:
    if node is None or _empty(node):
        return
    name = _scalar(node)
    if name is None:
        found.odd(node, "name is no text")
    elif name != file_name_of_environment(name):
        found.odd(node, f"name is {shown(name)!r}, which no environment can be called; it is passed over")
    else:
        found.name = name


def _channels(found: _Reading, node: Node | None) -> None:
    for item in _items(found, node, "channels"):
        channel = _scalar(item)
        if channel is None:
            found.odd(item, "a channel that is no text is passed over")
            continue
        clean = without_credentials(channel.strip()).url
        # nodefaults keeps conda from adding defaults, which is never added here
        if clean == "nodefaults":
            continue
        if "$" in clean:
            found.refuse(item, channel, "conda puts the value of an environment variable into it")
        elif not _CHANNEL.match(clean):
            found.refuse(item, channel, "it is no channel")
        else:
            found.channels.append(clean)


def _dependencies(found: _Reading, node: Node | None) -> None:
    for item in _items(found, node, "dependencies"):
        text = _scalar(item)
        if text is not None:
            _spec(found, item, text)
            continue
        pairs = item.value if isinstance(item, MappingNode) else []
        if not pairs:
            found.odd(item, "a dependency that is no text is passed over")
        for key, value in pairs:
            word = _text(key)
            if word == "pip":
                for line in _items(found, value, "pip"):
                    requirement = _scalar(line)
                    if requirement is None:
                        found.odd(line, "a requirement that is no text is passed over")
                    else:
                        found.pip.read(requirement, _line(line))
            else:
                found.refuse(key, f"{word}:", "a section of another installer is not taken over")
    names = {matchspec.name_of(spec) for spec in found.specs}
    if found.pip.requirements and "pip" not in names and node is not None:
        found.odd(node, "there is a pip section, and pip is not among the dependencies; it is added")


def _spec(found: _Reading, node: Node, text: str) -> None:
    stripped = text.strip()
    if not stripped:
        found.odd(node, "an empty dependency is passed over")
        return
    trimmed = stripped.rstrip("= ") if re.search(r"[^=<>!~]=+\s*\Z", stripped) else stripped
    if trimmed != stripped:
        found.odd(node, f"{shown(stripped)!r} is read as {trimmed!r}")
    try:
        spec = matchspec.parse(trimmed)
    except BadFormatError:
        found.refuse(node, stripped, "it is no package specification that conda reads")
        return
    found.specs.append(str(spec))
    if spec.name == "python":
        match = _PYTHON.match(spec.version)
        found.python = match[1] if match is not None else found.python


def _variables(found: _Reading, node: Node | None) -> None:
    if node is None or _empty(node):
        return
    if not isinstance(node, MappingNode):
        found.odd(node, "variables are no names with values; they are passed over")
        return
    for key, value in node.value:
        name, text = _text(key), _scalar(value)
        if text is None or "\x00" in text or not _VARIABLE.match(name):
            found.odd(key, f"{shown(name)!r} is no variable with a value; it is passed over")
        else:
            found.variables.append((name, "" if _empty(value) else text))


def _items(found: _Reading, node: Node | None, what: str) -> Iterator[Node]:
    if node is None or _empty(node):
        return
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, ScalarNode):
        found.odd(node, f"{what} is no list; it is read as a list of one")
        yield node
    else:
        found.odd(node, f"{what} is no list; it is passed over")


def _scalar(node: Node) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None


def _text(node: Node) -> str:
    text = _scalar(node)
    return "(no text)" if text is None else text


def _empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is None and node.value in {"", "~", "null", "Null", "NULL"}


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _words(text: str | None) -> str:
    return " ".join((text or "it cannot be read").split())
