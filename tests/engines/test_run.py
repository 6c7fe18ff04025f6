from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from envkeep.engines.run import quote, run, stream
from envkeep.errors import EngineError

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX process groups")


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def start(how: str, argv: list[str], timeout: float | None = None) -> None:
    if how == "run":
        run(argv, timeout=timeout)
    else:
        stream(argv, lambda line: None, timeout=timeout)


def wait_until_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.02)
    return False


def test_run_returns_status_and_output() -> None:
    done = run(
        python("import sys; print('é'); print('oops', file=sys.stderr); sys.exit(3)"),
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (3, "é", "oops")


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert run(python(r"import sys; sys.stdout.buffer.write(b'a\xffb')")).stdout == "a�b"


def test_standard_input_is_closed() -> None:
    assert run(python("import sys; print(repr(sys.stdin.read()))"), timeout=20).stdout.strip() == "''"


def test_environment_and_folder_are_those_given(tmp_path: Path) -> None:
    env = {**os.environ, "ENVKEEP_PROBE": "x"}
    done = run([sys.executable, "-c", "import os; print(os.environ['ENVKEEP_PROBE'], os.getcwd())"], env=env, cwd=tmp_path)
    assert done.stdout.split() == ["x", str(tmp_path.resolve())]


@pytest.mark.parametrize("argv", [["envkeep-no-such-program"], [os.devnull]])
def test_what_cannot_be_started_is_an_engine_error(argv: list[str]) -> None:
    with pytest.raises(EngineError, match=f"cannot run {argv[0]}"):
        run(argv)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no such folder"):
        run(python("pass"), cwd=tmp_path / "none")


@posix_only
@pytest.mark.parametrize("how", ["run", "stream"])
def test_time_out_kills_the_whole_group(how: str, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"did not end within 1\.5 s"):
        start(how, python(code), timeout=1.5)
    assert time.monotonic() - began < 10
    assert wait_until_gone(int(note.read_text()))


@posix_only
@pytest.mark.parametrize("how", ["run", "stream"])
def test_ctrl_c_lets_the_child_tidy_up(how: str, tmp_path: Path) -> None:
    ready, tidied = tmp_path / "ready", tmp_path / "tidied"
    code = (
        "import time\n"
        "try:\n"
        f"    open({str(ready)!r}, 'w').close()\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        f"    open({str(tidied)!r}, 'w').close()\n"
    )

    def interrupt() -> None:
        while not ready.exists():
            time.sleep(0.02)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        start(how, python(code))
    assert tidied.exists()


def test_stream_passes_lines_on_as_they_come() -> None:
    code = "import sys, time\nfor i in range(3):\n    print(i, flush=True); time.sleep(0.2)\nprint('e', file=sys.stderr)"
    seen: list[tuple[str, float]] = []
    errors: list[str] = []
    done = stream(python(code), lambda line: seen.append((line, time.monotonic())), on_error_line=errors.append)
    assert [line for line, _ in seen] == ["0", "1", "2"]
    assert seen[2][1] - seen[0][1] > 0.25
    assert (errors, done.stdout, done.stderr) == (["e"], "0\n1\n2", "e")


def test_stream_keeps_the_last_lines_only() -> None:
    done = stream(python("for i in range(1000): print(i)"), lambda line: None)
    assert done.stdout.split("\n")[-1] == "999"
    assert len(done.stdout) < 1000


def test_stream_stops_the_program_when_the_reader_fails() -> None:
    def fail(line: str) -> None:
        raise RuntimeError(line)

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="one"):
        stream(python("import time; print('one', flush=True); time.sleep(60)"), fail)
    assert time.monotonic() - began < 10


@posix_only
@pytest.mark.parametrize("how", ["run", "stream"])
def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(how: str) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)'], start_new_session=True)\n"
        "print('x')"
    )
    began = time.monotonic()
    start(how, python(code))
    assert time.monotonic() - began < 15


def test_lines_are_those_that_were_printed_however_they_come() -> None:
    seen: list[str] = []
    code = (
        "import os, time\n"
        "for part in (b'a', b'b\\nc\\rd\\n\\n', b'x' * 200_000, b'\\ny\\n', b'no end'):\n"
        "    os.write(1, part); time.sleep(0.05)"
    )
    stream(python(code), seen.append)
    assert seen == ["ab", "c\rd", "", "x" * 200_000, "y", "no end"]


def test_much_output_on_both_streams_does_not_block() -> None:
    done = run(python("import sys\nfor i in range(20000): print('o' * 50); print('e' * 50, file=sys.stderr)"), timeout=60)
    assert (len(done.stdout.split()), len(done.stderr.split())) == (20000, 20000)


def test_quote_survives_spaces() -> None:
    assert quote(["a b", "c"]) == ("'a b' c" if sys.platform != "win32" else '"a b" c')
