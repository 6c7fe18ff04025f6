"""Writing and removing so that a reader, a full disk or ``kill -9`` never meets half of anything.

A file or folder is made under a temporary name beside its place, brought to the disk, and renamed. What is removed is renamed
away first. Files are 0600 in folders of 0700: a record may hold what its owner wants nobody to read.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from envkeep.errors import EnvkeepError, StoreError
from envkeep.store.layout import TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "make_folder",
    "publish_file",
    "publish_folder",
    "reading",
    "reason_of",
    "remove_tree",
    "replace_file",
    "set_aside",
    "staged",
    "storing",
    "sync_folder",
]

_ON_WINDOWS = sys.platform == "win32"
_REMEDIES = {
    "ENOSPC": "Free some space, or keep the backups elsewhere (--home DIR or ENVKEEP_HOME).",
    "EDQUOT": "The disk quota is used up: free some space, or keep the backups elsewhere (--home DIR or ENVKEEP_HOME).",
    "EFBIG": "The file would be larger than this process may write: raise the limit (ulimit -f).",
    "EROFS": "The disk is mounted read-only: keep the backups elsewhere (--home DIR or ENVKEEP_HOME).",
    "EACCES": "Make it writable for your user, or keep the backups elsewhere (--home DIR or ENVKEEP_HOME).",
    "EPERM": "Make it writable for your user, or keep the backups elsewhere (--home DIR or ENVKEEP_HOME).",
    "ENOTDIR": "A file stands where a folder should be: move it away, or use another home (--home DIR or ENVKEEP_HOME).",
    "EEXIST": "A file stands where a folder should be: move it away, or use another home (--home DIR or ENVKEEP_HOME).",
}
_READING_REMEDIES = {**_REMEDIES, **dict.fromkeys(("EACCES", "EPERM"), "Make it readable for your user.")}


@contextmanager
def storing(doing: str, *, stands: str = "The backups made before are as they were.") -> Iterator[None]:
    """Turn what the file system refuses into one error.

    Args:
        doing: what was tried, for ``cannot <doing>: <reason>``.
        stands: what is still so; ends the remedy.

    Raises:
        StoreError: with the file and the system's reason, and what to do.
    """
    try:
        yield
    except OSError as error:
        raise _refused(error, doing, _REMEDIES, stands) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the file system refuses to show into one error.

    Args:
        path: what is read.

    Raises:
        StoreError: with the file and the system's reason, and what to do.
    """
    try:
        yield
    except OSError as error:
        raise _refused(error, f"read {path}", _READING_REMEDIES, "") from error


def reason_of(error: EnvkeepError | OSError) -> str:
    """Return why something could not be read, in one line that names the file."""
    return error.fact if isinstance(error, EnvkeepError) else f"{error.filename}: {error.strerror}"


def _refused(error: OSError, doing: str, remedies: Mapping[str, str], stands: str) -> StoreError:
    import errno

    where = f" ({error.filename})" if error.filename and str(error.filename) not in doing else ""
    remedy = remedies.get(errno.errorcode.get(error.errno or 0, ""), "")
    return StoreError(f"cannot {doing}: {error.strerror or error}{where}", f"{remedy} {stands}".strip())


def make_folder(path: Path) -> None:
    """Make a folder and its parents, for the user alone; what is there stays as it is."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if not folder.is_dir():
            raise NotADirectoryError(20, "not a folder", str(folder))
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Bring a folder's entries to the disk; Windows has no way to ask for it, and some network disks refuse."""
    if _ON_WINDOWS:
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole, over what is there."""
    with staged() as stage:
        file = stage.file(path, data)
        stage.bring_to_disk()
        file.temporary.replace(path)
    sync_folder(path.parent)


def publish_file(path: Path, data: bytes) -> bool:
    """Write a file whole where none is; return False, and leave it, where one is."""
    with staged() as stage:
        file = stage.file(path, data)
        stage.bring_to_disk()
        return file.put(path)


def publish_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder whole.

    Args:
        path: of the folder; must not be there.
        files: name, or ``folder/name``, and bytes.
    """
    with staged() as stage:
        folder = stage.folder(path, files)
        stage.bring_to_disk()
        folder.put(path)


class Staged:
    """A file or folder under a temporary name, to be put in its place."""

    def __init__(self, temporary: Path, *, is_folder: bool) -> None:
        self.temporary = temporary
        self._is_folder = is_folder

    def put(self, path: Path) -> bool:
        """Give it its name; return False, and change nothing, where a file's is taken.

        For a file the check and the rename are one step wherever the file system has hard links, for PyMoDAQ writes without a
        lock. A folder's name must not be taken.
        """
        if self._is_folder:
            self.temporary.rename(path)
        elif not _rename_to_nothing(self.temporary, path):
            return False
        sync_folder(path.parent)
        return True


class _Stage:
    """What is written under temporary names: all of it is written first and then brought to the disk.

    Where the system takes advice (Linux), it begins to write each file as it is handed over, so that the first wait is nearly the
    only one; elsewhere each file is waited for.
    """

    def __init__(self) -> None:
        self._handles: list[int] = []
        self._folders: list[Path] = []
        self._made: list[Path] = []

    def file(self, path: Path, data: bytes) -> Staged:
        """Write a file beside the path that it shall have."""
        temporary = _temporary(path)
        self._made.append(temporary)
        self._handles.append(_filled(temporary, data))
        return Staged(temporary, is_folder=False)

    def folder(self, path: Path, files: Mapping[str, bytes]) -> Staged:
        """Write a folder beside the path that it shall have; ``files`` as of ``publish_folder``."""
        temporary = _temporary(path)
        self._made.append(temporary)
        temporary.mkdir(mode=0o700)
        self._folders.append(temporary)
        for folder in sorted({(temporary / name).parent for name in files} - {temporary}):
            folder.mkdir(mode=0o700)
            self._folders.append(folder)
        for name, data in files.items():
            self._handles.append(_filled(temporary / name, data))
        return Staged(temporary, is_folder=True)

    def bring_to_disk(self) -> None:
        """Wait until all of it is there, and close it."""
        for handle in self._handles:
            os.fsync(handle)
        self.close()
        for folder in reversed(self._folders):
            sync_folder(folder)

    def close(self) -> None:
        """Close what is open."""
        while self._handles:
            os.close(self._handles.pop())

    def discard(self) -> None:
        """Remove what was not put in its place."""
        for temporary in self._made:
            _discard(temporary)


@contextmanager
def staged() -> Iterator[_Stage]:
    """Write files and folders whole, then put them in their places; what was not put there by the end is removed."""
    stage = _Stage()
    try:
        yield stage
    finally:
        stage.close()
        stage.discard()


def set_aside(*paths: Path) -> list[Path]:
    """Rename what shall go to temporary names, each in one step, and return those: who reads has it whole or not at all.

    They are renamed in the order given, and all of them on the disk when this returns.
    """
    aside = []
    for path in paths:
        aside.append(_temporary(path))
        path.rename(aside[-1])
    for folder in {path.parent for path in aside}:
        sync_folder(folder)
    return aside


def remove_tree(path: str | Path) -> None:
    """Remove a file, a link (not what it points to) or a folder with all in it."""
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        pass
    except OSError:
        # a folder, which each system refuses in its own words
        if os.path.islink(path) or not os.path.isdir(path):  # noqa: PTH112, PTH114
            raise
        with os.scandir(path) as entries:
            inside = [entry.path for entry in entries]
        for each in inside:
            remove_tree(each)
        os.rmdir(path)  # noqa: PTH106


def _temporary(path: Path) -> Path:
    # no ending of the original's: PyMoDAQ must not take it for a backup
    return path.with_name(f"{TEMPORARY}{path.name.split('_')[0]}-{os.getpid()}-{os.urandom(4).hex()}")


def _filled(path: Path, data: bytes) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        if hasattr(os, "posix_fadvise"):
            # the system begins to write it, without a wait; a file system that cannot be told so writes it later
            with suppress(OSError):
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _rename_to_nothing(source: Path, target: Path) -> bool:
    if not _ON_WINDOWS:
        try:
            target.hardlink_to(source)
        except FileExistsError:
            return False
        except OSError:
            # exFAT, some network disks and containers have no hard links
            pass
        else:
            source.unlink()
            return True
        if os.path.lexists(target):
            return False
    try:
        source.rename(target)
    except FileExistsError:
        return False
    return True


def _discard(path: Path) -> None:
    # what cannot be removed now is swept by the next writer; the first error is the one to tell
    with suppress(OSError):
        remove_tree(path)
