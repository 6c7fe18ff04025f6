"""Where the ``envkeep`` command starts: what needs nothing but a look that nothing moved is answered before the rest is loaded.

That is a backup, which runs at the start of applications and shells, nearly always to find nothing to do, and the list of an
environment's Python packages: reading the options with typer would be most of their work. Of a restore, where nothing can be
answered so soon, it would still be a tenth. Whatever is not that plain case (another option, a setting by a variable, something
that moved) is left to the command itself.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["answer_unchanged", "main", "needs_engine", "plain_command"]

_BUILDING = {"restore", "rollback"}
# another engine's process would be started, or none
_NO_ENGINE = {"--engine", "--offline", "--help", "-h"}
# between two looks for garbage: more than any command on an environment of some hundred packages makes
_ALLOCATIONS = 200_000
# options of plain command lines by their spelling
_QUIET = {"-q": "quiet", "--quiet": "quiet"}
_FOLDERS = {"-p": "prefix", "--prefix": "prefix", "--home": "home"}
# in a word that is replaced by what it matches or names
_EXPANDED = frozenset("*?[%$~")


def main() -> None:
    """Run the command line and end with its exit status; the console script's entry point."""
    import gc

    # the process ends in a moment: what it would look through for garbage, again and again and once more at its end, is in use
    gc.set_threshold(_ALLOCATIONS)
    try:
        _main(sys.argv[1:])
    except KeyboardInterrupt:
        # before the command itself would have said so
        sys.exit(_interrupted(sys.argv[1:]))
    finally:
        gc.freeze()


def _interrupted(words: Sequence[str]) -> int:
    from envkeep.cli.answering import fail
    from envkeep.errors import InterruptedByUserError
    from envkeep.report.console import Console

    return fail(Console(json="--json" in words), next(iter(words), "envkeep"), InterruptedByUserError("interrupted"))


def _main(words: Sequence[str]) -> None:
    if words[:2] == ["completion", "--line"]:
        # what a shell asks while its user waits: typer would be most of the time
        from envkeep.cli.completing import offer

        offer(words[2:])
        return
    if answer_unchanged(words, os.environ):
        return
    try:
        if needs_engine(words, os.environ):
            from envkeep.engines.rattler_start import start_early

            start_early(os.environ)
        plain = plain_command(words)
        if plain is not None:
            _run(*plain)
            return
        from envkeep.cli.main import main as whole

        whole()
    finally:
        if "envkeep.engines.rattler_start" in sys.modules:
            from envkeep.engines.rattler_start import end_all

            end_all()


def answer_unchanged(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Answer for an environment in which nothing moved since the last look; return False where it is anything else.

    A backup has nothing to keep then, and the list that ``export --format requirements`` makes is the last backup's ``.txt``.

    Args:
        words: of the command line, the program's name left out.
        environ: of the process.
    """
    verb, options = plain_command(words) or ("", {})
    prefix = options.get("prefix") or _active(environ)
    if verb not in {"backup", "list"} or prefix is None:
        return False
    if verb == "list":
        from envkeep.keeping.listing import last_list

        text = last_list(prefix, options.get("home"), environ)
        if text is None:
            return False
        from envkeep.report.console import Console

        Console().result(text.rstrip("\n"))
        return True
    from envkeep.keeping.unchanged import look_as_told

    seen = look_as_told(prefix, options.get("home"), environ)
    if seen is None:
        return False
    if "quiet" not in options:
        from envkeep.report.backup import problems_hint, unchanged_text
        from envkeep.report.console import Console

        hint = f"\n{problems_hint(len(seen.problems))}" if seen.problems else ""
        Console().result(unchanged_text(seen.folder, seen.stamp) + hint)
    return True


def needs_engine(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether a command will ask the embedded engine, as far as its words tell: its process can start meanwhile.

    Args:
        words: of the command line, the program's name left out.
        environ: of the process.
    """
    if not words or words[0] not in _BUILDING:
        return False
    from envkeep.store.variables import has_settings

    return not has_settings(environ) and not any(word.partition("=")[0] in _NO_ENGINE for word in words)


def plain_command(words: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """Return what a plain command line asks for, ``backup``, ``list`` or ``restore``, and its options; None for any other.

    Args:
        words: of the command line, the program's name left out.
    """
    if sys.platform == "win32" and any(_EXPANDED.intersection(word) for word in words):
        # typer's part, since no shell does it there
        return None
    if words[:1] == ["export"]:
        verb, options = _read("list", words[1:], _QUIET, {**_FOLDERS, "--format": "format"}) or ("", {})
        return (verb, options) if options.pop("format", "") == "requirements" else None
    if words[:1] == ["backup"]:
        return _read("backup", words[1:], _QUIET, _FOLDERS)
    if words[:1] == ["restore"]:
        flags = {**_QUIET, "-y": "yes", "--yes": "yes"}
        return _read("restore", words[1:], flags, {**_FOLDERS, "-n": "name", "--name": "name"}, argument="backup")
    return None


def _read(
    verb: str,
    words: Sequence[str],
    flags: Mapping[str, str],
    with_value: Mapping[str, str],
    argument: str | None = None,
) -> tuple[str, dict[str, str]] | None:
    """Return the options by name, a flag with an empty value; None where a word is none of those known.

    Args:
        verb: whose they are.
        words: that follow it.
        flags: the names of options without a value, by how they are spelled.
        with_value: the names of those with one.
        argument: the name of the one word that is no option and has to be there; None where there is none.
    """
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if word in flags:
            found[flags[word]] = ""
        elif word in with_value:
            value = next(rest, "")
            if not value.strip() or value.startswith("-"):
                return None
            found[with_value[word]] = value
        elif option in with_value and option.startswith("--") and equals and value.strip():
            found[with_value[option]] = value
        elif argument is not None and argument not in found and word.strip() and not word.startswith("-"):
            found[argument] = word
        else:
            return None
    return None if argument is not None and argument not in found else (verb, found)


def _run(verb: str, options: Mapping[str, str]) -> None:
    """Run the command without the machinery that reads its options, which takes as long as the work."""
    from pathlib import Path

    home, prefix = (Path(options[name]) if name in options else None for name in ("home", "prefix"))
    quiet = "quiet" in options
    if verb == "list":
        from envkeep.cli.listing import list_requirements

        list_requirements(home, prefix=prefix, quiet=quiet)
    elif verb == "backup":
        from envkeep.cli.backing_up import back_up

        back_up(home, prefix=prefix, quiet=quiet)
    else:
        from envkeep.cli.restoring import restore_backup

        restore_backup(options["backup"], home, name=options.get("name"), prefix=prefix, yes="yes" in options, quiet=quiet)


def _active(environ: Mapping[str, str]) -> str | None:
    """Return the active environment's prefix where that is beyond doubt: one of the two variables alone is set."""
    active = [environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(name)]
    return active[0] if len(active) == 1 else None
