"""The commands as a page: what their functions say of themselves."""

from __future__ import annotations

from inspect import cleandoc

from envkeep.cli.help import EPILOG
from envkeep.cli.main import VERBS, root, verb_function
from envkeep.cli.parameters import Parameter, parameters

_SHARED = ("home", "json", "quiet", "verbose")


def text() -> str:
    """Return the page's text."""
    parts = [_shared()]
    parts += [_verb(verb) for verb in VERBS]
    parts.append(f"{EPILOG}\n")
    return "\n".join(parts)


def _shared() -> str:
    return "## Options of every command\n\n" + _table(("option", "does"), [_option(each) for each in parameters(root)])


def _verb(verb: str) -> str:
    known = parameters(verb_function(verb))
    *about, example = cleandoc(verb_function(verb).__doc__ or "").split("\n\n")
    assert example.startswith("Example: "), verb
    arguments = [each for each in known if not each.names]
    own = [_option(each) for each in known if each.names and each.key not in _SHARED]
    parts = [
        f"## {verb}\n",
        "```text\n" + " ".join(["envkeep", verb, "[OPTIONS]", *(each.usage for each in arguments)]) + "\n```\n",
    ]
    parts += [f"{_escaped(' '.join(paragraph.split()))}\n" for paragraph in about]
    parts.append(f"```sh\n{example.removeprefix('Example: ')}\n```\n")
    rows = [(f"`{each.usage}`", _escaped(each.help)) for each in arguments]
    if rows:
        parts.append(_table(("argument", "is"), rows))
    if own:
        parts.append(_table(("option", "does"), own))
    return "\n".join(parts)


def _option(parameter: Parameter) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in parameter.names)
    about = _escaped(parameter.help)
    if parameter.choices:
        about += f" One of {', '.join(f'`{choice}`' for choice in parameter.choices)}."
        if parameter.default is not None:
            about += f" Default: `{parameter.default}`."
    if parameter.required:
        about += " Required."
    return names + (f" {parameter.metavar}" if parameter.metavar else ""), about


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "".join(f"| {left} | {right} |\n" for left, right in lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
