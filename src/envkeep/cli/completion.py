"""``envkeep completion``; what its scripts call in turn, ``completion --line``, is in ``at_start``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Quiet, Verbose

__all__ = ["command"]


class _Shell(str, Enum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


def command(
    shell: Annotated[_Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.", show_default=False)],
    home: Home = None,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Print the script that lets a shell complete commands, options, environments, stamps and tags.

    bash: envkeep completion bash > ~/.local/share/bash-completion/completions/envkeep

    zsh: envkeep completion zsh > a folder of $fpath/_envkeep

    fish: envkeep completion fish > ~/.config/fish/completions/envkeep.fish

    PowerShell: envkeep completion powershell >> $PROFILE

    Example: envkeep completion bash
    """
    with answering("completion", home, json=json, quiet=quiet, verbose=verbose) as run:
        from envkeep.cli.completion_scripts import SCRIPTS

        script = SCRIPTS[shell.value]
        run.answer({"shell": shell.value, "script": script}, lambda: script.rstrip("\n"), as_is=True)
