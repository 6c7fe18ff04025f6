"""Which versions an expression admits: ``>=1.20,<2``, ``=1.26``, ``1.26.*|2.0``, as MatchSpecs and requirements write them.

The expression's syntax is conda's ``VersionSpec`` (``,`` is and, which binds closer than ``|``, or; parentheses group), of which
PEP 440's is a part. What an operator means depends on whose version is looked at: conda's rules for a conda package
(``2.0rc1 < 2``), PEP 440's for a Python distribution (``<2`` admits no 2.0rc1; ``==2.1.0`` admits 2.1.0+cu121). ``==1.26.*`` is
every 1.26 in both, where conda itself drops the ``.*``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from envkeep.errors import BadFormatError
from envkeep.model.frozen import frozen
from envkeep.model.versions import CondaVersion, pep440

if TYPE_CHECKING:
    from envkeep.model.versions import Order

__all__ = ["VersionExpression", "parse_versions"]

_TOKENS = re.compile(r"\s*([(),|]|[^(),|]+)")
_LEAF = re.compile(r"(?P<operator>===|==|!=|<=|>=|~=|=|<|>)?\s*(?P<version>[A-Za-z0-9_.+!*-]+)\Z")
_MAX_DEPTH = 50


@frozen
class _Leaf:
    operator: Literal["==", "!=", "<=", ">=", "~=", "=", "!=*", "<", ">", "glob", "any"]
    version: str

    def admits(self, version: str, order: Order) -> bool:
        if self.operator == "any":
            return True
        if self.operator == "glob":
            pattern = re.escape(self.version.lower()).replace(r"\*", ".*")
            return re.fullmatch(pattern, version.lower()) is not None
        by_pip = self._admits_as_pip(version) if order == "pip" else None
        return self._admits_as_conda(version) if by_pip is None else by_pip

    def _admits_as_pip(self, version: str) -> bool | None:
        # None where one of the two is no version by PEP 440
        found = pep440(version)
        if found is None or pep440(self.version) is None:
            return None
        from packaging.specifiers import InvalidSpecifier, Specifier

        spelled = {"=": f"=={self.version}.*", "!=*": f"!={self.version}.*"}.get(self.operator, f"{self.operator}{self.version}")
        try:
            return Specifier(spelled).contains(found, prereleases=True)
        except InvalidSpecifier:
            return None

    def _admits_as_conda(self, version: str) -> bool:
        found, wanted = CondaVersion(version), CondaVersion(self.version)
        if self.operator == "=":
            return found.starts_with(wanted)
        if self.operator == "!=*":
            return not found.starts_with(wanted)
        if self.operator == "~=":
            # PEP 440's compatible release: at least that, and the same up to the last part but one
            head = self.version.rpartition(".")[0]
            return found >= wanted and (not head or found.starts_with(CondaVersion(head)))
        direction = found.compare(wanted)
        return {
            "==": direction == 0,
            "!=": direction != 0,
            "<": direction < 0,
            "<=": direction <= 0,
            ">": direction > 0,
            ">=": direction >= 0,
        }[self.operator]


@frozen
class _Joined:
    every: bool
    parts: tuple[_Leaf | _Joined, ...]

    def admits(self, version: str, order: Order) -> bool:
        admitted = (part.admits(version, order) for part in self.parts)
        return all(admitted) if self.every else any(admitted)


@frozen
class VersionExpression:
    """A parsed version expression; ``text`` is what it was parsed from."""

    text: str
    tree: _Leaf | _Joined

    @property
    def admits_all(self) -> bool:
        """Whether any version will do."""
        return isinstance(self.tree, _Leaf) and self.tree.operator == "any"

    def admits(self, version: str, order: Order) -> bool:
        """Return whether a version is one of those asked for.

        Args:
            version: any string; one that is no version by the rules is ordered as ``model.versions`` says.
            order: ``conda`` for a conda package's version, ``pip`` for a Python distribution's.
        """
        return self.tree.admits(version, order)


def parse_versions(text: str) -> VersionExpression:
    """Return a version expression as a value; an empty one and ``*`` admit every version.

    Raises:
        BadFormatError: it is none; names the part that is not understood.
    """
    tokens = [found[1].strip() for found in _TOKENS.finditer(text) if found[1].strip()]
    if not tokens:
        return VersionExpression(text=text, tree=_Leaf(operator="any", version="*"))
    tree = _alternatives(tokens, text, 0)
    if tokens:
        raise _bad(text, f"{tokens[0]!r} stands where nothing can follow")
    return VersionExpression(text=text, tree=tree)


def _alternatives(tokens: list[str], text: str, depth: int) -> _Leaf | _Joined:
    parts = [_conditions(tokens, text, depth)]
    while tokens and tokens[0] == "|":
        del tokens[0]
        parts.append(_conditions(tokens, text, depth))
    return parts[0] if len(parts) == 1 else _Joined(every=False, parts=tuple(parts))


def _conditions(tokens: list[str], text: str, depth: int) -> _Leaf | _Joined:
    parts = [_term(tokens, text, depth)]
    while tokens and tokens[0] == ",":
        del tokens[0]
        parts.append(_term(tokens, text, depth))
    return parts[0] if len(parts) == 1 else _Joined(every=True, parts=tuple(parts))


def _term(tokens: list[str], text: str, depth: int) -> _Leaf | _Joined:
    if not tokens or depth > _MAX_DEPTH:
        raise _bad(text, "it ends too early" if not tokens else "it is nested too deeply")
    word = tokens.pop(0)
    if word == "(":
        inside = _alternatives(tokens, text, depth + 1)
        if not tokens or tokens.pop(0) != ")":
            raise _bad(text, "a parenthesis is not closed")
        return inside
    found = _LEAF.match(word)
    if found is None:
        raise _bad(text, f"{word!r} is no version with an operator before it")
    return _leaf(found["operator"] or "", found["version"], text)


def _leaf(operator: str, version: str, text: str) -> _Leaf:
    bare = version.rstrip("*").rstrip(".")
    if not bare:
        return _Leaf(operator="any", version="*")
    if "*" in bare:
        if operator not in {"", "=", "=="}:
            raise _bad(text, f"a * within a version has no meaning after {operator}")
        return _Leaf(operator="glob", version=version)
    starred = version.endswith("*")
    match operator:
        case "" | "==" | "===":
            return _Leaf(operator="=" if starred else "==", version=bare)
        case "!=":
            return _Leaf(operator="!=*" if starred else "!=", version=bare)
        case "=" | "<=" | ">=" | "~=" | "<" | ">":
            return _Leaf(operator=operator, version=bare)
        case _:
            raise AssertionError(operator)


def _bad(text: str, reason: str) -> BadFormatError:
    return BadFormatError(
        f"{text[:200]!r} is no version expression: {reason}", "Write it as 1.26, =1.26, '>=1.20,<2' or '1.26.*|2.0'."
    )
