from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkeep.engines.platforms import conda_overrides
from envkeep.engines.wire import packages_from_wire, packages_to_wire
from envkeep.model.channels import is_subdir
from envkeep.model.platforms import machine_subdir
from envkeep.model.record import CondaPackage

packages = st.builds(
    CondaPackage,
    size=st.none() | st.integers(0),
    depends=st.lists(st.text()).map(tuple),
    link_scripts=st.lists(st.text()).map(tuple),
)


@given(st.lists(packages).map(tuple))
def test_packages_survive_the_wire(found: tuple[CondaPackage, ...]) -> None:
    assert packages_from_wire(json.loads(json.dumps(packages_to_wire(found)))) == found


def test_every_field_of_a_package_reaches_rattler_and_back() -> None:
    pytest.importorskip("rattler")
    from envkeep.engines.rattler_records import from_rattler, to_rattler

    whole = CondaPackage(
        name="python",
        version="3.13.0",
        build="h_101_cp313",
        build_number=101,
        channel="conda-forge",
        subdir="linux-64",
        fn="python-3.13.0-h_101_cp313.conda",
        url="https://conda.anaconda.org/conda-forge/linux-64/python-3.13.0-h_101_cp313.conda",
        md5="0" * 31 + "1",
        sha256="0" * 63 + "2",
        size=5,
        timestamp=1718000000123,
        depends=("b >=1", "a"),
        constrains=("c <2",),
        track_features=("x", "y"),
        features="f",
        python_site_packages_path="lib/python3.13t/site-packages",
        license="Python-2.0",
    )
    assert from_rattler(to_rattler(whole)) == whole
    # what conda-meta records beyond a channel's index
    beyond = {"link_scripts", "altered", "auth", "noarch"}
    assert {each.name for each in fields(whole) if getattr(whole, each.name) == each.default} <= beyond


def test_this_machine_has_a_platform() -> None:
    assert is_subdir(machine_subdir())
    assert conda_overrides(machine_subdir()) == {}
    foreign = "win-64" if machine_subdir() != "win-64" else "osx-arm64"
    assert conda_overrides(foreign)


def test_this_machines_platform_is_rattlers() -> None:
    pytest.importorskip("rattler")
    from rattler.platform import Subdir

    assert machine_subdir() == str(Subdir.current())
