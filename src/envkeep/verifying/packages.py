"""One recorded package against the one that is there; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.versions import same_version
from envkeep.verifying.outcome import Outcome

if TYPE_CHECKING:
    from envkeep.model.record import CondaPackage, Distribution, Origin
    from envkeep.verifying.outcome import Word

__all__ = ["compare_conda", "compare_distribution", "compare_origins"]


def compare_conda(expected: CondaPackage, found: CondaPackage) -> Outcome:
    """Return the outcome of a conda package: exact is the same artefact by its hash, with its files as they were or better."""
    word, reason = _conda(expected, found)
    return Outcome(
        kind="conda",
        name=expected.name,
        outcome=word,
        expected=f"{expected.version} {expected.build}".strip(),
        found=f"{found.version} {found.build}".strip(),
        reason=reason,
    )


def _conda(expected: CondaPackage, found: CondaPackage) -> tuple[Word, str]:
    if expected.version != found.version:
        return "other-version", ""
    if expected.build and expected.build != found.build:
        return "same-version", "another build"
    same = _same_artefact(expected, found)
    if same is None:
        return "same-version", "no hash is recorded that would prove it the same artefact"
    if not same:
        where = "" if expected.channel == found.channel else f", from {found.channel}"
        return "same-version", f"another artefact of the same build{where}"
    if found.altered is not None and found.altered != expected.altered:
        return "same-version", f"its files are {found.altered} here, and were not"
    if expected.altered is not None and found.altered is None:
        return "mended", f"its files were {expected.altered} in the original"
    if expected.channel and expected.channel != found.channel:
        return "exact", f"the same artefact, from {found.channel or 'an unknown channel'}"
    return "exact", "" if expected.altered is None else f"its files are {expected.altered}, as in the original"


def _same_artefact(expected: CondaPackage, found: CondaPackage) -> bool | None:
    if expected.sha256 and found.sha256:
        return expected.sha256.lower() == found.sha256.lower()
    if expected.md5 and found.md5:
        return expected.md5.lower() == found.md5.lower()
    return None


def compare_distribution(expected: Distribution, found: Distribution, *, overwrote: bool = False) -> Outcome:
    """Return the outcome of a Python distribution that pip (or the like) had installed.

    No hash of the artefact is recorded for those, so exact is the same version, origin, WHEEL tags and RECORD content.

    Args:
        expected: as recorded.
        found: the one of the same name that is there, pip's or conda's.
        overwrote: whether it stood over the files of a conda package of that name in the original.
    """
    word, reason = _distribution(expected, found, overwrote=overwrote)
    return Outcome(kind="pip", name=expected.name, outcome=word, expected=expected.version, found=found.version, reason=reason)


def _distribution(expected: Distribution, found: Distribution, *, overwrote: bool) -> tuple[Word, str]:
    if not same_version(expected.version, found.version):
        return "other-version", "" if found.from_pip else "from conda, and was from pip"
    if not found.from_pip:
        if overwrote:
            return "mended", "the conda package's own files stand where pip had put its"
        return "same-version", "from conda, and was from pip"
    difference = compare_origins(expected.origin, found.origin)
    if difference:
        return "same-version", difference
    if expected.origin is not None and expected.origin.editable:
        # the code is the checkout's; what stands in site-packages is only the link to it, and each tool writes its own
        return "exact", "its checkout had changes in no commit when it was recorded" if expected.origin.dirty else ""
    if expected.tags != found.tags:
        return (
            "same-version",
            f"built for {', '.join(found.tags) or 'nothing named'}, was for {', '.join(expected.tags) or 'nothing named'}",
        )
    if expected.content is None or found.content is None:
        return "same-version", "no file list is recorded that would prove it the same"
    if expected.content != found.content:
        return "same-version", "its files are not the recorded ones: built anew or altered"
    return "exact", ""


def compare_origins(expected: Origin | None, found: Origin | None) -> str:
    """Return how the origin found differs from the recorded one, in words; empty where it is the same."""
    if expected is None or found is None:
        if expected is found:
            return ""
        return f"from {found.url}, and was from an index" if found is not None else "from an index, and was not"
    if expected.kind != found.kind:
        return f"from {found.url}, and was from {expected.url}"
    if expected.editable != found.editable:
        return "installed as a copy, and was editable" if expected.editable else "editable, and was a copy"
    if expected.commit != found.commit and None not in {expected.commit, found.commit}:
        return f"at commit {found.commit}, and was at {expected.commit}"
    proven = set(expected.hashes) & set(found.hashes)
    kinds = {kind for kind, _ in expected.hashes} & {kind for kind, _ in found.hashes}
    if kinds and not proven:
        return "another file: its hash is not the recorded one"
    if _place(expected.url) != _place(found.url) and not (expected.kind == "archive" and proven):
        return f"from {found.url}, and was from {expected.url}"
    # of a folder it is where in its checkout it lies, which nobody can see once the checkout is gone; its URL is the whole place
    if expected.kind != "directory" and (expected.subdirectory or None) != (found.subdirectory or None):
        return f"from the subdirectory {found.subdirectory}, and was from {expected.subdirectory}"
    return ""


def _place(url: str) -> str:
    from urllib.parse import unquote

    # uv leaves the hash that was asked for in the URL
    return unquote(url.partition("#")[0]).rstrip("/")
