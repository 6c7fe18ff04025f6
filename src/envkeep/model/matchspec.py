"""MatchSpec strings: conda's way to ask for a package, in all spellings that are found, to one that people write.

``parse`` reads what conda's own parser reads (conda/models/match_spec.py, CEP 29): ``six[version='>=1.17']``, ``six >=1.17``,
``conda-forge/linux-64::six=1.17=pyh_0``. ``str`` of the result is one spelling that conda, mamba and py-rattler parse to the same
thing and that holds no whitespace, no leading dash and nothing that a shell or a command line would take for something else than
one argument (quoting is still the caller's where a shell is involved).
"""

from __future__ import annotations

import re
from functools import lru_cache

from envkeep.errors import BadFormatError
from envkeep.model.channels import DEFAULTS, canonical_channel, is_subdir, split_subdir
from envkeep.model.credentials import without_credentials
from envkeep.model.frozen import frozen
from envkeep.model.names import ARTEFACT, is_conda_name
from envkeep.model.urls import is_url

__all__ = ["MatchSpec", "name_of", "parse", "spell"]

_LIMIT = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BRACKETS = re.compile(r"(?P<head>[^\[]*)\[(?P<inside>.*)\]\s*\Z")
_PARENS = re.compile(r"\([^()]*\)\s*\Z")
_PAIR = re.compile(
    r"""\s*(?P<key>[A-Za-z0-9_-]+)\s*=\s*
    (?:\[(?P<list>[^\[\]]*)\]|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^,\s]*))
    \s*(?:,|\s|\Z)""",
    re.VERBOSE,
)
_NAME = re.compile(r"(?P<name>[^\s=<>!~|,]+)(?P<rest>.*)\Z")
_VERSION_BUILD = re.compile(r"(?P<version>.*?[^><!,|~=\s])\s*(?:(?<![=!|,<>~])[\s=]\s*(?P<build>[^-=,|<>~\s]+))?\Z")
_VERSION = re.compile(r"[A-Za-z0-9_.+!*<>=~,|()]+\Z")
# `1.0 2.0`: blanks have their place around operators only
_TWO_WORDS = re.compile(r"[\w.*+!]\s+[\w.*]")
_BUILD = re.compile(r"[A-Za-z0-9_.+*]+\Z")
_CHANNEL = re.compile(r"[A-Za-z0-9_.~@%:/+\-\[\]]+\Z")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.+*/:%@<>=!~-]+\Z")
_ATOMS = re.compile(r"([,|()])")
_COMPARISON = re.compile(r"[<>|,]|[!~]=")
_KEYS = (
    "build_number",
    "track_features",
    "features",
    "url",
    "md5",
    "sha256",
    "license",
    "license_family",
    "fn",
    "when",
    "extras",
    "flags",
)


@frozen
class MatchSpec:
    """A parsed MatchSpec.

    Attributes:
        name: of the package, lower case.
        channel: as the spec names it, without subdir and credentials; empty where any will do.
        subdir: empty where any will do.
        version: conda's expression with its operator: ``==1.21`` (exact), ``=1.21`` (1.21 and what begins so), ``>=1,<2``; empty
            where any will do.
        build: a build string or glob; empty where any will do.
        brackets: what else stands in brackets, as pairs in conda's order.
    """

    name: str
    channel: str = ""
    subdir: str = ""
    version: str = ""
    build: str = ""
    brackets: tuple[tuple[str, str], ...] = ()

    @property
    def exact_version(self) -> str | None:
        """The one version that is asked for (``==1.21`` gives ``1.21``), or None."""
        text = self.version[2:]
        return text if self.version.startswith("==") and text and not re.search(r"[<>=|,*]", text) else None

    def __str__(self) -> str:
        """The spelling that people write: ``six>=1.17``, ``openssl==3.5.0=h7b_0``, ``conda-forge::click``."""
        brackets = list(self.brackets)
        head = ""
        if self.channel:
            head = f"{self.channel}/{self.subdir}::" if self.subdir else f"{self.channel}::"
        elif self.subdir:
            brackets.insert(0, ("subdir", self.subdir))
        version, build = self.version, ""
        if "(" in version:
            # outside of brackets conda takes parentheses for something else
            brackets.insert(0, ("version", version))
            version = "" if not self.build else "=*"
        if self.build:
            # name=version=build means an exact version to every parser, and `=*=` any
            if not version:
                version, build = "=*", f"={self.build}"
            elif self.exact_version is not None or version == "=*":
                build = f"={self.build}"
            else:
                brackets.insert(0, ("build", self.build))
        inside = ",".join(f"{key}={_bracket_value(value)}" for key, value in brackets)
        return f"{head}{self.name}{version}{build}" + (f"[{inside}]" if inside else "")


@lru_cache(maxsize=4096)
def parse(text: str) -> MatchSpec:
    """Return a MatchSpec string as a value.

    Raises:
        BadFormatError: it is no MatchSpec that names one package, or holds what has no place in one (control characters, a
            leading dash, quotes, an unknown key).
    """
    if len(text) > _LIMIT or _CONTROL.search(text):
        raise _bad(text, "it holds a control character" if len(text) <= _LIMIT else "it is too long")
    rest = text.strip()
    if not rest or rest.startswith("-") or rest.endswith("@"):
        raise _bad(text, "it names no package")
    artefact = _artefact(rest)
    if artefact is not None:
        return artefact
    # conda drops a comment, and a condition that it does not know yet
    rest = rest.partition("#")[0].partition(" if ")[0].strip()
    pairs: dict[str, str] = {}
    brackets = _BRACKETS.match(rest)
    if brackets is not None:
        pairs = _pairs(text, brackets["inside"])
        rest = brackets["head"].strip()
    rest = _PARENS.sub("", rest).strip()
    if "(" in rest:
        raise _bad(text, "parentheses have their place in [version='...'] only")
    channel, subdir, rest = _channel(rest)
    if "channel" in pairs:
        channel, bracket_subdir = _split_channel(pairs.pop("channel"))
        subdir = bracket_subdir or subdir
    subdir = pairs.pop("subdir", subdir).lower()
    match = _NAME.match(rest)
    if match is None:
        raise _bad(text, "it names no package")
    name = match["name"].lower()
    version, build = _version_build(text, match["rest"].strip())
    if _TWO_WORDS.search(pairs.get("version", "")):
        raise _bad(text, "it has two versions")
    version = _normal_version(pairs.pop("version"), None) if "version" in pairs else version
    build = pairs.pop("build", pairs.pop("build_string", build)).strip()
    # conda: a name in brackets gives way to the one before them
    pairs.pop("name", None)
    if not is_conda_name(name):
        raise _bad(text, f"{name!r} is no conda package's name")
    if version and not _VERSION.match(version):
        raise _bad(text, f"{version!r} is no version expression")
    if build and not _BUILD.match(build):
        raise _bad(text, f"{build!r} is no build string")
    if channel and not _CHANNEL.match(channel):
        raise _bad(text, f"{channel!r} is no channel")
    if subdir and not is_subdir(subdir):
        raise _bad(text, f"{subdir!r} is no platform")
    unknown = sorted(set(pairs) - set(_KEYS))
    if unknown:
        raise _bad(text, f"nothing can be asked of {unknown[0]!r}")
    return MatchSpec(
        name=name,
        channel=channel,
        subdir=subdir,
        version="" if version in {"*", "=*"} else version,
        build="" if build == "*" else build,
        brackets=tuple((key, pairs[key]) for key in _KEYS if key in pairs),
    )


def spell(text: str) -> str:
    """Return a MatchSpec string as people write it, fit for a command line: ``six[version='>=1.17']`` gives ``six>=1.17``.

    Raises:
        BadFormatError: as ``parse``.
    """
    return str(parse(text))


def name_of(text: str) -> str | None:
    """Return the name of the package that a MatchSpec string asks for, or None where it is none."""
    try:
        return parse(text).name
    except BadFormatError:
        return None


def _bad(text: str, reason: str) -> BadFormatError:
    return BadFormatError(
        f"{text[:200]!r} is no package specification: {reason}", "Write it as name, name=1.2, 'name>=1.2,<2' or channel::name."
    )


def _artefact(text: str) -> MatchSpec | None:
    # a URL or path of an artefact, as `conda install URL` records it
    place = re.split(r"[?#]", text, maxsplit=1)[0]
    match = ARTEFACT.search(place)
    if match is None or "[" in place or not (is_url(place) or "/" in place or "\\" in place):
        return None
    channel, subdir = _split_channel(place[: match.start()].rstrip("/\\")) if is_url(place) else ("", "")
    name, version, build = match["name"].lower(), match["version"], match["build"]
    if (
        not is_conda_name(name)
        or not _VERSION.match(version)
        or not _BUILD.match(build)
        or (channel and not _CHANNEL.match(channel))
    ):
        return None
    return MatchSpec(name=name, channel=channel if subdir else "", subdir=subdir, version=f"=={version}", build=build)


def _pairs(text: str, inside: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    position = 0
    while position < len(inside):
        match = _PAIR.match(inside, position)
        if match is None or match.end() == position:
            raise _bad(text, f"[{inside}] is no list of key=value")
        values = [match[group] for group in ("double", "single", "plain") if match[group] is not None]
        value = f"[{match['list'].strip()}]" if match["list"] is not None else values[0]
        if not value.strip():
            raise _bad(text, f"{match['key']!r} has no value")
        key = match["key"].lower()
        pairs[key] = without_credentials(value.strip()).url if key == "url" else value.strip()
        position = match.end()
    if any(re.search(r"['\"\\]", value) for value in pairs.values()):
        raise _bad(text, "a value holds a quote")
    return pairs


def _channel(text: str) -> tuple[str, str, str]:
    # channel[/subdir]:namespace:name; a namespace means nothing yet
    parts = text.rsplit(":", 2)
    if len(parts) == 3:
        channel, subdir = _split_channel(parts[0].strip())
        return channel, subdir, parts[2].strip()
    return "", "", parts[-1].strip()


def _split_channel(text: str) -> tuple[str, str]:
    channel, subdir = split_subdir(without_credentials(text).url.rstrip("/"))
    if is_url(channel):
        # by its name where conda has one for it; `defaults` would be wider than the one URL
        canonical = canonical_channel(channel)
        channel = channel if is_url(canonical) or canonical == DEFAULTS else canonical
    return ("" if channel == "*" else channel.replace(" ", "%20")), subdir or ""


def _version_build(text: str, rest: str) -> tuple[str, str]:
    if not rest:
        return "", ""
    match = _VERSION_BUILD.match(rest)
    if match is None:
        raise _bad(text, f"{rest!r} is no version")
    build = match["build"] or ""
    if _TWO_WORDS.search(match["version"]):
        raise _bad(text, "it has two versions")
    return _normal_version(match["version"], build or None), build


def _normal_version(version: str, build: str | None) -> str:
    """One operator for one meaning: ``1.21`` and ``==1.21`` are exact, ``=1.21`` and ``1.21.*`` are what begins so."""
    version = version.replace(" ", "")
    if version in {"", "*"}:
        return version
    if _COMPARISON.search(version):
        # an alternative without an operator would melt into the name: `x 1.2|1.3` is `x==1.2|==1.3`
        return "".join(_with_operator(part) for part in _ATOMS.split(version))
    bare = version.lstrip("=")
    if not bare:
        return version
    if bare.endswith("*"):
        return "=" + bare.removesuffix(".*")
    if version.startswith("==") or not version.startswith("=") or build is not None:
        # name=1.21=build is exact, as conda's own environment.yml writes it
        return f"=={bare}"
    return version


def _with_operator(part: str) -> str:
    if not part or part in "*,|()" or not (part[0].isalnum() or part[0] == "_"):
        return part
    return f"={part.removesuffix('.*')}" if part.endswith("*") else f"=={part}"


def _bracket_value(value: str) -> str:
    plain = value.startswith("[") or (_PLAIN_VALUE.match(value) is not None and "=" not in value)
    return value if plain else f"'{value}'"
