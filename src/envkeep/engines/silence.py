"""Servers that give no answer, remembered while many artefacts are looked for: none of them is waited for thousands of times."""

from __future__ import annotations

from collections import Counter

from envkeep.engines.reason import Reason
from envkeep.model.urls import host

__all__ = ["Silences"]


class Silences:
    """Counts the times in a row that a server gave no HTTP answer; any answer, a 404 too, begins anew.

    Args:
        patience: after so many a server is taken to be out of reach. With as many questions under way at once, a single one that
            is lost on a poor line condemns nobody.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._in_a_row: Counter[str] = Counter()

    def reason(self, url: str) -> Reason | None:
        """Return why a URL need not be asked for any more, in the same words for all of its server; None: ask."""
        silent = self._in_a_row[_server(url)] >= self._patience
        return Reason(f"{host(url)} cannot be reached", gone=False) if silent else None

    def heard(self, url: str, *, answer: bool) -> None:
        """Note whether the server of a URL answered."""
        server = _server(url)
        self._in_a_row[server] = 0 if answer else self._in_a_row[server] + 1


def _server(url: str) -> str:
    # its port included: beside one that is out of reach another may well answer
    return "/".join(url.split("/", 3)[:3])
