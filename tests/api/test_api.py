"""The names that ``import envkeep`` gives, on real environments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import envkeep
from envkeep.errors import NotAnEnvironmentError, TargetExistsError, UnknownBackupError, UsageError
from envkeep.model.record import Record
from envkeep.model.specification import Specification
from support.prefixes import conda_prefix, install

if TYPE_CHECKING:
    from conftest import MakeEnv


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return conda_prefix(tmp_path / "envs" / "lab", "zlib=1.3=h0")


def test_ten_names_with_docstrings_and_nothing_loaded_before_it_is_used() -> None:
    assert len(envkeep.__all__) <= 10
    for name in envkeep.__all__:
        assert getattr(envkeep, name).__doc__, name
        assert name in dir(envkeep)
    code = "import sys; before = set(sys.modules); import envkeep; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith("envkeep")] == ["envkeep"]
    with pytest.raises(AttributeError, match="no attribute 'bakup'"):
        _ = envkeep.bakup  # type: ignore[attr-defined]


def test_the_names_are_what_type_checkers_see() -> None:
    # the lazy table and the imports for type checkers are two lists of one thing
    source = Path(envkeep.__file__).read_text(encoding="utf-8")
    for name in envkeep.__all__:
        value = getattr(envkeep, name)
        place = f"from {value.__module__} import "
        assert any(line.strip().startswith(place) and name in line for line in source.splitlines()), name


def test_capture_is_of_the_running_environment_by_default() -> None:
    record = envkeep.capture()
    assert isinstance(record, envkeep.Record)
    assert record.environment.prefix == sys.prefix
    assert "pytest" in {dist.name for dist in record.distributions}


def test_capture_of_no_environment(tmp_path: Path) -> None:
    with pytest.raises(NotAnEnvironmentError):
        envkeep.capture(tmp_path)


def test_export_of_an_environment_as_it_is_now(home: Path, prefix: Path) -> None:
    whole = envkeep.capture(prefix)
    assert envkeep.export(prefix=prefix) == envkeep.export(whole)
    before = envkeep.export(format="requirements", prefix=prefix)
    assert before == envkeep.export(whole, "requirements")
    assert not list(home.glob("environments/*"))
    kept = envkeep.backup(prefix)
    assert kept is not None
    assert kept.kept is not None
    assert envkeep.export(format="requirements", prefix=prefix) == before
    (prefix / "lib" / "python3.12" / "site-packages" / "six-1.0.dist-info").mkdir(parents=True)
    metadata = prefix / "lib" / "python3.12" / "site-packages" / "six-1.0.dist-info" / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: six\nVersion: 1.0\n\n")
    assert "six==1.0" in envkeep.export(format="requirements", prefix=prefix).splitlines()
    with pytest.raises(UsageError, match="only one can be exported"):
        envkeep.export(whole, prefix=prefix)


def test_load_a_backup_and_a_file(home: Path, prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    envkeep.backup(prefix)
    record = envkeep.load("lab@latest")
    assert isinstance(record, Record)
    assert [package.name for package in record.conda] == ["zlib"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latest").write_text("six==1.16.0\n")
    listed = envkeep.load(Path("latest"))
    assert isinstance(listed, Specification), "a Path is a file though it is called as a selector is"
    assert envkeep.load("latest") == record, "the only one that is stored"
    with pytest.raises(UnknownBackupError):
        envkeep.load("lab@nosuch")


def test_without_an_environment_the_running_ones_backups_are_meant(home: Path, prefix: Path) -> None:
    envkeep.backup(prefix)
    envkeep.backup()
    loaded = envkeep.load()
    assert isinstance(loaded, Record)
    assert loaded.environment.prefix == sys.prefix


def test_homes_are_apart(home: Path, prefix: Path, tmp_path: Path) -> None:
    envkeep.backup(prefix, home=tmp_path / "other")
    assert isinstance(envkeep.load("lab@latest", home=tmp_path / "other"), Record)
    with pytest.raises(envkeep.EnvkeepError):
        envkeep.load("lab@latest")


def test_diff(home: Path, prefix: Path) -> None:
    envkeep.backup(prefix)
    assert not envkeep.diff("lab@latest", envkeep.capture(prefix))
    install(prefix, "libpng=1.6=h1")
    assert "+ libpng 1.6" in [change.line()[:12] for change in envkeep.diff("lab@latest", envkeep.capture(prefix))]
    assert envkeep.diff(envkeep.capture(prefix)), "held against the running environment"


def test_export(prefix: Path) -> None:
    record = envkeep.capture(prefix)
    assert "zlib=1.3=h0" in envkeep.export(record)
    assert "@EXPLICIT" in envkeep.export(record, "explicit")
    with pytest.raises(UsageError):
        envkeep.export(record, "nosuch")  # type: ignore[arg-type]


def test_plan_restore_verify(home: Path, make_env: MakeEnv, tmp_path: Path) -> None:
    prefix = make_env(["libfoo", "labtool"], name="small")
    envkeep.backup(prefix)
    target = tmp_path / "new"
    plan = envkeep.plan("small@latest", target)
    assert plan.target == str(target)
    assert not target.exists()
    result = envkeep.restore(plan)
    assert result.as_asked
    assert result.verification.exact
    assert envkeep.verify("small@latest", target).exact
    assert not envkeep.verify(envkeep.capture(), target).exact
    with pytest.raises(TargetExistsError):
        envkeep.plan("small@latest", target)


def test_a_plan_follows_the_settings(home: Path, prefix: Path, tmp_path: Path) -> None:
    pytest.importorskip("rattler")
    (home / ".envkeep").mkdir()
    (home / ".envkeep" / "config.toml").write_text('[restore]\nengine = "micromamba"\n')
    envkeep.backup(prefix)
    with pytest.raises(envkeep.EnvkeepError, match="micromamba is not on this machine"):
        envkeep.plan("lab@latest", tmp_path / "new")
