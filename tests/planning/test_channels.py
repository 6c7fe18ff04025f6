from __future__ import annotations

from dataclasses import replace

import pytest

from envkeep.errors import UsageError
from envkeep.model.specification import Specification
from envkeep.planning.channels import choose_channels, remapping
from envkeep.planning.facts import LocalFacts
from support.records import conda, record

HERE = LocalFacts(subdir="linux-64", condarc_channels=("bioconda", "defaults"))
FILE = Specification(source="x.txt", python="3.11.7")


def test_the_options_come_first() -> None:
    source = record(conda=(conda("six", channel="bioconda"),))
    assert choose_channels(source, ["https://conda.anaconda.org/conda-forge/"], HERE, {}) == (("conda-forge",), "the options")


def test_a_record_names_what_was_configured_then_what_it_used_most() -> None:
    packages = (conda("a", channel="conda-forge"), conda("b", channel="conda-forge"), conda("c", channel="bioconda"))
    source = record(conda=packages, channels=("defaults", "file:///srv/chan"))
    # defaults was configured, and nothing was taken from it
    assert choose_channels(source, (), HERE, {}) == (("file:///srv/chan", "conda-forge", "bioconda"), "the record")


def test_remap_applies_to_the_source_and_not_to_the_options() -> None:
    source = record(conda=(conda("six", channel="defaults"),))
    mapping = remapping({"pkgs/main": "conda-forge"})
    assert choose_channels(source, (), HERE, mapping)[0] == ("conda-forge",)
    assert choose_channels(source, ["defaults"], HERE, mapping)[0] == ("defaults",)


def test_a_file_without_channels_takes_those_of_the_settings_before_condarcs() -> None:
    here = replace(HERE, configured_channels=("conda-forge", "main"))
    assert choose_channels(FILE, (), here, {"main": "mirror"}) == (("conda-forge", "mirror"), "the settings")
    assert choose_channels(FILE, ("bioconda",), here, {}) == (("bioconda",), "the options")
    named = replace(FILE, channels=("nvidia",))
    assert choose_channels(named, (), here, {}) == (("nvidia",), "the file")


def test_a_file_without_channels_takes_condarcs_else_conda_forge_and_never_defaults_unasked() -> None:
    assert choose_channels(FILE, (), HERE, {}) == (("bioconda", "defaults"), "condarc")
    assert choose_channels(FILE, (), LocalFacts(subdir="linux-64"), {}) == (("conda-forge",), "envkeep")


@pytest.mark.parametrize("text", ["", "--override-channels", "a\nb"])
def test_what_is_no_channel_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        choose_channels(FILE, [text], HERE, {})
