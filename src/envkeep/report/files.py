"""Results that go into a file of the user's choosing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkeep.errors import EnvkeepError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_file"]


def write_file(path: Path, text: str, *, executable: bool = False) -> None:
    """Write text as UTF-8 with ``\\n``: beside the place first, then renamed, so that no half file stands there.

    Raises:
        EnvkeepError: it cannot be written; what stood there stands.
    """
    import tempfile

    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
            # mkstemp's 0600 is for secrets; what is exported is meant to be handed on, as the user's umask says
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, (0o777 if executable else 0o666) & ~umask)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise EnvkeepError(f"cannot write {path}: {error.strerror or error}", "Name another file with -o.") from error
