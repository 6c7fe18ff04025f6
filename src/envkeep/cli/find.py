"""``envkeep find``."""

from __future__ import annotations

from typing import Annotated

from envkeep.cli.answering import answering
from envkeep.cli.options import Shared
from envkeep.cli.parameters import argument

__all__ = ["command"]


def command(
    spec: Annotated[str, argument("SPEC", help="A package: numpy, 'numpy<2', numpy=1.26.*")],
    *,
    shared: Shared,
) -> None:
    """Find the backups, of all environments, that hold a package.

    Example: envkeep find 'numpy<2'
    """
    with answering("find", shared) as run:
        from envkeep.report.find import hits_text
        from envkeep.store.find import find

        hits = find(run.store(), spec)
        run.answer(hits, lambda: hits_text(hits, spec))
