from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.engines.network import Network
from envkeep.restoring.engine import read_network

if TYPE_CHECKING:
    from pathlib import Path

_CONDARC = """\
channel_alias: https://conda.lab.example
custom_channels:
  lab: https://${LAB_TOKEN}@h.example/conda
default_channels:
  - https://m.example/main
custom_multichannels:
  all: [lab, conda-forge]
mirrored_channels:
  conda-forge: [https://one.example/cf]
proxy_servers:
  https: http://proxy.example:3128
ssl_verify: lab.pem
"""


def test_a_condarc_is_read_as_conda_reads_it(tmp_path: Path) -> None:
    (tmp_path / "lab.pem").touch()
    (tmp_path / ".condarc").write_text(_CONDARC)
    assert read_network({"HOME": str(tmp_path), "LAB_TOKEN": "me:pw"}) == Network(
        alias="https://conda.lab.example",
        custom={"lab": "https://me:pw@h.example/conda"},
        multi={"defaults": ("https://m.example/main",), "all": ("lab", "conda-forge")},
        mirrors={"conda-forge": ("https://one.example/cf",)},
        proxies={"https": "http://proxy.example:3128"},
        certificates=str(tmp_path / "lab.pem"),
    )


def test_the_file_read_later_and_the_variable_count(tmp_path: Path) -> None:
    (tmp_path / ".condarc").write_text("channel_alias: https://a.example\nproxy_servers: {http: http://p.example}\n")
    (tmp_path / "mine").write_text("channel_alias: https://b.example\nssl_verify: false\n")
    environ = {"HOME": str(tmp_path), "CONDARC": str(tmp_path / "mine")}
    assert read_network(environ) == Network(alias="https://b.example", proxies={"http": "http://p.example"})
    assert read_network({**environ, "CONDA_CHANNEL_ALIAS": "https://c.example"}).alias == "https://c.example"


def test_nonsense_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / ".condarc").write_text("channel_alias: [1]\ncustom_channels: 3\nproxy_servers: no\nmirrored_channels: {a: 1}\n")
    assert read_network({"HOME": str(tmp_path)}) == Network(mirrors={"a": ()})
