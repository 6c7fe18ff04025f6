"""The source of a package that came from a repository or a folder: as files to be packed, and as a folder to build it in."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envkeep.archive.repositories import GitError, checked_out, current_commit, uncommitted, write_bundle
from envkeep.archive.sdists import TooLargeError, extract_sdist, sdist_stem, write_sdist
from envkeep.model.fetched import remote_url, ssh_url
from envkeep.model.frozen import frozen
from envkeep.model.names import normalise
from envkeep.model.urls import path_of_file_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkeep.model.record import Distribution, Origin

__all__ = ["ProjectSource", "project_source"]


@frozen
class ProjectSource:
    """A project's source.

    Attributes:
        folder: a copy that may be written to; None where none is to be had.
        files: what is packed: a bundle and, if there is something uncommitted, a diff; or a source archive.
        reason: why it could not be had, or what of it; None where all was.
    """

    folder: Path | None = None
    files: tuple[Path, ...] = ()
    reason: str | None = None


@contextmanager
def project_source(dist: Distribution, folder: Path, *, offline: bool) -> Iterator[ProjectSource]:
    """Get the source of a distribution that has an origin; the copy to build in is there until the end.

    Args:
        dist: from a repository or a folder.
        folder: where the files to be packed go; made if need be.
        offline: whether only this machine is asked.
    """
    with ExitStack() as stack:
        origin = dist.origin
        try:
            if origin is None:
                source = ProjectSource(reason="it has no origin")
            elif origin.kind == "vcs":
                source = _of_repository(dist, origin, folder, stack, offline=offline)
            else:
                source = _of_folder(dist, origin, folder, stack, offline=offline)
        except (GitError, TooLargeError) as error:
            source = ProjectSource(reason=str(error))
        except OSError as error:
            source = ProjectSource(reason=f"{error.filename}: {error.strerror or error}")
        yield source


def _of_repository(dist: Distribution, origin: Origin, folder: Path, stack: ExitStack, *, offline: bool) -> ProjectSource:
    if (origin.vcs or "git") != "git":
        return ProjectSource(reason=f"its repository is one of {origin.vcs}, and only those of git are packed")
    if origin.commit is None:
        return ProjectSource(reason="no commit is recorded, so what it was cannot be told")
    bundle = folder / f"{normalise(dist.name)}.bundle"
    write_bundle(ssh_url(origin.url), origin.commit, bundle, offline=offline)
    checkout = stack.enter_context(checked_out(bundle, origin.commit))
    return ProjectSource(folder=_inside(checkout, origin.subdirectory), files=(bundle,))


def _of_folder(dist: Distribution, origin: Origin, folder: Path, stack: ExitStack, *, offline: bool) -> ProjectSource:
    from envkeep.capturing.checkout import find_checkout

    text = path_of_file_url(origin.url)
    project = Path(text) if text is not None else None
    if project is None or not project.is_dir():
        return _of_remote(dist, origin, folder, stack, offline=offline)
    checkout = find_checkout(project)
    if checkout is None or current_commit(checkout.root) is None:
        sdist = folder / f"{sdist_stem(dist.name, dist.version)}.tar.gz"
        write_sdist(project, dist.name, dist.version, sdist)
        work = Path(stack.enter_context(_temporary(folder)))
        return ProjectSource(folder=extract_sdist(sdist, work), files=(sdist,))
    now = current_commit(checkout.root)
    commit = origin.commit or now or ""
    bundle = folder / f"{normalise(dist.name)}.bundle"
    try:
        write_bundle(str(checkout.root), commit, bundle, offline=offline)
    except GitError:
        if origin.remote is None:
            raise
        write_bundle(remote_url(origin.remote), commit, bundle, offline=offline)
    files, changes, reason = [bundle], None, None
    if now == commit:
        diff = uncommitted(checkout.root, bundle)
        if diff:
            changes = folder / f"{normalise(dist.name)}.diff"
            changes.write_bytes(diff)
            files.append(changes)
    else:
        reason = f"{project} is at commit {now} now, and was at {commit}: what was not committed then is not to be had"
    copy = stack.enter_context(checked_out(bundle, commit, changes))
    return ProjectSource(folder=_inside(copy, checkout.subdirectory), files=tuple(files), reason=reason)


def _of_remote(dist: Distribution, origin: Origin, folder: Path, stack: ExitStack, *, offline: bool) -> ProjectSource:
    was = path_of_file_url(origin.url) or origin.url
    if origin.remote is None or origin.commit is None:
        return ProjectSource(reason=f"its folder {was} is not there, and no repository of it is recorded")
    bundle = folder / f"{normalise(dist.name)}.bundle"
    write_bundle(remote_url(origin.remote), origin.commit, bundle, offline=offline)
    copy = stack.enter_context(checked_out(bundle, origin.commit))
    reason = f"its folder {was} is not there: what was not committed in it is not to be had"
    return ProjectSource(folder=_inside(copy, origin.subdirectory), files=(bundle,), reason=reason)


def _inside(checkout: Path, subdirectory: str | None) -> Path:
    folder = (checkout / subdirectory).resolve() if subdirectory else checkout
    if not folder.is_relative_to(checkout.resolve()) and folder != checkout:
        raise GitError(f"its subdirectory {subdirectory} lies outside of the repository")
    return folder


@contextmanager
def _temporary(folder: Path) -> Iterator[str]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="source-", dir=folder) as text:
        yield text
