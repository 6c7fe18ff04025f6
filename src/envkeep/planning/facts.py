"""What a plan has to know of the machine it is made for, as values; ``restoring.facts`` gathers them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from envkeep.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LocalFacts", "LocalPath"]


@frozen
class LocalPath:
    """What stands at a recorded ``file://`` URL now.

    Attributes:
        kind: ``file``, ``directory``, or None where nothing is.
        hash_fits: whether a file has the recorded hash; None where none was recorded.
        commit: what is checked out there, if it is a git checkout.
        on_server: whether it is a file server's (``file://server/share``), which was not asked: ``kind`` is None then.
    """

    kind: Literal["file", "directory"] | None
    hash_fits: bool | None = None
    commit: str | None = None
    on_server: bool = False


@frozen
class LocalFacts:
    """What is so on the machine that the plan is for.

    Attributes:
        subdir: its platform.
        pythons: versions of the Pythons found on it, for venvs.
        configured_channels: what envkeep's settings name, in order.
        condarc_channels: what its condarc files name, in order; empty where they name none.
        paths: by ``file://`` URL, for the origins of the source.
    """

    subdir: str
    pythons: tuple[str, ...] = ()
    configured_channels: tuple[str, ...] = ()
    condarc_channels: tuple[str, ...] = ()
    paths: Mapping[str, LocalPath] = field(default_factory=dict)
