"""``envkeep completion``; what its scripts call in turn, ``completion --line``, is in ``at_start``."""

from __future__ import annotations

from typing import Annotated, Literal

from envkeep.cli.answering import answering
from envkeep.cli.options import Shared
from envkeep.cli.parameters import argument

__all__ = ["command"]


def command(
    shell: Annotated[Literal["bash", "zsh", "fish", "powershell"], argument("SHELL", help="bash, zsh, fish or powershell.")],
    *,
    shared: Shared,
) -> None:
    """Print the script that lets a shell complete commands, options, environments, stamps and tags.

    bash: envkeep completion bash > ~/.local/share/bash-completion/completions/envkeep

    zsh: envkeep completion zsh > a folder of $fpath/_envkeep

    fish: envkeep completion fish > ~/.config/fish/completions/envkeep.fish

    PowerShell: envkeep completion powershell >> $PROFILE

    Example: envkeep completion bash
    """
    with answering("completion", shared) as run:
        from envkeep.cli.completion_scripts import SCRIPTS

        script = SCRIPTS[shell]
        run.answer({"shell": shell, "script": script}, lambda: script.rstrip("\n"), as_is=True)
