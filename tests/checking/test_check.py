from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.checking.check import check
from envkeep.checking.finding import RANKS, Finding
from envkeep.engines.reason import Reason
from envkeep.errors import EngineError
from envkeep.model.record import Origin, Problem, Requested, Transaction
from support.projects import git_commit, make_wheel
from support.records import conda, dist, record

if TYPE_CHECKING:
    from pathlib import Path

    from envkeep.engines.base import Progress
    from envkeep.model.record import CondaPackage, Distribution, Record

HASH = "a" * 64
URL = "https://conda.anaconda.org/conda-forge/linux-64/six-1.0-0.conda"


def good(name: str, **fields: Any) -> CondaPackage:
    return conda(name, sha256=HASH, url=URL, **fields)


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in findings]


def of_pip(*dists: Distribution, **fields: Any) -> list[tuple[str, str]]:
    return codes(check(record(distributions=dists, **fields)))


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_nothing_is_found_where_all_can_be_rebuilt() -> None:
    fine = record(conda=(good("six"),), distributions=(dist("six", conda_package="six"), dist("rich", "13.7.1")))
    assert check(fine) == ()


def test_every_finding_has_a_fact_and_a_remedy_and_the_worst_comes_first(tmp_path: Path) -> None:
    bad = record(
        conda=(conda("six", channel=""), good("numpy", channel="file:///srv/chan"), good("zlib", altered="removed")),
        distributions=(
            dist("lab", origin=Origin(kind="archive", url=(tmp_path / "lab-1.0-py3-none-any.whl").as_uri())),
            dist("torch", "2.1.0+cu121"),
        ),
        requested=Requested(specs=("six",), inferred=True),
    )
    findings = check(bad)
    assert [finding.rank for finding in findings] == sorted((finding.rank for finding in findings), key=RANKS.index)
    assert findings[0].rank == "lost"
    assert all(finding.fact and not finding.fact.endswith(".") and finding.remedy and finding.subject for finding in findings)


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (good("six", channel="file:///srv/chan"), ("local-channel", "file:///srv/chan")),
        (good("six", channel="https://host/private", auth="token"), ("private-channel", "https://host/private")),
        (good("six", channel="https://host/private"), ("other-channel", "https://host/private")),
        (good("six", channel=""), ("unknown-channel", "conda")),
        (conda("six", url=URL), ("missing-hash", "conda")),
        (conda("six", md5="c" * 32), ("missing-url", "conda")),
        (good("six", altered="overwritten"), ("package-over-package", "six")),
        (good("six", altered="removed"), ("removed-by-pip", "six")),
    ],
)
def test_conda_packages(package: CondaPackage, expected: tuple[str, str]) -> None:
    assert codes(check(record(conda=(package,)))) == [expected]


@pytest.mark.parametrize("channel", ["conda-forge", "defaults", "conda-forge/label/dev", "https://repo.prefix.dev/conda-forge"])
def test_public_channels_are_no_finding(channel: str) -> None:
    assert check(record(conda=(good("six", channel=channel),))) == ()


def test_a_lost_history_and_unreadable_records() -> None:
    problem = Problem(code="unreadable-record", message="this record is empty", path="conda-meta/x-1-0.json", package="x")
    found = check(record(conda=(good("six"),), requested=Requested(specs=("six",), inferred=True), problems=(problem,)))
    assert codes(found) == [("unreadable-record", "x"), ("history-lost", "lab")]
    nameless = replace(problem, path="conda-meta/my-lib-1.0-h0_0.json", package="")
    found = check(record(conda=(good("b"), conda("a", channel="", url=URL, sha256=HASH)), problems=(nameless,)))
    assert [finding.remedy.partition(": ")[2] for finding in found] == [
        "conda install --force-reinstall my-lib",
        "conda install --force-reinstall a",
    ]


def test_versions_that_no_index_has() -> None:
    assert of_pip(dist("torch", "2.1.0+cu121")) == [("unindexable-version", "torch")]
    assert of_pip(dist("old", "4.0.0-unsupported")) == [("unindexable-version", "old")]
    torch, old = (check(record(distributions=(dist("x", version),)))[0] for version in ("2.1.0+cu121", "4.0.0-unsupported"))
    assert "extra-index-url" in torch.remedy
    # no index can have it
    assert "index" not in old.remedy
    extra = ("https://pypi.org/simple", "https://download.pytorch.org/whl/cu121")
    assert of_pip(dist("torch", "2.1.0+cu121"), index_urls=extra) == []


class TestLocalFiles:
    def test_a_wheel_that_is_there_gone_or_another(self, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, "lab")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        origin = Origin(kind="archive", url=wheel.as_uri(), hashes=(("sha256", digest),))
        assert of_pip(dist("lab", origin=origin)) == [("local-file", "lab")]
        wheel.write_bytes(b"another")
        assert of_pip(dist("lab", origin=origin)) == [("changed-file", "lab")]
        wheel.unlink()
        assert of_pip(dist("lab", origin=origin)) == [("missing-file", "lab")]

    def test_a_wheel_by_url_is_fine_unless_it_needs_a_login(self) -> None:
        origin = Origin(kind="archive", url="https://example.org/lab-1.0-py3-none-any.whl")
        assert of_pip(dist("lab", origin=origin)) == []
        assert of_pip(dist("lab", origin=replace(origin, auth="user"))) == [("private-origin", "lab")]

    def test_repositories(self, tmp_path: Path) -> None:
        origin = Origin(kind="vcs", url="https://example.org/lab.git", vcs="git", commit="1" * 40)
        assert of_pip(dist("lab", origin=origin)) == []
        assert of_pip(dist("lab", origin=replace(origin, commit=None))) == [("no-commit", "lab")]
        assert of_pip(dist("lab", origin=replace(origin, url=tmp_path.as_uri()))) == [("local-repository", "lab")]

    def test_folders(self, tmp_path: Path) -> None:
        plain = Origin(kind="directory", url=tmp_path.as_uri())
        assert of_pip(dist("lab", origin=plain)) == [("no-repository", "lab")]
        # of a copy no commit is recorded: nobody knows which one it was made at
        assert of_pip(dist("lab", origin=replace(plain, vcs="git"))) == [("local-folder", "lab")]
        assert of_pip(dist("lab", origin=replace(plain, vcs="git", editable=True))) == [("no-repository", "lab")]
        gone = replace(plain, url=(tmp_path / "gone").as_uri(), editable=True)
        assert [finding.rank for finding in check(record(distributions=(dist("lab", origin=gone),)))] == ["lost"]
        known = replace(gone, remote="https://example.org/lab.git")
        assert [finding.rank for finding in check(record(distributions=(dist("lab", origin=known),)))] == ["here-only"]


class TestCheckouts:
    @staticmethod
    def origin(folder: Path, **recorded: Any) -> Origin:
        commit = git(folder, "rev-parse", "HEAD")
        return Origin(kind="directory", url=folder.as_uri(), editable=True, vcs="git", commit=commit, **recorded)

    def found(self, folder: Path) -> list[str]:
        return [code for code, _ in of_pip(dist("labvcs", origin=self.origin(folder)))]

    def test_clean_and_pushed_is_fine(self, pushed_repo: Path) -> None:
        assert self.found(pushed_repo) == []

    def test_dirty_unpushed_and_without_a_remote(self, pushed_repo: Path) -> None:
        (pushed_repo / "labvcs.py").write_text("x = 2\n")
        (pushed_repo / "näw module.py").write_text("")
        assert self.found(pushed_repo) == ["dirty-checkout"]
        (finding,) = check(record(distributions=(dist("labvcs", origin=self.origin(pushed_repo)),)))
        assert finding.fact.endswith("has changes in no commit: labvcs.py, näw module.py")
        git_commit(pushed_repo, "second")
        assert self.found(pushed_repo) == ["unpushed-checkout"]
        git(pushed_repo, "remote", "remove", "origin")
        assert self.found(pushed_repo) == ["no-remote"]

    def test_without_git_it_is_said(self, pushed_repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        origin = self.origin(pushed_repo)
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        assert of_pip(dist("labvcs", origin=origin)) == [("checkout-not-read", "labvcs")]

    def test_a_record_speaks_of_its_own_time(self, pushed_repo: Path) -> None:
        remote = "https://example.org/labvcs.git"
        clean, dirty = (self.origin(pushed_repo, dirty=dirty, unpushed=dirty, remote=remote) for dirty in (False, True))
        # what is changed in the checkout now is of no interest
        (pushed_repo / "labvcs.py").write_text("x = 2\n")
        assert of_pip(dist("labvcs", origin=clean)) == []
        git_commit(pushed_repo, "second")
        dirty = replace(dirty, commit=git(pushed_repo, "rev-parse", "HEAD"))
        expected = [("dirty-checkout", "labvcs"), ("unpushed-checkout", "labvcs")]
        assert of_pip(dist("labvcs", origin=dirty)) == expected
        gone = replace(dirty, url=(pushed_repo / "gone").as_uri())
        assert of_pip(dist("labvcs", origin=gone)) == [expected[0], ("missing-folder", "labvcs"), expected[1]]
        assert ("no-remote", "labvcs") in of_pip(dist("labvcs", origin=replace(dirty, remote=None)))
        # a commit is the same whatever is checked out by now, and it is elsewhere after a push
        (pushed_repo / "labvcs.py").write_text("x = 3\n")
        git_commit(pushed_repo, "third")
        git(pushed_repo, "push", "-q", "origin", "main")
        assert of_pip(dist("labvcs", origin=dirty)) == expected[:1]
        nonsense = replace(dirty, commit="--all")
        assert of_pip(dist("labvcs", origin=nonsense)) == expected

    @pytest.mark.parametrize("remote", ["/srv/git/lab.git", "file:///srv/git/lab.git", "../lab.git", "C:\\git\\lab"])
    def test_a_remote_on_this_machine_is_no_other_place(self, pushed_repo: Path, remote: str) -> None:
        origin = self.origin(pushed_repo, remote=remote)
        assert of_pip(dist("labvcs", origin=origin)) == [("local-repository", "labvcs")]
        assert of_pip(dist("labvcs", origin=replace(origin, dirty=False))) == [("local-repository", "labvcs")]

    @pytest.mark.parametrize("remote", ["git@host:lab.git", "host:git/lab.git", "https://example.org/lab.git"])
    def test_a_remote_elsewhere_is_unless_it_needs_a_login(self, pushed_repo: Path, remote: str) -> None:
        origin = self.origin(pushed_repo, remote=remote)
        assert of_pip(dist("labvcs", origin=origin)) == []
        assert of_pip(dist("labvcs", origin=replace(origin, auth="user"))) == [("private-origin", "labvcs")]

    def test_another_users_checkout_has_gits_own_remedy(self, pushed_repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lab = dist("labvcs", origin=self.origin(pushed_repo))
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        (finding,) = check(record(distributions=(lab,)))
        assert finding.code == "checkout-not-read"
        assert finding.remedy.endswith(f": git config --global --add safe.directory {pushed_repo}")


class TestMixing:
    @pytest.fixture
    def installed(self, tmp_path: Path) -> Path:
        info = tmp_path / "lib" / "python3.12" / "site-packages" / "Flask_Cors-4.0.dist-info"
        info.mkdir(parents=True)
        (info / "RECORD").write_text("")
        # 2025-01-31 12:00:00, local time
        import time

        moment = time.mktime((2025, 1, 31, 12, 0, 0, 0, 0, -1))
        os.utime(info / "RECORD", (moment, moment))
        return tmp_path

    @staticmethod
    def lab(*whens: str, added: tuple[str, ...] = ("conda-forge/linux-64::numpy-2.0-0",)) -> Record:
        history = tuple(Transaction(when=when, added=added) for when in whens)
        cors = dist("Flask-Cors", "4.0", location="lib/python3.12/site-packages")
        return record(conda=(good("numpy"),), distributions=(cors,), history=history)

    def test_conda_after_pip_is_named(self, installed: Path) -> None:
        (finding,) = check(self.lab("2025-01-30 09:00:00", "2025-02-01 10:00:00"), prefix=installed)
        assert finding.code == "conda-after-pip"
        assert "once after pip had installed Flask-Cors, last on 2025-02-01 10:00:00 (1 package)" in finding.fact

    def test_conda_before_pip_or_right_with_it_is_fine(self, installed: Path) -> None:
        assert check(self.lab("2025-01-30 09:00:00", "2025-01-31 12:00:30", "not a time"), prefix=installed) == ()

    def test_a_transaction_that_changed_nothing_is_fine(self, installed: Path) -> None:
        assert check(self.lab("2025-02-01 10:00:00", added=()), prefix=installed) == ()


def test_channels_are_asked_through_the_engine() -> None:
    class Engine:
        def unavailable(self, packages: list[CondaPackage], progress: Progress) -> tuple[tuple[str, Reason], ...]:
            return tuple((package.name, Reason("404 Not Found", gone=True)) for package in packages if package.name == "gone")

    asked = record(conda=(good("gone"), good("there")))
    found = check(asked, online=True, engine=Engine())  # type: ignore[arg-type]
    assert codes(found) == [("artefact-gone", "gone")]
    # whoever lacks the log-in is told that there is nothing
    hidden = record(conda=(good("gone", auth="token"),))
    found = check(hidden, online=True, engine=Engine())  # type: ignore[arg-type]
    assert ("channel-not-reached", "conda.anaconda.org") in codes(found)
    assert ("artefact-gone", "gone") not in codes(found)


def test_without_anybody_to_ask_channels_the_rest_is_told() -> None:
    asked = record(conda=(good("six", channel="file:///srv/chan"), good("there")))
    nobody = EngineError("nothing on this machine can make conda environments", "Install one.")
    found = check(asked, online=True, engine=nobody)
    assert codes(found) == [("local-channel", "file:///srv/chan"), ("channels-not-asked", "conda")]
    assert "nothing on this machine can make conda environments" in found[1].fact
    assert found[1].remedy == "Install one."


def test_a_server_that_a_record_from_elsewhere_names_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from envkeep.checking import folders, pip_part

    def asked(path: object) -> bool:
        raise AssertionError(path)

    monkeypatch.setattr(folders, "is_folder", asked)
    monkeypatch.setattr(pip_part, "is_file", asked)
    folder = Origin(kind="directory", url="file://server/share/lab", editable=True, commit="1" * 40)
    wheel = Origin(kind="archive", url="file://server/share/x-1.0-py3-none-any.whl")
    assert of_pip(dist("lab", origin=folder), dist("x", origin=wheel)) == [("missing-folder", "lab"), ("local-file", "x")]
    with pytest.raises(AssertionError, match="server"):
        check(record(distributions=(dist("lab", origin=folder),)), prefix=tmp_path)
