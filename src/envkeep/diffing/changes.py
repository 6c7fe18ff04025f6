"""What changed, as values: one Change per package or setting, and all of them with their counts and their text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PACKAGE_KINDS", "Change", "ChangeKind", "Changes", "Counts", "Manager"]

ChangeKind = Literal[
    "install",
    "remove",
    "upgrade",
    "downgrade",
    "rebuild",
    "crossgrade",
    "moved",
    "python",
    "channel",
    "requested",
    "pin",
    "variable",
]
Manager = Literal["conda", "pip"]

PACKAGE_KINDS: tuple[ChangeKind, ...] = ("install", "remove", "upgrade", "downgrade", "rebuild", "crossgrade", "moved")

_SIGNS: dict[ChangeKind, str] = {
    "install": "+",
    "remove": "-",
    "upgrade": "↑",
    "downgrade": "↓",
    "rebuild": "~",
    "crossgrade": "~",
    "moved": "~",
}
_ASCII = str.maketrans({"↑": "^", "↓": "v"})
_SETTING = "*"


@frozen
class Change:
    """One difference between two records.

    Attributes:
        kind: ``install``, ``remove``, ``upgrade``, ``downgrade``; ``rebuild``: the same version from the same source, another
            build; ``crossgrade``: the same version from another source (channel, artefact, index, repository, folder, content);
            ``moved``: from conda to pip or back; or which setting: ``python``, ``channel``, ``requested``, ``pin``, ``variable``.
        name: of the package as its manager spells it, or of the setting (a requested spec's package, a variable).
        manager: who has it now (for ``remove``: had it); None for settings.
        old, new: versions of a package; the text of a setting; None where there was or is none. A variable's values stand
            nowhere, since they can be secrets.
        detail: what else differs, in words; may be empty.
    """

    kind: ChangeKind
    name: str
    manager: Manager | None = None
    old: str | None = None
    new: str | None = None
    detail: str = ""

    @property
    def of_package(self) -> bool:
        """Whether it is about a package and not about a setting."""
        return self.kind in PACKAGE_KINDS

    def sign(self, *, ascii_only: bool = False) -> str:
        """Return the one character that stands for the kind: ``+ - ↑ ↓ ~``, and ``*`` for a setting."""
        sign = _SIGNS.get(self.kind, _SETTING)
        return sign.translate(_ASCII) if ascii_only else sign

    def line(self, *, ascii_only: bool = False) -> str:
        """Return the change as one line of text: ``↑ numpy 1.26.4 -> 2.0.1 (conda; channel defaults -> conda-forge)``."""
        words = [self.sign(ascii_only=ascii_only)]
        if not self.of_package:
            words.append("Python" if self.kind == "python" else f"{self.kind} {self.name}")
        else:
            words.append(self.name)
        words.append(self._from_to())
        notes = "; ".join(note for note in (self.manager, self.detail) if note)
        if notes:
            words.append(f"({notes})")
        return " ".join(word for word in words if word)

    def _from_to(self) -> str:
        if self.kind == "channel":
            return "no longer in use" if self.new is None else "now in use"
        if self.old == self.new:
            return self.new or ""
        if self.of_package and None in {self.old, self.new}:
            # installed or removed; else a file gives its place alone
            return self.new or self.old or ""
        return f"{self.old or 'none'} -> {self.new or 'none'}"


@frozen
class Counts:
    """How many changes of each kind; ``settings`` counts those that are not about packages."""

    install: int = 0
    remove: int = 0
    upgrade: int = 0
    downgrade: int = 0
    rebuild: int = 0
    crossgrade: int = 0
    moved: int = 0
    settings: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return (
            self.install
            + self.remove
            + self.upgrade
            + self.downgrade
            + self.rebuild
            + self.crossgrade
            + self.moved
            + self.settings
        )

    def text(self, *, ascii_only: bool = False) -> str:
        """Return the counts as ``list`` shows them: ``+2 -1 ↑3 ↓1 ~1 *1``, zeros left out.

        ``~`` counts packages that changed otherwise (rebuild, crossgrade, moved), ``*`` settings.
        """
        pairs = (
            ("+", self.install),
            ("-", self.remove),
            ("↑", self.upgrade),
            ("↓", self.downgrade),
            ("~", self.rebuild + self.crossgrade + self.moved),
            (_SETTING, self.settings),
        )
        text = " ".join(f"{sign}{count}" for sign, count in pairs if count)
        return text.translate(_ASCII) if ascii_only else text


@frozen
class Changes:
    """All differences between two records, in order: Python, packages by name, channels, requested specs, pins, variables.

    It is empty (and false) exactly where the two are of the same content (``model.content``), unless ``uncompared`` says that
    one of them was a file that does not hold everything.

    Attributes:
        changes: the differences.
        uncompared: what could not be compared and why, one sentence each without a final full stop.
    """

    changes: tuple[Change, ...] = ()
    uncompared: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    @property
    def counts(self) -> Counts:
        """How many of each kind."""
        seen = Counter(change.kind for change in self.changes)
        by_kind = {kind: seen[kind] for kind in PACKAGE_KINDS}
        return Counts(settings=len(self.changes) - sum(by_kind.values()), **by_kind)

    def summary(self, *, ascii_only: bool = False) -> str:
        """Return a line for each change, then one for each thing that could not be compared; no colour, no final newline."""
        lines = [change.line(ascii_only=ascii_only) for change in self.changes]
        lines += [f"not compared: {reason}" for reason in self.uncompared]
        return "\n".join(lines)
