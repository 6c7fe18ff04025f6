from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from envkeep.errors import BadFormatError
from envkeep.formats import pixi_lock
from envkeep.formats.load import load_file
from envkeep.model.specification import Specification

if TYPE_CHECKING:
    from pathlib import Path

    from support.channel import Channel

rattler = pytest.importorskip("rattler")


@pytest.fixture(scope="module")
def lock(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pixi.lock as py-rattler writes it: two conda packages, one Python package from an index and one from a folder."""
    platform = rattler.lock.LockPlatform(channel.subdir)
    made = rattler.LockFile([platform])
    made.set_channels("default", [rattler.lock.LockChannel(channel.main)])

    async def records() -> Any:
        return await rattler.solve(
            sources=[rattler.Channel(channel.main)],
            specs=[rattler.MatchSpec("six"), rattler.MatchSpec("idna")],
            platforms=[rattler.Subdir(channel.subdir), rattler.Subdir("noarch")],
            gateway=rattler.Gateway(),
            virtual_packages=rattler.VirtualPackage.detect(),
        )

    for record in asyncio.run(records()):
        made.add_conda_package("default", platform, record)
    url = "https://files.pythonhosted.org/packages/emoji-2.14.0-py3-none-any.whl"
    made.add_pypi_package("default", platform, "emoji", "2.14.0", url)
    path = tmp_path_factory.mktemp("pixi") / "pixi.lock"
    made.to_path(path)
    return path


def test_the_default_environment_of_this_platform(lock: Path, channel: Channel) -> None:
    found = load_file(lock)
    assert isinstance(found, Specification)
    assert {"six", "idna", "python"} <= {item.name for item in found.artefacts}
    assert all(item.url and item.sha256 and item.md5 for item in found.artefacts)
    assert found.python in channel.python_versions
    assert [item.name for item in found.requirements] == ["emoji"]
    assert found.subdir == channel.subdir
    assert found.refused == ()


def test_another_platform_and_nonsense(lock: Path) -> None:
    with pytest.raises(BadFormatError, match="and not for zos-z"):
        pixi_lock.read(lock.read_bytes(), "pixi.lock", "zos-z")
    with pytest.raises(BadFormatError, match=r"pixi\.lock is no pixi\.lock"):
        pixi_lock.read(b"version: 6\nenvironments: 3\npackages: []\n", "pixi.lock", "linux-64")
