from __future__ import annotations

import pytest
from packaging.requirements import Requirement as Parsed

from envkeep.model.record import Distribution, Origin
from envkeep.model.specification import Requirement
from envkeep.planning.facts import LocalFacts, LocalPath
from envkeep.planning.pip_part import PipPart, pip_part_of_distributions, pip_part_of_requirements
from support.records import dist

COMMIT = "1" * 40


def part(one: Distribution, *, checkout: str | None = None, **paths: LocalPath) -> PipPart:
    facts = LocalFacts(subdir="linux-64", paths={url.replace("__", "/"): path for url, path in paths.items()})
    return pip_part_of_distributions([one], facts, checkout=checkout)


def at(url: str, kind: str | None, one: Distribution, *, checkout: str | None = None, **fields: object) -> PipPart:
    facts = LocalFacts(subdir="linux-64", paths={url: LocalPath(kind=kind, **fields)})  # type: ignore[arg-type]
    return pip_part_of_distributions([one], facts, checkout=checkout)


def git(url: str = "https://example.org/six.git", **fields: object) -> Distribution:
    return dist("six", origin=Origin(kind="vcs", url=url, vcs="git", commit=COMMIT, **fields))  # type: ignore[arg-type]


def text(found: PipPart) -> str:
    (line,) = found.lines
    return line.text


def reason(found: PipPart) -> str:
    assert found.lines == ()
    return found.cannot[0].reason


def test_a_repository_comes_back_at_its_commit_whatever_branch_was_asked_for() -> None:
    found = text(part(git(requested_revision="main", subdirectory="python pkg")))
    assert found == f"six @ git+https://example.org/six.git@{COMMIT}#subdirectory=python%20pkg"
    assert Parsed(found).url is not None


@pytest.mark.parametrize("url", ["ext::sh -c 'rm -rf /'", "-oProxyCommand=x", "ftp://example.org/x", "https://x\n--index-url=y"])
def test_a_url_that_could_do_more_than_be_fetched_is_not_used(url: str) -> None:
    for origin in (Origin(kind="vcs", url=url, vcs="git", commit=COMMIT), Origin(kind="archive", url=url)):
        assert part(dist("six", origin=origin)).lines == ()


@pytest.mark.parametrize("subdirectory", ["../other", "/etc", "C:\\x", "a/../../b"])
def test_a_subdirectory_that_leads_out_is_not_followed(subdirectory: str) -> None:
    assert "outside" in reason(part(git(subdirectory=subdirectory)))
    assert "outside" in reason(at(FOLDER, None, editable(subdirectory=subdirectory), checkout="/src"))


def test_nothing_in_a_url_is_expanded() -> None:
    found = text(part(git("https://example.org/${AWS_SECRET} #x")))
    assert "$" not in found
    assert " #" not in found
    assert "{" not in found


def test_no_commit_or_an_option_in_its_place_is_not_installed() -> None:
    for commit in (None, "--upload-pack=x"):
        assert "no commit" in reason(
            part(dist("six", origin=Origin(kind="vcs", url="https://x.org/s", vcs="git", commit=commit)))
        )


WHEEL = "file:///data/my%20wheels/six-1.0-py3-none-any.whl"


def wheel(**fields: object) -> Distribution:
    return dist("six", origin=Origin(kind="archive", url=WHEEL, hashes=(("sha256", "a" * 64),), **fields))  # type: ignore[arg-type]


def test_a_local_wheel_is_taken_from_its_path_if_its_hash_fits() -> None:
    assert text(at(WHEEL, "file", wheel(), hash_fits=True)) == f"six @ {WHEEL}#sha256={'a' * 64}"
    assert "hash is not the recorded one" in reason(at(WHEEL, "file", wheel(), hash_fits=False))
    gone = at(WHEEL, None, wheel())
    assert "is not there" in reason(gone)
    assert gone.cannot[0].was == "/data/my wheels/six-1.0-py3-none-any.whl"


FOLDER = "file:///home/me/six"


REMOTE = Origin(kind="archive", url="https://example.org/six-1.0-py3-none-any.whl", auth="token")


@pytest.mark.parametrize("one", [git(auth="user"), dist("six", origin=REMOTE)])
def test_credentials_that_were_dropped_are_said(one: Distribution) -> None:
    (note,) = part(one).notes
    assert "asked for credentials; none are recorded" in note


def editable(**fields: object) -> Distribution:
    origin = Origin(kind="directory", url=FOLDER, editable=True, commit=COMMIT, remote="git@example.org:me/six.git", **fields)  # type: ignore[arg-type]
    return dist("six", origin=origin)


def test_a_checkout_that_is_there_is_linked_as_it_is() -> None:
    found = at(FOLDER, "directory", editable(), commit="2" * 40)
    assert text(found) == f"-e {FOLDER}"
    assert "2222" in found.notes[0]
    assert found.clones == ()


def test_a_checkout_that_is_gone_is_cloned_only_if_asked() -> None:
    gone = at(FOLDER, None, editable())
    assert "not on this machine" in reason(gone)
    assert gone.cannot[0].was == f"/home/me/six (git@example.org:me/six.git at {COMMIT})"
    cloned = at(FOLDER, None, editable(), checkout="/src")
    assert cloned.clones[0].url == "ssh://git@example.org/me/six.git"
    assert (cloned.clones[0].commit, cloned.clones[0].path) == (COMMIT, "/src/six")
    assert text(cloned) == "-e file:///src/six"
    assert cloned.notes == ()
    dirty = at(FOLDER, None, editable(dirty=True), checkout="/src")
    assert dirty.notes == ("six had changes in no commit when it was recorded: no clone has them",)
    there = at(FOLDER, "directory", editable(), checkout="/src", commit=COMMIT)
    assert there.clones == ()


def test_a_folder_that_was_copied_is_built_again_if_it_is_there() -> None:
    copied = dist("six", origin=Origin(kind="directory", url=FOLDER))
    assert text(at(FOLDER, "directory", copied)) == f"six @ {FOLDER}"
    assert "local folder" in reason(at(FOLDER, None, copied))


def test_versions_and_names_that_no_index_has_are_named() -> None:
    assert "no index can have" in reason(part(dist("six", "4.0.0-unsupported")))
    assert "none that a Python package can have" in reason(part(dist("--index-url=x")))
    assert text(part(dist("torch", "2.1.0+cu121"))) == "torch==2.1.0+cu121"


def test_hashes_are_held_unless_a_resolver_would_ask_for_more() -> None:
    hashed = Requirement(name="six", text="six==1.0", version="1.0", line=1, hashes=("sha256:" + "a" * 64,))
    bare = Requirement(name="numpy", text="numpy==1.0", version="1.0", line=2)
    facts = LocalFacts(subdir="linux-64")
    assert "--hash=sha256:" in pip_part_of_requirements([hashed], facts, deps=True).lines[0].text
    assert [line.text for line in pip_part_of_requirements([hashed, bare], facts, deps=True).lines] == ["six==1.0", "numpy==1.0"]
    assert "--hash=sha256:" in pip_part_of_requirements([hashed, bare], facts).lines[0].text
