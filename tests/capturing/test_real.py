"""A real conda environment that pip has had its hands on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from support.listed import listed_as_captured
from support.pips import pip
from support.projects import make_git_repo, make_project
from support.trees import snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeEnv
    from envkeep.model.record import Record
    from support.channel import Channel, Index

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the suite's channel is made on POSIX")


@pytest.fixture(scope="module")
def prefix(make_env: MakeEnv, channel: Channel, index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_env([f"python={channel.older_python}", "pip", "setuptools", "wheel", "six<1.17", "rich", "labpost"], name="messy")


@pytest.fixture(scope="module")
def clean(prefix: Path) -> Record:
    return listed_as_captured(prefix, capture(prefix))


@pytest.fixture(scope="module")
def messy(clean: Record, prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    projects = tmp_path_factory.mktemp("projects")
    repository = make_git_repo(projects / "labvcs", "labvcs", "1.2.3")
    project = make_project(projects / "lab edit", "lab-edit", "0.4")
    git = f"git+{repository.as_uri()}"
    # from the index, a folder, a repository; six over conda's
    pip(prefix, "install", "-q", "--no-build-isolation", "labindex==1.0", "six==1.17.0", "-e", project, git)
    pip(prefix, "uninstall", "-q", "-y", "rich")
    # the version that conda put there, once more
    wheel = next(package.version for package in clean.conda if package.name == "wheel")
    pip(prefix, "install", "-q", "--force-reinstall", "--no-deps", f"wheel=={wheel}")
    before = snapshot(prefix)
    record = listed_as_captured(prefix, capture(prefix))
    assert snapshot(prefix) == before
    return record


def test_what_conda_made_is_condas(clean: Record, channel: Channel) -> None:
    assert clean.pip == ()
    assert clean.problems == ()
    assert clean.python is not None
    assert clean.python.source == "interpreter"
    assert clean.python.version == channel.older_python
    assert {found.conda_package for found in clean.distributions} >= {"six", "rich", "pip", "setuptools", "wheel"}
    assert all(found.origin is None for found in clean.distributions)
    assert clean.environment.subdir == channel.subdir
    assert {"six[version='<1.17']", "rich", "labpost"} < set(clean.requested.specs)
    assert not clean.requested.inferred


def test_packages_have_what_a_rebuild_without_a_solve_needs(clean: Record) -> None:
    for package in clean.conda:
        assert package.url
        assert package.sha256
        assert package.size
        assert package.fn == package.url.rpartition("/")[2]
        assert package.channel.startswith("file://")
    by_name = {package.name: package for package in clean.conda}
    assert by_name["labpost"].link_scripts == ("post-link", "pre-unlink")
    assert by_name["rich"].noarch == "python"
    assert any(spec.startswith("python") for spec in by_name["rich"].depends)


def test_pips_packages_and_their_origins(messy: Record) -> None:
    found = {distribution.name: distribution for distribution in messy.pip}
    assert set(found) == {"labindex", "lab-edit", "labvcs", "six", "wheel"}
    assert found["labindex"].origin is None
    assert found["labindex"].installer == "pip"
    assert found["labindex"].requested
    assert found["labindex"].content
    edit, vcs = found["lab-edit"].origin, found["labvcs"].origin
    assert edit is not None
    assert edit.editable
    assert "lab%20edit" in edit.url
    assert vcs is not None
    assert vcs.vcs == "git"
    assert len(vcs.commit or "") == 40


def test_what_pip_did_to_condas_packages(messy: Record) -> None:
    altered = {package.name: package.altered for package in messy.conda if package.altered}
    assert altered == {"six": "overwritten", "wheel": "overwritten", "rich": "removed"}
    assert {(problem.code, problem.package) for problem in messy.problems} == {
        ("clobbered", "six"),
        ("clobbered", "wheel"),
        ("removed-package", "rich"),
    }


def test_a_copy_of_another_time_is_read_the_same(clean: Record, messy: Record, prefix: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(prefix, copy, symlinks=True)
    # as after a checkout or an unpacking that keeps no times: every distribution is newer than its record
    for folder in copy.glob("lib/python*/site-packages/*.dist-info"):
        os.utime(folder)
    found = capture(copy, start_python=False)
    assert found.distributions == messy.distributions
    assert found.conda == messy.conda
