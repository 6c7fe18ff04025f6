"""One line of a plain file that lists packages, as far as a search wants to know it: name, version, build, whose it is.

Lines are read leniently: whoever restores reads the whole file with ``formats``, where every line is judged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["FoundLine", "dependency", "requirement"]

# `name==1.0`, `name @ url`, and in a comment of ours `# name==1.0: editable folder, on no index; ...`
_REQUIREMENT = re.compile(
    r"(?:#\s+)?(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:={2,3}\s*(?P<version>[^\s:;,#]+)(?P<rest>.*)|@\s*(?P<url>\S+))"
)
# PyMoDAQ keeps pip freeze's own lines
_EDITABLE = re.compile(r"-e\s+(?P<url>\S+?)[#&]egg=(?P<name>[\w.-]+)")
_CONDA = re.compile(r"\s*-\s+(?P<name>[\w.-]+)=(?P<version>[^\s=]+)(?:=(?P<build>[^\s=]+))?\Z")
# in the pip section, or in the comment above that names what pip could not install from there
_PIP = re.compile(r"(?:\s*-|#)\s+(?P<requirement>\S.*)\Z")
_SECOND_COPY = ": second copy"


@frozen
class FoundLine:
    """A package as a line names it; ``at_origin`` where it says a place instead of a version."""

    name: str
    version: str | None
    build: str | None = None
    manager: Literal["conda", "pip"] = "pip"
    at_origin: bool = False


def requirement(line: str) -> FoundLine | None:
    """Return what a line of a requirements file names with a version or a place, else None."""
    line = line.strip()
    editable = _EDITABLE.match(line)
    if editable is not None:
        return FoundLine(name=editable["name"], version=None, at_origin=True)
    found = _REQUIREMENT.match(line)
    if found is None or (found["rest"] or "").startswith(_SECOND_COPY):
        return None
    if found["url"] is None:
        return FoundLine(name=found["name"], version=found["version"])
    return FoundLine(name=found["name"], version=_wheel_version(found["url"]), at_origin=True)


def dependency(line: str) -> FoundLine | None:
    """Return what a line of an environment.yml's dependencies names with a version, conda's or pip's, else None."""
    line = line.replace("'", "").replace('"', "")
    found = _CONDA.match(line)
    if found is not None:
        return FoundLine(name=found["name"], version=found["version"], build=found["build"], manager="conda")
    listed = _PIP.match(line)
    return requirement(listed["requirement"]) if listed is not None else None


def _wheel_version(url: str) -> str | None:
    # PEP 427: name-version-tags.whl
    file = url.partition("#")[0].rpartition("/")[2]
    parts = file.split("-")
    return parts[1].replace("%2B", "+") if file.endswith(".whl") and len(parts) in {5, 6} else None
