"""What could stand at the cursor: commands, options and their values, environments, backups.

Nothing is captured and no environment is looked into; a store of thousands of backups is listed by its folders' names.
"""

from __future__ import annotations

import os
import shlex
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from envkeep.errors import EnvkeepError
from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkeep.store.layout import StoredEnvironment
    from envkeep.store.store import Store

__all__ = ["Candidate", "complete", "offer"]

_BACKUP = {"BACKUP", "[BACKUP]", "[BACKUP]...", "BACKUP...", "A", "[B]"}
_SIDE = {"A", "[B]"}
# here a name is one that is still to be given
_NAMES_A_NEW_ONE = {"restore", "import"}


@frozen
class Candidate:
    """A word that could stand at the cursor, and what it is, in a few words or none."""

    text: str
    about: str = ""


def offer(words: Sequence[str]) -> None:
    """Print what could stand at the cursor, a candidate and, after a tab, what it is on each line: ``completion --line LINE``.

    Args:
        words: the command line up to the cursor, as one word.
    """
    from envkeep.report.console import Console

    found = complete(words[0]) if len(words) == 1 else ()
    Console().result("\n".join(f"{each.text}\t{each.about}".rstrip() for each in found), as_is=True)


def complete(line: str) -> tuple[Candidate, ...]:
    """Return what the last word of a command line could be; nothing where it is a file's name or anybody's guess.

    Args:
        line: from the program's name up to the cursor.
    """
    words = _words(line)
    if len(words) < 2:
        return ()
    *before, word = words[1:]
    try:
        return tuple(candidate for candidate in _candidates(before, word) if candidate.text.startswith(word))
    except EnvkeepError:
        # a setting or a store at fault is told by the command itself, not while it is typed
        return ()


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if os.name == "nt":
        lexer.escape = ""
    try:
        words = list(lexer)
    except ValueError:
        # in the middle of a quotation
        return []
    return [*words, ""] if line[-1:].isspace() or not words else words


def _candidates(before: Sequence[str], word: str) -> Iterator[Candidate]:
    from envkeep.cli.main import VERBS, root, verb_command

    verb = next((each for each in before if each in VERBS), None)
    params = root().params if verb is None else verb_command(verb).params
    given, arguments, open_option = _parsed(before[before.index(verb) + 1 :] if verb else before, params)
    if open_option is not None:
        yield from _values(verb, open_option, given, word)
    elif word.startswith("--") and "=" in word:
        name, _, value = word.partition("=")
        for option in (each for each in params if name in each.opts and not each.is_flag):
            for found in _values(verb, option, given, value):
                yield Candidate(text=f"{name}={found.text}", about=found.about)
    elif word.startswith("-"):
        yield from (Candidate(text=opt, about=_about(each)) for each in params for opt in each.opts if _is_shown(each, opt))
    elif verb is None and not arguments:
        yield from (Candidate(text=name, about=_first_sentence(verb_command(name).help)) for name in VERBS)
    elif verb is not None:
        expected = [each for each in params if each.param_type_name == "argument"]
        argument = expected[min(arguments, len(expected) - 1)] if expected else None
        if argument is not None and (arguments < len(expected) or argument.nargs == -1):
            yield from _values(verb, argument, given, word)


def _parsed(words: Sequence[str], params: Sequence[Any]) -> tuple[dict[str, str], int, Any]:
    """Return the options' values by long name, the number of arguments, and the option whose value comes next."""
    options = {opt: param for param in params if param.param_type_name == "option" for opt in param.opts}
    given: dict[str, str] = {}
    arguments = 0
    waiting = None
    for word in words:
        if waiting is not None:
            given[waiting.name] = word
            waiting = None
        elif word in options:
            waiting = None if options[word].is_flag else options[word]
        elif word.startswith("--") and "=" in word and word.partition("=")[0] in options:
            given[options[word.partition("=")[0]].name] = word.partition("=")[2]
        elif not word.startswith("-"):
            arguments += 1
    return given, arguments, waiting


def _values(verb: str | None, param: Any, given: dict[str, str], word: str) -> Iterator[Candidate]:
    choices = _choices(verb, param.name)
    if choices:
        yield from (Candidate(text=choice) for choice in choices)
    elif param.param_type_name == "option":
        if param.name == "name" and verb not in _NAMES_A_NEW_ONE:
            yield from _names(_store(given))
    elif param.metavar in _BACKUP:
        yield from _backups(_store(given), given, word, side=param.metavar in _SIDE)


def _names(store: Store) -> Iterator[Candidate]:
    from envkeep.capturing.discovery import environment_name, kind_of, known_prefixes

    stored = {environment.folder: environment.prefix or "" for environment in store.environments()}
    live = {environment_name(path, kind_of(path) or "conda", os.environ): str(path) for path in known_prefixes(os.environ)}
    yield from (Candidate(text=name, about=where) for name, where in sorted({**stored, **live}.items()))


def _backups(store: Store, given: dict[str, str], word: str, *, side: bool) -> Iterator[Candidate]:
    from envkeep.cli.choosing import active_stored, stored_environment

    name, prefix = given.get("name"), given.get("prefix")
    if name is not None or prefix is not None:
        yield from _selectors(store, stored_environment(store, name, Path(prefix) if prefix is not None else None), "")
    else:
        active = active_stored(store)
        if active is not None:
            yield from _selectors(store, active, "")
        for environment in store.environments():
            half = f"{environment.folder}@"
            if word.startswith(half):
                yield from _selectors(store, environment, half)
            else:
                yield Candidate(text=half, about=environment.prefix or "")
    if side:
        yield Candidate(text="live", about="the environment as it is now")
        yield from (Candidate(text=f"live:{each.text}", about=each.about) for each in _names(store))


def _selectors(store: Store, environment: StoredEnvironment, lead: str) -> Iterator[Candidate]:
    from envkeep.store.stamps import readable

    backups = store.backups(environment)
    if backups:
        yield Candidate(text=f"{lead}latest", about=readable(backups[-1].stamp))
    for backup in reversed(backups):
        python = f", Python {backup.summary.python}" if backup.summary and backup.summary.python else ""
        about = f"{readable(backup.stamp)}{python}"
        yield from (Candidate(text=f"{lead}{tag}", about=about) for tag in backup.tags)
        yield Candidate(text=f"{lead}{backup.stamp}", about=about)


def _store(given: dict[str, str]) -> Store:
    from envkeep.store.config import load_config
    from envkeep.store.home import resolve_home
    from envkeep.store.store import Store

    config = load_config(resolve_home(given.get("home"), os.environ), os.environ)
    return Store(config.home, folder=config.folder, limit=config.limit)


def _choices(verb: str | None, name: str) -> list[str]:
    from envkeep.cli.main import verb_function

    if verb is None:
        return []
    hint = get_type_hints(verb_function(verb)).get(name)
    kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, Enum)]
    return [str(member.value) for kind in kinds for member in kind]


def _is_shown(param: Any, opt: str) -> bool:
    return param.param_type_name == "option" and not param.hidden and opt.startswith("--")


def _about(param: Any) -> str:
    return _first_sentence(param.help)


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")
