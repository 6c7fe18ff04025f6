from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from envkeep.engines.processes import processes_in
from envkeep.engines.pythons import make_venv

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the system itself refuses")


def test_a_venvs_python_is_found_though_its_program_lies_elsewhere(tmp_path: Path) -> None:
    prefix = tmp_path / "a venv"
    make_venv(Path(sys.executable), prefix, with_pip=False)
    assert processes_in(prefix) == ()
    with subprocess.Popen([prefix / "bin" / "python", "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert [each.pid for each in processes_in(prefix)] == [process.pid]
        # a folder whose name begins alike is another one
        assert processes_in(tmp_path / "a") == ()
        process.communicate(b"\n")
    assert processes_in(prefix) == ()


def test_a_script_of_it_is_found(tmp_path: Path) -> None:
    script = tmp_path / "serve"
    script.write_text("#!/bin/sh\nread line\n")
    script.chmod(0o755)
    with subprocess.Popen([script], stdin=subprocess.PIPE) as process:
        assert [each.pid for each in processes_in(tmp_path)] == [process.pid]
        process.communicate(b"\n")


def test_we_do_not_count() -> None:
    assert os.getpid() not in [each.pid for each in processes_in(Path(sys.prefix))]
