"""From the words of a command line to the values of a verb's parameters.

The conventions are GNU's, as the standard library's ``getopt`` reads them: options may stand among the arguments, ``--`` ends
them, ``-qv`` is ``-q -v``, ``--name=value`` is ``--name value``. Names are written in full: an abbreviation would change its
meaning with the next option that begins so. (A library that converts and documents, too, takes longer to load than most verbs
take to answer.)
"""

from __future__ import annotations

import getopt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkeep.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from envkeep.cli.parameters import Parameter

__all__ = ["HELP", "no_such", "options_before", "values"]

HELP = ("-h", "--help")


def values(known: Sequence[Parameter], words: Sequence[str], see: str) -> dict[str, Any] | None:
    """Return what a command line gives a verb's parameters, by key; those that are not given are left out.

    Args:
        known: the verb's parameters.
        words: after the verb.
        see: the command whose ``-h`` explains them: ``envkeep list``.

    Returns:
        The values; None where help is asked for.

    Raises:
        UsageError: there is no such option, a value is missing or none of the choices, arguments are missing or too many.
    """
    pairs, arguments = _split(known, words, see, among=True)
    given = _options(known, pairs)
    if given is None:
        return None
    for each in known:
        if each.names and each.required and each.key not in given:
            raise UsageError(f"{'/'.join(each.names)} is missing", f"See {see} -h.")
    return {**given, **_arguments(known, arguments, see)}


def options_before(known: Sequence[Parameter], words: Sequence[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """Return what the options before the verb say, as of ``values``, and the words from the verb on.

    Raises:
        UsageError: as of ``values``.
    """
    pairs, rest = _split(known, words, "envkeep", among=False)
    return _options(known, pairs), rest


def no_such(what: str, word: str, known: Collection[str], remedy: str) -> UsageError:
    """Return the error of a word that is none of those known; a near one is suggested."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return UsageError(f"there is no {what} {word}", f"Did you mean {near[0]}? {remedy}" if near else remedy)


def _split(known: Sequence[Parameter], words: Sequence[str], see: str, *, among: bool) -> tuple[list[tuple[str, str]], list[str]]:
    named = {name: each for each in known for name in each.names}
    short = "h" + "".join(name[1:] + ("" if each.flag else ":") for name, each in named.items() if not name.startswith("--"))
    long = ["help", *(name[2:] + ("" if each.flag else "=") for name, each in named.items() if name.startswith("--"))]
    try:
        pairs, rest = (getopt.gnu_getopt if among else getopt.getopt)(list(words), short, long)
    except getopt.GetoptError as error:
        name = f"--{error.opt}" if len(error.opt) > 1 else f"-{error.opt}"
        if name in named:
            fault = "takes no value" if named[name].flag else "needs a value"
            raise UsageError(f"{name} {fault}", f"See {see} -h.") from None
        raise no_such("option", name, [*named, *HELP], f"See {see} -h.") from None
    for name, _ in pairs:
        if name.startswith("--") and not any(word.partition("=")[0] == name for word in words):
            raise UsageError(f"an abbreviation of {name}", f"Write {name}.")
    return pairs, rest


def _options(known: Sequence[Parameter], pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    named = {name: each for each in known for name in each.names}
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in HELP:
            return None
        each = named[name]
        if each.flag:
            given[each.key] = True
        elif each.many:
            given.setdefault(each.key, []).append(each.value(text))
        else:
            given[each.key] = each.value(text)
    return given


def _arguments(known: Sequence[Parameter], words: Sequence[str], see: str) -> Mapping[str, Any]:
    given: dict[str, Any] = {}
    rest = list(words)
    for each in known:
        if each.names:
            continue
        if not rest:
            if each.required:
                raise UsageError(f"{each.metavar} is missing", f"See {see} -h.")
        elif each.many:
            given[each.key] = [each.value(word) for text in rest for word in _expanded(each, text)]
            rest = []
        else:
            given[each.key] = each.value(rest.pop(0))
    if rest:
        raise UsageError(f"{rest[0]!r} is one argument too many", f"See {see} -h.")
    return given


def _expanded(parameter: Parameter, text: str) -> Sequence[str]:
    """Return the files that a pattern means, which Windows' shells leave to the program."""
    if os.name != "nt" or parameter.kind is not Path:
        return (text,)
    from glob import glob

    return sorted(glob(text)) or (text,)  # noqa: PTH207 - the text stays as it was typed
