"""conda's, pip's and uv's own settings, as far as a record keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from envkeep.capturing.condarc import read_condarc
from envkeep.capturing.indexes import recorded_indexes


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    (path / ".config" / "pip").mkdir(parents=True)
    (path / ".config" / "uv").mkdir()
    return path


def test_channels_by_priority(tmp_path: Path, home: Path) -> None:
    prefix = tmp_path / "e"
    prefix.mkdir()
    (home / ".condarc").write_text("channels:\n  - conda-forge\n  - https://repo.anaconda.com/pkgs/main\n")
    (prefix / ".condarc").write_text("channels: [file:///srv/lab, conda-forge]\n")
    environ = {"HOME": str(home), "CONDA_CHANNELS": "first,conda-forge"}
    assert read_condarc(prefix, environ).channels == ("first", "conda-forge", "file:///srv/lab", "defaults")
    assert read_condarc(None, {"HOME": str(home)}).channels == ("conda-forge", "defaults")


@pytest.mark.parametrize(
    "text", ["channels: !!python/tuple [a]", "channels: {", "- a", "channels: 3", "channels:\n  - 1\n  - null\n", "\x00["]
)
def test_a_broken_condarc_counts_for_nothing(home: Path, text: str) -> None:
    (home / ".condarc").write_text(text)
    assert read_condarc(None, {"HOME": str(home)}).channels == ()


def test_envs_dirs(tmp_path: Path, home: Path) -> None:
    (home / ".condarc").write_text("envs_dirs:\n  - ~/envs\n  - ${DATA}/envs\n")
    environ = {"HOME": str(home), "DATA": "/data", "CONDA_ENVS_PATH": str(tmp_path)}
    assert read_condarc(None, environ).envs_dirs == (tmp_path, home / "envs", Path("/data/envs"))


def test_indexes_of_pip_and_uv(tmp_path: Path, home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://user:S3CR3T@main/simple\nextra-index-url =\n    https://one/simple\n    https://two/100%25/simple\n"
    )
    (home / ".config" / "uv" / "uv.toml").write_text(
        '[[index]]\nname = "torch"\nurl = "https://torch/whl/cu121"\n[pip]\nextra-index-url = ["https://one/simple"]\n'
    )
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "pip.conf").write_text("[install]\nextra_index_url = https://prefix/simple\n")
    environ = {"HOME": str(home), "UV_INDEX": "lab=https://S3CR3T@lab/simple"}
    found = recorded_indexes(tmp_path / "e", environ)
    assert tuple(found) == (
        "https://main/simple",
        "https://lab/simple",
        "https://prefix/simple",
        "https://one/simple",
        "https://two/100%25/simple",
        "https://torch/whl/cu121",
    )
    assert [url for url, kind in found.items() if kind == "user"] == ["https://main/simple", "https://lab/simple"]


def test_variables_go_first(tmp_path: Path) -> None:
    environ = {
        "PIP_EXTRA_INDEX_URL": "https://b/s https://c/s",
        "PIP_INDEX_URL": "https://a/s",
        "UV_DEFAULT_INDEX": "x=https://d/s",
    }
    assert tuple(recorded_indexes(tmp_path, environ)) == ("https://a/s", "https://d/s", "https://b/s", "https://c/s")
    assert recorded_indexes(tmp_path, {}) == {}


@pytest.mark.parametrize("text", ["index-url", "[global\nindex-url=x", "[global]\nindex-url = not a url\n", "\x00index"])
def test_a_broken_pip_conf_counts_for_nothing(home: Path, text: str) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text(text)
    (home / ".config" / "uv" / "uv.toml").write_text(text)
    assert recorded_indexes(home, {"HOME": str(home)}) == {}
