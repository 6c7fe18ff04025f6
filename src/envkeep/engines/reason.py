"""Why an artefact cannot be had."""

from __future__ import annotations

__all__ = ["Reason"]


class Reason(str):
    """Why an artefact cannot be had: a sentence that also knows whether that is the last word.

    Attributes:
        gone: the place where it was says that it is there no more (404, 410, no such file); False: it says nothing of it (no
            network, a log-in that is missing, a server in trouble).
    """

    __slots__ = ("gone",)

    gone: bool

    def __new__(cls, text: str, *, gone: bool) -> Reason:
        """Return the sentence."""
        reason = super().__new__(cls, text)
        reason.gone = gone
        return reason
