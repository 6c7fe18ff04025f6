"""Which channels a rebuild asks, and who named them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envkeep.errors import UsageError
from envkeep.model.channels import DEFAULTS, canonical_channel
from envkeep.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envkeep.model.specification import Specification
    from envkeep.planning.facts import LocalFacts

__all__ = ["choose_channels", "remapping"]


def choose_channels(
    source: Record | Specification, channels: Sequence[str], facts: LocalFacts, remap: Mapping[str, str]
) -> tuple[tuple[str, ...], str]:
    """Return the channels in order of priority and who named them.

    The options come first, else the source, else the settings, else this machine's condarc, else conda-forge. ``defaults`` is
    asked only where one of those names it: it is not free for everybody.

    Args:
        source: a record names the channels of its packages, the most used first after those that were configured.
        channels: of the options.
        facts: for the settings and condarc.
        remap: canonical to canonical, applied to what the options did not name.
    """
    named = [_canonical(text) for text in channels]
    if named:
        return tuple(dict.fromkeys(named)), "the options"
    own = _of_record(source) if isinstance(source, Record) else _of_specification(source)
    who = "the record" if isinstance(source, Record) else "the file"
    if not own:
        own, who = [_canonical(text) for text in facts.configured_channels], "the settings"
    if not own:
        own, who = [_canonical(text) for text in facts.condarc_channels], "condarc"
    if not own:
        own, who = ["conda-forge"], "envkeep"
    return tuple(dict.fromkeys(remap.get(channel, channel) for channel in own)), who


def remapping(remap: Mapping[str, str]) -> dict[str, str]:
    """Return a mapping of channels in canonical spelling.

    Raises:
        UsageError: one side names no channel.
    """
    return {_canonical(old): _canonical(new) for old, new in remap.items()}


def _canonical(text: str) -> str:
    name = canonical_channel(text)
    if not name or name.startswith("-") or any(ord(letter) < 32 for letter in name):
        raise UsageError(f"'{text}' is no channel", "Name it as conda does: conda-forge, or a URL.")
    return name


def _of_record(record: Record) -> list[str]:
    used = Counter(package.channel for package in record.conda if package.channel)
    configured = [channel for channel in record.channels if channel in used or channel != DEFAULTS]
    by_use: Iterable[str] = (channel for channel, _ in sorted(used.items(), key=lambda item: (-item[1], item[0])))
    return list(dict.fromkeys([*configured, *by_use]))


def _of_specification(specification: Specification) -> list[str]:
    named = [_canonical(text) for text in specification.channels]
    # conda's own way to say that the configured channels are not meant
    named = [channel for channel in named if channel != "nodefaults"]
    artefacts = Counter(package.channel for package in specification.artefacts if package.channel)
    return list(dict.fromkeys([*named, *(channel for channel, _ in artefacts.most_common())]))
