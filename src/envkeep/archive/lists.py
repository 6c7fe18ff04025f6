"""The lists that an archive's scripts read, and what a person names to conda and pip by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envkeep.archive.conda_artefacts import artefact_name, subdir_of
from envkeep.formats.conda_graph import linked_order
from envkeep.formats.requirement_lines import is_pep440, plain
from envkeep.model import matchspec
from envkeep.model.names import normalise
from envkeep.model.secrets import looks_secret
from envkeep.planning.script_parts import CHECK, history_lines, tools_besides

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envkeep.archive.conda_artefacts import CondaArtefact
    from envkeep.archive.zipping import Ingredient
    from envkeep.model.record import Record

__all__ = ["list_files", "settings_files"]


def list_files(record: Record, artefacts: Mapping[str, CondaArtefact], wheels: Mapping[str, Ingredient]) -> dict[str, bytes]:
    """Return the files of ``lists/``.

    Args:
        record: what is packed.
        artefacts: of its conda packages, by name.
        wheels: of its pip packages, by normalised name, as they are packed.
    """
    there = [package for package in linked_order(record.conda) if package.name in artefacts]
    explicit = [
        f"channel/{subdir_of(package)}/{artefact_name(package)}#{artefacts[package.name].digests.md5}" for package in there
    ]
    installed = [dist for dist in record.pip if normalise(dist.name) in wheels and is_pep440(dist.version)]
    requirements = [f"{dist.name}=={dist.version} --hash=sha256:{wheels[normalise(dist.name)].sha256}" for dist in installed]
    missing = [dist for dist in record.pip if dist not in installed]
    requirements += [f"# {plain(dist.name)}=={plain(dist.version)}: not in this archive" for dist in missing]
    wanted = {
        "python": record.python.version if record.python is not None else None,
        "distributions": [[dist.name, dist.version] for dist in record.pip],
    }
    files = {
        "lists/explicit.txt": explicit,
        "lists/specs.txt": [package.spec for package in there],
        "lists/requirements.txt": requirements,
        "lists/records.txt": [f"{package.name}-{package.version}-{package.build}.json" for package in record.conda],
        "lists/wanted.json": [json.dumps(wanted)],
        "lists/check.py": CHECK.splitlines(),
    }
    if record.python is not None:
        files["lists/python-version"] = [record.python.version]
        if not record.conda:
            files["lists/unwanted.txt"] = list(tools_besides(dist.name for dist in record.pip))
    return {name: _bytes(lines) for name, lines in files.items()}


def settings_files(record: Record, *, with_secrets: bool) -> dict[str, bytes]:
    """Return the files of ``settings/``: what was asked for, pins, and variables; nothing for what is no conda environment.

    Args:
        record: what is packed.
        with_secrets: whether variables that look secret are among them.
    """
    if not record.conda:
        return {}
    asked = [spec for spec in record.requested.specs if _is_spec(spec)]
    # empty where nothing is known of it: the scripts look for the file
    files = {"settings/history": _bytes(history_lines(record.conda, asked))}
    if record.pinned:
        files["settings/pinned"] = _bytes(record.pinned)
    variables = {name: value for name, value in record.variables if with_secrets or not looks_secret(name, value)}
    if variables:
        files["settings/state"] = _bytes([json.dumps({"env_vars": variables})])
    return files


def _is_spec(text: str) -> bool:
    # a history holds what was typed once
    return matchspec.name_of(text) is not None


def _bytes(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
