"""Results that go into a file of the user's choosing."""

from __future__ import annotations

import os
from pathlib import Path

from envkeep.errors import EnvkeepError

__all__ = ["write_file"]


def write_file(path: Path, text: str, *, executable: bool = False) -> str:
    """Write text as UTF-8, its line ends as they are: beside the place first, then renamed, so that no half file stands there.

    Returns:
        What to say of it: that it was written, and whether something stood there before.

    Raises:
        EnvkeepError: it cannot be written; what stood there stands.
    """
    import tempfile

    stood = os.path.lexists(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
            # mkstemp's 0600 is for secrets; what is exported is meant to be handed on, as the user's umask says
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod((0o777 if executable else 0o666) & ~umask)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise EnvkeepError(f"cannot write {path}: {error.strerror or error}", "Name another file.") from error
    return f"wrote {path}, in place of the file that was there" if stood else f"wrote {path}"
