"""The files of a backup, from its record alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.formats import environment_yml, explicit, record_json, requirements_txt

if TYPE_CHECKING:
    from envkeep.model.record import Record

__all__ = ["RECORD_NAME", "file_set", "requirements"]

RECORD_NAME = "record.json.gz"


def file_set(record: Record) -> dict[str, bytes]:
    """Return the names and bytes of the files in a backup's folder; the same record gives the same bytes.

    Variables that look secret are in ``record.json.gz`` alone. Of what is no conda environment there is an ``environment.yml``
    (its Python and what pip installed) and no other file of conda's.
    """
    texts = {"environment.yml": environment_yml.write(record)}
    if record.environment.kind == "conda":
        texts["environment.no-builds.yml"] = environment_yml.write(record, "no-builds")
        texts["environment.from-history.yml"] = environment_yml.write(record, "from-history")
        texts["explicit.txt"] = explicit.write(record)
    files = {name: _bytes(text) for name, text in texts.items()}
    files[RECORD_NAME] = record_json.dump_gz(record)
    return files


def requirements(record: Record) -> bytes:
    """Return the bytes of the ``.txt`` beside that folder."""
    return _bytes(requirements_txt.write(record))


def _bytes(text: str) -> bytes:
    # file names that are no UTF-8 reach a record as lone surrogates
    return text.encode("utf-8", "replace")
