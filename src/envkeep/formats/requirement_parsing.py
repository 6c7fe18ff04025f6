"""Lines that pip would obey, read to requirements of our own making; what is no plain requirement is refused, by line.

Nothing of a line reaches pip, uv or conda but through the values made here: option lines (``--index-url``, ``-r``, ...),
variables (``${VAR}``: pip and uv expand them, and a backup from elsewhere could so send a secret away) and ``~`` are refused.
The syntax is pip's requirements file format and PEP 508.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkeep.formats.requirement_origins import Located, locate, locate_path, looks_like_path
from envkeep.formats.text import shown
from envkeep.model.credentials import scrub, without_credentials
from envkeep.model.names import is_dist_name, normalise
from envkeep.model.specification import RefusedLine, Requirement

if TYPE_CHECKING:
    from collections.abc import Collection

    from packaging.requirements import Requirement as Pep508

__all__ = ["RequirementReader"]

# a blank before it is looked for, not blanks: that would take the square of a line's length, and a line can be as long as a file
_COMMENT = re.compile(r"(?<!\S)#.*\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{|[A-Za-z_])")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=|(?=[^\s-]))(?P<what>.+)\Z", re.DOTALL)
_INDEX = re.compile(r"(?:-i|--index-url|--extra-index-url|--pypi-url)(?:\s*=\s*|\s+|(?<=-i)(?=\S))(?P<url>\S+)\s*\Z")
_OPTIONS = re.compile(r"(?<=\s)(?=--?[A-Za-z])")
_HASH = re.compile(r"--hash(?:\s*=\s*|\s+)(?P<algorithm>sha256|sha384|sha512):(?P<digest>[0-9A-Fa-f]+)\Z")
_DIGEST_LETTERS = {"sha256": 64, "sha384": 96, "sha512": 128}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9.]*(?:\+[A-Za-z][A-Za-z0-9.]*)?:(?://|[^\s/]*@)|(?:git|hg|svn|bzr)\+|(?i:file):")
_REASONS = (
    (("-r", "--requirement"), "it names another file, which is not followed"),
    (("-c", "--constraint"), "it names another file, which is not followed"),
    (("-f", "--find-links"), "it names another place to take packages from"),
    (("--trusted-host",), "it switches off the check of a host's certificate"),
)


@dataclass(slots=True)
class RequirementReader:
    """What was read so far of a file's requirement lines.

    Attributes:
        allow_index: URLs of indexes that lines may name.
    """

    allow_index: Collection[str] = ()
    requirements: list[Requirement] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    index_urls: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _seen: dict[str, Requirement] = field(default_factory=dict)

    def read(self, text: str, line: int, *, hint: str | None = None) -> None:
        """Read one line; blanks and comments are passed over.

        Args:
            text: without its end, continued lines joined.
            line: its number, from 1.
            hint: the name that a comment before an ``-e`` line gives it.
        """
        body = _COMMENT.sub("", text).strip()
        if not body:
            return
        if _VARIABLE.search(body):
            self.refuse(line, text, "pip and uv put the value of an environment variable into it")
        elif body.startswith("-"):
            self._option(body, line, text, hint)
        else:
            self._requirement(body, line, text)

    def refuse(self, line: int, text: str, reason: str, allow: str | None = None) -> None:
        """Refuse a line; credentials in it are not kept."""
        self.refused.append(RefusedLine(line=line, text=shown(scrub(text.strip())), reason=reason, allow=allow))

    def add(self, requirement: Requirement) -> None:
        """Take a requirement; the first of a name counts, unless markers tell them apart."""
        key = normalise(requirement.name)
        first = self._seen.setdefault(key, requirement)
        if first is requirement or ";" in requirement.text:
            self.requirements.append(requirement)
        elif first.text != requirement.text:
            self.problems.append(
                f"line {requirement.line}: {requirement.name} is named again; line {first.line} counts: {first.text}"
            )

    def _option(self, body: str, line: int, text: str, hint: str | None) -> None:
        editable = _EDITABLE.match(body)
        if editable is not None:
            self._editable(editable["what"].strip(), line, text, hint)
            return
        index = _INDEX.match(body)
        if index is not None:
            url = index["url"]
            clean = without_credentials(url).url
            if url in self.allow_index or clean in self.allow_index:
                self.index_urls.append(clean)
            else:
                self.refuse(line, text, "it names another index to take packages from", f"--allow-index {clean}")
            return
        word = re.split(r"[\s=]", body, maxsplit=1)[0]
        for words, reason in _REASONS:
            if word in words or (len(words[0]) == 2 and body.startswith(words[0]) and not body.startswith("--")):
                self.refuse(line, text, reason)
                return
        self.refuse(line, text, "an option of pip is not taken over")

    def _editable(self, what: str, line: int, text: str, hint: str | None) -> None:
        name = hint
        if " @ " in what and is_dist_name(what.partition(" @ ")[0].partition("[")[0].strip()):
            head, _, what = what.partition(" @ ")
            name = head.partition("[")[0].strip()
        what = what.strip().strip("\"'")
        found = locate(what, editable=True) if _URL.match(what) else locate_path(what, editable=True)
        self._located(found, name, line, text)

    def _requirement(self, body: str, line: int, text: str) -> None:
        head, *options = _OPTIONS.split(body)
        hashes = []
        for option in options:
            match = _HASH.match(option.strip())
            if match is None:
                self.refuse(line, option, "an option of pip after a requirement is not taken over")
            elif len(match["digest"]) != _DIGEST_LETTERS[match["algorithm"]]:
                self.refuse(line, text, f"its {match['algorithm']} hash is cut short")
                return
            else:
                hashes.append(f"{match['algorithm']}:{match['digest'].lower()}")
        head = head.strip()
        if _URL.match(head):
            self._located(locate(head, editable=False), None, line, text)
        elif looks_like_path(head):
            self._located(locate_path(head, editable=False), None, line, text)
        else:
            self._pep508(head, tuple(sorted(hashes)), line, text)

    def _pep508(self, head: str, hashes: tuple[str, ...], line: int, text: str) -> None:
        from packaging.requirements import InvalidRequirement
        from packaging.requirements import Requirement as Pep508

        try:
            found = Pep508(head)
        except (InvalidRequirement, RecursionError):
            # or one in more parentheses than anybody writes
            self.refuse(line, text, "it is no requirement that pip reads (PEP 508)")
            return
        if found.url is not None:
            extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
            marker = f" ; {found.marker}" if found.marker else ""
            self._located(locate(found.url, editable=False), found.name, line, text, extras=extras, marker=marker)
            return
        self.add(Requirement(name=found.name, text=str(found), line=line, version=_pinned(found), hashes=hashes))

    def _located(
        self, found: Located | str, name: str | None, line: int, text: str, *, extras: str = "", marker: str = ""
    ) -> None:
        if isinstance(found, str):
            self.refuse(line, text, found)
            return
        spelled = name or found.name
        if spelled is None or not is_dist_name(spelled):
            self.refuse(line, text, "nothing says which package it is")
            return
        if name is None and found.guessed:
            self.problems.append(f"line {line}: the name {spelled} is taken from the end of {found.origin.url}")
        if found.built_elsewhere:
            self._of_build_machine(found, spelled, extras, marker, line)
            return
        self.add(
            Requirement(
                name=spelled,
                text=f"{spelled}{extras} @ {found.url}{marker}",
                line=line,
                version=found.version,
                origin=found.origin,
                guessed=name is None and found.guessed,
            )
        )

    def _of_build_machine(self, found: Located, name: str, extras: str, marker: str, line: int) -> None:
        # `pip freeze` in a conda environment names the folder that conda's package was built in: no origin
        pin = "" if found.version is None else f"=={found.version}"
        what = f"{name}{pin}" if pin else f"{name}, of any version,"
        self.problems.append(f"line {line}: {found.origin.url} is on the machine that built conda's package; {what} is taken")
        self.add(Requirement(name=name, text=f"{name}{extras}{pin}{marker}", line=line, version=found.version))


def _pinned(found: Pep508) -> str | None:
    for clause in found.specifier:
        if clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*")):
            return str(clause.version)
    return None
