"""``envkeep export``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Name, Prefix, Quiet, Verbose, file

if TYPE_CHECKING:
    from envkeep.formats.lock_pins import Pin
    from envkeep.model.record import Record

__all__ = ["command"]


class _Format(str, Enum):
    environment_yml = "environment-yml"
    no_builds = "no-builds"
    from_history = "from-history"
    portable = "portable"
    explicit = "explicit"
    requirements = "requirements"
    record_json = "record-json"
    conda_lock = "conda-lock"
    pylock = "pylock"


class _Pip(str, Enum):
    pinned = "pinned"
    unpinned = "unpinned"
    top_level = "top-level"
    none = "none"


class _Hash(str, Enum):
    md5 = "md5"
    sha256 = "sha256"


def command(
    backup: Annotated[
        str | None,
        typer.Argument(metavar="[BACKUP]", help="A backup or a file; the live environment if left out.", show_default=False),
    ] = None,
    format_: Annotated[_Format, typer.Option("--format", help="What to write.")] = _Format.environment_yml,
    pip: Annotated[
        _Pip | None,
        typer.Option("--pip", help="How the pip section names packages (default: pinned).", show_default=False),
    ] = None,
    hash_: Annotated[
        _Hash | None,
        typer.Option(
            "--hash",
            help="Which hash an explicit list carries (default: md5); sha256 gives requirements theirs.",
            show_default=False,
        ),
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Ask the package index for hashes that a lock file needs.")] = False,
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Also variables that look secret.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            "-f",
            "--file",
            parser=file,
            metavar="FILE",
            help="Write to a file, not to stdout.",
            show_default=False,
        ),
    ] = None,
    name: Name = None,
    prefix: Prefix = None,
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write an environment or a backup as a file that other tools read.

    Example: envkeep export latest --format portable -o environment.yml
    """
    with answering("export", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.choosing import choose, live_prefix, load
        from envkeep.errors import UsageError
        from envkeep.formats.export import export
        from envkeep.model.record import Record

        _refuse_idle(format_, pip, hash_)
        _refuse_idle_switches(format_, hash_, online=online, with_secrets=with_secrets)
        archive: Path | None = None
        if backup is None:
            from envkeep.keeping.former import capture_beside

            store = run.store()
            record = capture_beside(live_prefix(name, prefix, store), store)
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
        if _has_pins(format_, hash_):
            record, pins = _pinned(record, archive, online=online)
        text = export(
            record,
            format_.value,
            pip=(pip or _Pip.pinned).value,
            hash_kind=(hash_ or _Hash.md5).value,
            with_secrets=with_secrets,
            pins=pins,
        )
        if format_ is _Format.requirements and hash_ is not None and "--hash=" not in text:
            # where some are known, the list says of how many others none is
            advice = "the index has none either" if online else "--online asks the index for them"
            run.console.warn(f"no hash is known of any of these packages: {advice}")
        if output is None:
            run.answer(
                {"format": format_.value, "text": text, "file": None},
                lambda: text.rstrip("\n"),
                problems=record.problems,
                as_is=True,
            )
        from envkeep.report.files import write_file

        written = write_file(output, text)
        run.answer(
            {"format": format_.value, "text": None, "file": output},
            lambda: written,
            problems=record.problems,
            talk=True,
        )


def _refuse_idle(format_: _Format, pip: _Pip | None, hash_: _Hash | None) -> None:
    """Refuse an option that a format does nothing with: whoever gave it expects something."""
    from envkeep.errors import UsageError

    with_pip = {_Format.environment_yml, _Format.no_builds, _Format.from_history, _Format.portable}
    if pip is not None and format_ not in with_pip and not (format_ is _Format.conda_lock and pip in {_Pip.pinned, _Pip.none}):
        raise UsageError(
            f"--pip {pip.value} does nothing for --format {format_.value}",
            "It is for environment-yml, no-builds, from-history and portable; conda-lock takes pinned and none.",
        )
    if hash_ is not None and format_ is not _Format.explicit and (format_, hash_) != (_Format.requirements, _Hash.sha256):
        raise UsageError(
            f"--hash {hash_.value} does nothing for --format {format_.value}",
            "It is for explicit lists; requirements take sha256, and lock files have the hashes that they need.",
        )


def _refuse_idle_switches(format_: _Format, hash_: _Hash | None, *, online: bool, with_secrets: bool) -> None:
    from envkeep.errors import UsageError

    if online and not _has_pins(format_, hash_):
        raise UsageError(
            f"--online does nothing for --format {format_.value}",
            "It asks for hashes, which conda-lock, pylock and requirements with --hash sha256 have.",
        )
    if with_secrets and format_ in {_Format.explicit, _Format.requirements, _Format.conda_lock, _Format.pylock}:
        raise UsageError(
            f"--with-secrets does nothing for --format {format_.value}",
            "It is for formats that have variables: record-json, environment-yml, no-builds, from-history and portable.",
        )


def _has_pins(format_: _Format, hash_: _Hash | None) -> bool:
    return format_ in {_Format.conda_lock, _Format.pylock} or (format_ is _Format.requirements and hash_ is not None)


def _pinned(record: Record, file: Path | None, *, online: bool) -> tuple[Record, dict[str, Pin]]:
    """Return a record with the hashes that lock files need, and what is known of its pip packages' artefacts."""
    import os

    from envkeep.archive.pins import gather_pins, with_hashes
    from envkeep.formats.archive_file import open_archive
    from envkeep.formats.archive_sign import is_archive

    if file is None or not is_archive(file):
        return with_hashes(record, os.environ, online=online), gather_pins(record, os.environ, online=online)
    with open_archive(file) as opened:
        manifest = opened.manifest
    hashed = with_hashes(record, os.environ, archive=file, online=online)
    return hashed, gather_pins(record, os.environ, manifest=manifest, online=online)
