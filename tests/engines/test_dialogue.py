"""A program that is asked, left alone, forgotten, and met by a fork."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from envkeep.engines.dialogue import Dialogue

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


# answers each line with as many lines as it says, counting on
ANSWERING = """
import sys
said = 0
for line in sys.stdin:
    for _ in range(int(line)):
        said += 1
        print(said, flush=True)
"""


def ask(dialogue: Dialogue, number: int) -> list[str]:
    seen: list[str] = []

    def take(line: str) -> bool:
        seen.append(line)
        return len(seen) == number

    assert dialogue.ask(str(number), take) is None
    return seen


def test_a_dialogue_answers_one_request_after_the_other() -> None:
    dialogue = Dialogue(python(ANSWERING))
    assert ask(dialogue, 2) == ["1", "2"]
    assert ask(dialogue, 1) == ["3"]
    assert dialogue.is_open
    dialogue.close()
    dialogue.close()
    assert not dialogue.is_open


def test_a_program_that_ends_in_a_dialogue_is_told_of() -> None:
    dialogue = Dialogue(python("import sys; print(input()); print('oops', file=sys.stderr); sys.exit(3)"))
    seen: list[str] = []

    def take(line: str) -> bool:
        seen.append(line)
        return False

    done = dialogue.ask("hello", take)
    assert done is not None
    assert (seen, done.returncode, done.stderr) == (["hello"], 3, "oops")
    assert not dialogue.is_open


def test_a_dialogue_that_is_forgotten_ends_its_program(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    dialogue = Dialogue(python(f"import sys; sys.stdin.read(); open({str(ended)!r}, 'w').close()"))
    del dialogue
    assert ended.exists()


def test_a_dialogue_whose_reader_fails_is_over() -> None:
    dialogue = Dialogue(python(ANSWERING + "import time; time.sleep(60)"))

    def fail(line: str) -> bool:
        raise RuntimeError(line)

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="1"):
        dialogue.ask("5", fail)
    assert not dialogue.is_open
    assert time.monotonic() - began < 10


def test_a_dialogue_ends_at_once_whatever_its_program_does() -> None:
    dialogue = Dialogue(python("import time; print('up', flush=True); time.sleep(60)"))
    dialogue.ask("", lambda line: line == "up")
    began = time.monotonic()
    dialogue.close(at_once=True)
    assert time.monotonic() - began < 2


@posix_only
def test_a_dialogue_does_not_wait_for_a_daemon_that_its_program_started() -> None:
    daemon = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)'])"
    dialogue = Dialogue(python(f"import subprocess, sys; {daemon}; print('up', flush=True); sys.stdin.read()"))
    dialogue.ask("", lambda line: line == "up")
    began = time.monotonic()
    dialogue.close()
    assert time.monotonic() - began < 4


def test_a_long_request_arrives_whole() -> None:
    dialogue = Dialogue(python("import sys\nfor line in sys.stdin: print(len(line), flush=True)"))
    seen: list[str] = []
    assert dialogue.ask("x" * 5_000_000, lambda line: not seen.append(line)) is None  # type: ignore[func-returns-value]
    assert seen == ["5000001"]
    dialogue.close(at_once=True)


def test_a_program_that_ends_while_it_is_left_alone_is_cleared_away() -> None:
    dialogue = Dialogue(python("input(); print('ended')"))
    process = dialogue._child.process
    dialogue.rest("go")
    deadline = time.monotonic() + 20
    # nobody asks how it is
    while (process.returncode is None or not process.stdin.closed) and time.monotonic() < deadline:  # type: ignore[union-attr]
        time.sleep(0.01)
    assert process.returncode == 0
    assert [pipe.closed for pipe in (process.stdin, process.stdout, process.stderr) if pipe is not None] == [True] * 3
    assert not dialogue.is_open
    ended = dialogue.ask("more", lambda _: True)
    assert ended is None or ended.returncode == 0
    dialogue.close()


# the child does with its copy what is said, and ends as Python does, or at once
FORKING = r"""
import os, sys, time
sys.path.insert(0, sys.argv[1])
from envkeep.engines.dialogue import Dialogue
dialogue = Dialogue([sys.executable, "-c", "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"])
dialogue.ask("up", lambda line: line == "up")
time.sleep(0.2)
child = os.fork()
if child == 0:
    assert not dialogue.is_open
    {deed}
    sys.exit(7)
deadline = time.monotonic() + 20
ended = (0, 0)
while ended[0] == 0 and time.monotonic() < deadline:
    ended = os.waitpid(child, os.WNOHANG)
    time.sleep(0.01)
if ended[0] == 0:
    os.kill(child, 9)
assert os.waitstatus_to_exitcode(ended[1]) == 7, ended
assert dialogue.is_open
seen = []
assert dialogue.ask("still there", lambda line: not seen.append(line)) is None
print(*seen)
"""


@posix_only
@pytest.mark.parametrize(
    "deed", ["pass", "del dialogue", "dialogue.close()", "dialogue.close(at_once=True)", "dialogue.abandon()"]
)
def test_a_fork_neither_ends_nor_awaits_the_program_of_its_parent(deed: str) -> None:
    source = sys.modules["envkeep"].__path__[0]
    argv = [sys.executable, "-W", "ignore", "-c", FORKING.replace("{deed}", deed), f"{source}/.."]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == ("still there\n", 0), done.stderr
