"""``environment.yml`` in four variants, from a record alone: what conda, mamba, micromamba and pixi make environments from.

``docs/reference/environment-yml.md`` describes them, ``docs/reference/differences-from-conda.md`` says where they differ from
``conda env export`` on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from envkeep.errors import BadFormatError
from envkeep.formats import yaml_text
from envkeep.formats.conda_graph import channels_of, standing_packages
from envkeep.formats.pip_section import pip_section
from envkeep.formats.requirement_indexes import needed_indexes
from envkeep.model import matchspec
from envkeep.model.kept import Kept
from envkeep.model.secrets import looks_secret
from envkeep.model.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkeep.formats.pip_section import PipChoice
    from envkeep.model.record import CondaPackage, Record

__all__ = ["Variant", "file_name_of_environment", "write"]

Variant = Literal["environment-yml", "no-builds", "from-history", "portable"]

# CEP 24: what a name cannot hold, and what a shell would split
_NOT_IN_NAME = re.compile(r"[/\\:#\s\x00-\x1f]+")
# a path of one machine: absolute, of a home, of a Windows drive; no https://host
_PATH = re.compile(r"(?:\A|[:;,=\s])(?:/(?!/[^/])|~|[A-Za-z]:[\\/]|\\\\)")
# what conda-forge and defaults have for one system alone, and the runtimes of its compilers, which come with what needs them
_OF_ONE_SYSTEM = re.compile(
    r"""(?:
        _libgcc_mutex | _openmp_mutex | _x86_64-microarch-level
      | lib(?:gcc|stdcxx|gfortran)(?:-ng)? | libgfortran\d | libgomp | ld_impl_.*
      | libnsl | libxcrypt | libuuid | libcap | libudev1? | libsystemd0? | alsa-lib | keyutils
      | python\.app | pyobjc-.* | appnope | libcxx | cctools | ld64 | sigtool
      | vc | vc14_runtime | vs2015_runtime | vcomp14 | ucrt | pywin32 | pywinpty | winpty | win_inet_pton | wincertstore
      | console_shortcut | (?:m2w64|msys2)-.*
    )\Z""",
    re.VERBOSE,
)
_FALLBACK_CHANNEL = "conda-forge"
# with its build, and without
_SPECS: Kept[CondaPackage, tuple[str, str]] = Kept(lambda package: (package.spec, f"{package.name}={package.version}"))


@dataclass(slots=True)
class _Draft:
    comments: list[str] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    channels: tuple[str, ...] = ()


def write(record: Record, variant: Variant = "environment-yml", *, pip: PipChoice = "pinned", with_secrets: bool = False) -> str:
    """Return a record as an environment.yml.

    Args:
        record: of any environment; one without conda packages is written as its Python and its pip packages.
        variant: ``environment-yml`` (every conda package with its build), ``no-builds``, ``from-history`` (what was asked for, as
            it was asked for), ``portable`` (what was asked for, at the installed version, nothing that binds it to a platform).
        pip: which pip packages are named and how; ``portable`` names those alone that nothing else requires.
        with_secrets: whether variables that look secret are written too.
    """
    draft = _Draft()
    if record.environment.kind != "conda":
        _plain_python(record, draft)
    elif variant in {"environment-yml", "no-builds"}:
        packages = standing_packages(record)
        draft.channels = channels_of(packages, record.channels)
        builds = variant == "environment-yml"
        draft.dependencies = [full if builds else short for full, short in _SPECS.each(packages)]
        _say_altered(record, packages, draft)
    else:
        draft.channels = channels_of(record.conda, record.channels)
        if record.requested.inferred:
            draft.comments.append(
                "the history does not say what was asked for at first: what no other package needs stands for it"
            )
        if variant == "portable":
            _portable(record, draft)
        else:
            _requested(record, draft)
    lines = pip_section(record, pip, portable=variant == "portable")
    indexes = needed_indexes(record, lines, portable=variant == "portable")
    if indexes.login_comment is not None:
        draft.comments.append(indexes.login_comment)
    named = [*indexes.options, *(line.text for line in lines if line.reason is None)]
    if named and (variant in {"from-history", "portable"}) and not _names(draft.dependencies, "pip"):
        draft.dependencies.append("pip")
    absent = [line.text for line in lines if line.reason is not None]
    if absent:
        draft.comments += ["not in the pip section, since pip could not install it elsewhere:", *(f"  {text}" for text in absent)]
    if pip == "none" and record.pip:
        draft.comments.append(f"left out as asked: the {len(record.pip)} packages that pip installed")
    variables = _variables(record, draft, portable=variant == "portable", with_secrets=with_secrets)
    return _text(record, draft, named, variables, prefix=variant == "environment-yml" and record.environment.kind == "conda")


def file_name_of_environment(name: str) -> str:
    """Return an environment's name as an environment.yml may have it: never a path (CEP 24)."""
    return _NOT_IN_NAME.sub("_", name).strip("_") or "environment"


def _text(record: Record, draft: _Draft, named: list[str], variables: list[tuple[str, str]], *, prefix: bool) -> str:
    lines = [yaml_text.comment(text) for text in draft.comments]
    lines += yaml_text.mapping([("name", file_name_of_environment(record.environment.name))], 0)
    if draft.channels:
        lines += ["channels:", *yaml_text.sequence(draft.channels, 2)]
    if draft.dependencies or named:
        lines += ["dependencies:", *yaml_text.sequence(draft.dependencies, 2)]
    else:
        lines.append("dependencies: []")
    if named:
        lines += ["  - pip:", *yaml_text.sequence(named, 6)]
    if variables:
        lines += ["variables:", *yaml_text.mapping(variables, 2)]
    if prefix:
        lines += yaml_text.mapping([("prefix", record.environment.prefix)], 0)
    return "\n".join(lines) + "\n"


def _plain_python(record: Record, draft: _Draft) -> None:
    draft.channels = channels_of((), record.channels) or (_FALLBACK_CHANNEL,)
    if record.python is not None:
        draft.dependencies = [f"python={record.python.version}", "pip"]


def _say_altered(record: Record, packages: Sequence[CondaPackage], draft: _Draft) -> None:
    if len(packages) == len(record.conda):
        return
    standing = {package.name for package in packages}
    gone = [package for package in record.conda if package.name not in standing]
    if gone:
        draft.comments.append("not among the dependencies, since pip removed or replaced it:")
        draft.comments += [f"  {package.spec}" for package in gone]


def _requested(record: Record, draft: _Draft) -> None:
    for text in record.requested.specs:
        try:
            spec = matchspec.parse(text)
        except BadFormatError:
            draft.comments.append(f"asked for, but no specification that conda reads: {text}")
            continue
        # a channel's short name says nothing where the channel is another one by its full name
        if spec.channel and (is_url(spec.channel) or spec.channel not in draft.channels):
            spec = matchspec.parse(str(spec).rpartition("::")[2])
        draft.dependencies.append(str(spec))


def _portable(record: Record, draft: _Draft) -> None:
    installed = {package.name: package for package in record.conda}
    python = installed.get("python")
    wanted = [] if python is None else [python]
    for text in record.requested.specs:
        package = installed.get(matchspec.name_of(text) or "")
        if package is None or package in wanted:
            continue
        wanted.append(package)
    bound = [package for package in wanted if _is_bound(package, record.environment.subdir)]
    if bound:
        names = ", ".join(package.name for package in bound)
        draft.comments.append(f"left out, since it is for {record.environment.subdir} alone or comes with what needs it: {names}")
    draft.dependencies = [f"{package.name}={package.version}" for package in wanted if package not in bound]
    if any(channel.startswith("file:") for channel in draft.channels):
        draft.comments.append("a channel that begins with file: is a folder of the machine that this was made on")


def _is_bound(package: CondaPackage, subdir: str) -> bool:
    # compilers and their kin carry their platform in their name: gcc_linux-64, sysroot_linux-64, vs2019_win-64
    name = package.name
    return name.endswith(f"_{subdir}") or name.startswith("__") or _OF_ONE_SYSTEM.match(name) is not None


def _names(dependencies: list[str], name: str) -> bool:
    return any(matchspec.name_of(text) == name for text in dependencies)


def _variables(record: Record, draft: _Draft, *, portable: bool, with_secrets: bool) -> list[tuple[str, str]]:
    secret = [name for name, value in record.variables if not with_secrets and looks_secret(name, value)]
    local = [name for name, value in record.variables if portable and name not in secret and _PATH.search(value)]
    if secret:
        draft.comments.append(f"variables left out, since they look secret (--with-secrets writes them): {', '.join(secret)}")
    if local:
        draft.comments.append(f"variables left out, since they hold paths of one machine: {', '.join(local)}")
    return [(name, value) for name, value in record.variables if name not in secret and name not in local]
