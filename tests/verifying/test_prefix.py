from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkeep.capturing.capture import capture
from envkeep.errors import NotAnEnvironmentError
from envkeep.verifying.prefix import verify_prefix

if TYPE_CHECKING:
    from pathlib import Path

    from support.channel import Channel


@pytest.fixture(scope="module")
def prefix(make_env: object, channel: Channel) -> Path:
    return make_env([f"python={channel.older_python}", "six", "rich"], name="verified")  # type: ignore[operator, no-any-return]


def test_an_environment_is_what_was_recorded_of_it_to_the_last_file(prefix: Path) -> None:
    record = capture(prefix)
    found = verify_prefix(record, prefix, files=True, imports=True)
    assert found.faults == ()
    assert found.exact
    assert found.reached == "exact"


def test_an_altered_file_and_a_broken_import_are_faults(prefix: Path) -> None:
    record = capture(prefix)
    (module,) = prefix.glob("lib/python*/site-packages/six.py")
    before = module.read_bytes()
    # a file that is linked from the cache is not written through
    module.unlink()
    module.write_bytes(b"raise RuntimeError('no')\n")
    try:
        found = verify_prefix(record, prefix, files=True, imports=True)
    finally:
        module.write_bytes(before)
    assert any("six.py of six is altered" in fault for fault in found.faults)
    assert any("`import six` fails: RuntimeError: no" in fault for fault in found.faults)
    assert not found.exact
    assert found.reached is None


def test_a_dependency_that_was_broken_in_the_original_is_no_fault(prefix: Path) -> None:
    record = capture(prefix)
    needy = tuple(replace(item, requires=("nobody-has-this",)) if item.name == "six" else item for item in record.distributions)
    assert verify_prefix(replace(record, distributions=needy), prefix).faults == ()


def test_a_python_that_does_not_start_is_a_fault(make_env: object, channel: Channel) -> None:
    broken = make_env([f"python={channel.older_python}"], name="broken")  # type: ignore[operator]
    record = capture(broken)
    assert record.python is not None
    for path in (broken / "bin").glob("python*"):
        path.unlink()
        path.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
        path.chmod(0o755)
    found = verify_prefix(record, broken)
    assert found.faults == ("its Python does not start: no",)


def test_no_environment_is_one_clear_error(tmp_path: Path, prefix: Path) -> None:
    with pytest.raises(NotAnEnvironmentError):
        verify_prefix(capture(prefix), tmp_path)
