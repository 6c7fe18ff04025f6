"""Are two origins the same place, as far as a file can say it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.model.credentials import without_credentials
from envkeep.model.fetched import ssh_url

if TYPE_CHECKING:
    from envkeep.model.record import Origin

__all__ = ["same_place"]


def same_place(one: Origin | None, other: Origin | None) -> bool:
    """Return whether two origins are of the same kind and place, and of the same commit where both say one.

    ``pip freeze`` writes an editable folder that lies in a git checkout as ``-e git+<remote>@<commit>``, so that and the folder
    with this remote and commit are one place.
    """
    if one is None or other is None:
        return one is other
    if one.commit is not None and other.commit is not None and one.commit != other.commit:
        return False
    return bool(_places(one) & _places(other))


def _places(origin: Origin) -> set[tuple[str, str]]:
    places: set[tuple[str, str]] = {(origin.kind, origin.url)}
    if origin.editable and origin.remote is not None and origin.commit is not None:
        places.add(("vcs", without_credentials(ssh_url(origin.remote)).url))
    return places
