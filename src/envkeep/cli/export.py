"""``envkeep export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from envkeep.cli.answering import answering
from envkeep.cli.options import Name, Prefix, Shared
from envkeep.cli.parameters import argument, option
from envkeep.formats.explicit import HashKind
from envkeep.formats.pip_section import PipChoice

if TYPE_CHECKING:
    from envkeep.formats.lock_pins import Pin
    from envkeep.model.record import Record

__all__ = ["command"]


_Format = Literal[
    "environment-yml",
    "no-builds",
    "from-history",
    "portable",
    "explicit",
    "requirements",
    "record-json",
    "conda-lock",
    "pylock",
]


def command(
    backup: Annotated[
        str | None,
        argument("BACKUP", help="A backup or a file; the live environment if left out."),
    ] = None,
    format_: Annotated[_Format, option("--format", help="What to write.")] = "environment-yml",
    pip: Annotated[PipChoice, option("--pip", help="How the pip section names packages.")] = "pinned",
    hash_: Annotated[
        HashKind | None,
        option("--hash", help="Which hash an explicit list carries (default: md5); sha256 gives requirements theirs."),
    ] = None,
    online: Annotated[bool, option("--online", help="Ask the package index for hashes that a lock file needs.")] = False,
    with_secrets: Annotated[bool, option("--with-secrets", help="Also variables that look secret.")] = False,
    output: Annotated[
        Path | None,
        option("-o", "--output", "-f", "--file", metavar="FILE", help="Write to a file, not to stdout."),
    ] = None,
    name: Name = None,
    prefix: Prefix = None,
    *,
    shared: Shared,
) -> None:
    """Write an environment or a backup as a file that other tools read.

    Example: envkeep export latest --format portable -o environment.yml
    """
    with answering("export", shared) as run:
        from envkeep.cli.choosing import choose, live_prefix, load
        from envkeep.errors import UsageError
        from envkeep.formats.export import export
        from envkeep.model.record import Record

        archive: Path | None = None
        if backup is None:
            from envkeep.capturing.capture import capture

            record = capture(live_prefix(name, prefix, run.store()))
        else:
            store = run.store()
            chosen = choose(store, backup, name, prefix)
            what = load(store, chosen)
            if not isinstance(what, Record):
                raise UsageError(
                    f"{chosen.label} is no record, only a list", "Export a backup that has a record; see envkeep list."
                )
            record, archive = what, chosen.file
        pins = None
        if format_ in {"conda-lock", "pylock"} or (format_ == "requirements" and hash_ is not None):
            record, pins = _pinned(record, archive, online=online)
        text = export(
            record,
            format_,
            pip=pip,
            hash_kind=hash_ or "md5",
            with_secrets=with_secrets,
            pins=pins,
        )
        if output is None:
            run.answer(
                {"format": format_, "text": text, "file": None},
                lambda: text.rstrip("\n"),
                problems=record.problems,
                as_is=True,
            )
        from envkeep.report.files import write_file

        write_file(output, text)
        run.answer(
            {"format": format_, "text": None, "file": output},
            lambda: f"wrote {output}",
            problems=record.problems,
            talk=True,
        )


def _pinned(record: Record, file: Path | None, *, online: bool) -> tuple[Record, dict[str, Pin]]:
    """Return a record with the hashes that lock files need, and what is known of its pip packages' artefacts."""
    import os

    from envkeep.archive.pins import gather_pins, with_hashes
    from envkeep.formats.archive_file import is_archive, open_archive

    if file is None or not is_archive(file):
        return with_hashes(record, os.environ, online=online), gather_pins(record, os.environ, online=online)
    with open_archive(file) as opened:
        manifest = opened.manifest
    hashed = with_hashes(record, os.environ, archive=file, online=online)
    return hashed, gather_pins(record, os.environ, manifest=manifest, online=online)
