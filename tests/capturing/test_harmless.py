"""A capture never harms, never hangs, and never ends in a traceback."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envkeep.capturing.capture import capture
from envkeep.errors import NotAnEnvironmentError, UnreadableEnvironmentError
from envkeep.model.record import Record
from support.listed import listed_as_captured
from support.rights import not_root
from support.trees import snapshot
from support.wild_prefixes import wild_conda, wild_venv

CAPTURES = Path(__file__).parents[1] / "data" / "captures"


def test_no_byte_and_no_mtime_changes(tmp_path: Path) -> None:
    import venv

    prefix = wild_conda(tmp_path / "e")
    prefix.python("3.11.7")
    venv.create(tmp_path / "v", symlinks=os.name != "nt", with_pip=False)
    shutil.copytree(CAPTURES / "full" / "prefix", tmp_path / "full")
    before = snapshot(tmp_path)
    for folder in ("e", "v", "full"):
        capture(tmp_path / folder)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("kind", ["missing", "empty", "file", "other", "dangling", "loop", "below a file"])
def test_what_is_no_environment_gives_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "empty":
        path.mkdir()
    elif kind == "file":
        path.write_text("x")
    elif kind == "other":
        (path / "conda-meta").mkdir(parents=True)
        (path / "README").write_text("x")
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_text("x")
        path = path / "env"
    with pytest.raises(NotAnEnvironmentError) as caught:
        capture(path, environ={})
    assert str(path) in caught.value.fact
    assert "\n" not in caught.value.fact
    assert caught.value.remedy
    if kind == "other":
        assert "its conda-meta holds neither a history nor a record" in caught.value.fact


@not_root
def test_a_prefix_that_may_not_be_read(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.path.chmod(0)
    try:
        with pytest.raises(NotAnEnvironmentError):
            capture(prefix.path, environ={})
    finally:
        prefix.path.chmod(0o755)


def test_links_that_go_round(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    site = prefix.path / prefix.site
    site.mkdir(parents=True)
    (site / "loop-1.0.dist-info").symlink_to("loop-1.0.dist-info")
    (site / "up-1.0.dist-info").symlink_to(prefix.path)
    (site / "self").symlink_to(".")
    (prefix.path / "lib" / "python3.1").symlink_to("python3.1")
    (prefix.path / "conda-meta" / "state").symlink_to("state")
    (prefix.path / "conda-meta" / "pinned").symlink_to("pinned")
    record = capture(prefix.path, start_python=False, environ={})
    assert record.distributions == ()
    codes = {"unreadable-metadata", "leftover-distribution", "unreadable-state", "unreadable-pinned"}
    assert {problem.code for problem in record.problems} == codes


def test_pipes_do_not_block(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    folder = prefix.dist("six")
    for path in (folder / "direct_url.json", folder / "WHEEL", prefix.path / "conda-meta" / "pinned", prefix.path / "pip.conf"):
        os.mkfifo(path)
    (folder / "METADATA").unlink()
    os.mkfifo(folder / "METADATA")
    record = capture(prefix.path, start_python=False, environ={})
    assert [found.name for found in record.distributions] == ["six"]


def test_a_prefix_that_vanishes_while_read(tmp_path: Path) -> None:
    for turn in range(4):
        prefix = wild_conda(tmp_path / f"e{turn}")
        prefix.python()
        for number in range(150):
            prefix.dist(f"dist{number}", conda=f"package{number}" if number % 2 else None)
        remover = threading.Thread(target=shutil.rmtree, args=(prefix.path,), kwargs={"ignore_errors": True})
        remover.start()
        time.sleep(0.002 * turn)
        try:
            record = capture(prefix.path, start_python=False, environ={})
            assert isinstance(record, Record)
        except NotAnEnvironmentError:
            # the other way it may end
            pass
        finally:
            remover.join()


def test_many_packages(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    for number in range(3000):
        (prefix.path / "conda-meta" / f"p{number}-1.0-0.json").write_text(
            f'{{"name": "p{number}", "version": "1.0", "build": "0"}}'
        )
    start = time.perf_counter()
    assert len(capture(prefix.path, start_python=False, environ={}).conda) == 3001
    # linear: 50,000 take a few seconds
    assert time.perf_counter() - start < 10


def test_a_record_of_200_megabytes_is_named_unread(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    huge = prefix.path / "conda-meta" / "huge-1.0-0.json"
    with huge.open("wb") as file:
        file.truncate(200 << 20)
    record = capture(prefix.path, start_python=False, environ={})
    assert [found.spec for found in record.conda] == ["huge=1.0=0"]
    assert "210 MB" in record.problems[0].message


def test_the_file_lists_cost_no_memory_to_speak_of(tmp_path: Path) -> None:
    import tracemalloc

    prefix = wild_conda(tmp_path / "e")
    files = [f"lib/python3.12/site-packages/big/module{number}.py" for number in range(20_000)]
    paths = {"paths": [{"_path": file, "sha256": "0" * 64} for file in files], "paths_version": 1}
    path = prefix.record("big", files=files, paths_data=paths)
    size = path.stat().st_size
    tracemalloc.start()
    capture(prefix.path, start_python=False, environ={})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # decoded whole it would be several times the file
    assert peak < 3 * size


_BYTES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [b"{", b"[]", b"null", b"Name: x\nVersion: 1\n", b'{"url": 1}', b'{"url": "x", "vcs_info": []}', b"a,b,c\n", b'"']
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["METADATA", "RECORD", "WHEEL", "INSTALLER", "direct_url.json"]), _BYTES),
    _BYTES,
    _BYTES,
    _BYTES,
)
def test_any_content_is_read(tmp_path: Path, files: dict[str, bytes], record: bytes, state: bytes, history: bytes) -> None:
    root = tmp_path / "any"
    shutil.rmtree(root, ignore_errors=True)
    prefix = wild_conda(root)
    prefix.python()
    folder = prefix.path / prefix.site / "some_dist-1.0.dist-info"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (prefix.path / "conda-meta" / "b-1.0-0.json").write_bytes(record)
    (prefix.path / "conda-meta" / "state").write_bytes(state)
    (prefix.path / "conda-meta" / "history").write_bytes(history)
    found = listed_as_captured(prefix.path, capture(prefix.path, start_python=False, environ={}), {})
    assert {package.name for package in found.conda} >= {"python"}
    assert all(problem.message and "\n" not in problem.message for problem in found.problems)
    assert len(found.distributions) == ("METADATA" in files)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    ["build_number", "channel", "url", "subdir", "fn", "md5", "size", "timestamp", "depends", "noarch", "files", "track_features"]
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(_FIELDS, _VALUES))
def test_any_field_of_a_record_is_taken(tmp_path: Path, fields: dict[str, Any]) -> None:
    root = tmp_path / "any"
    shutil.rmtree(root, ignore_errors=True)
    prefix = wild_conda(root)
    prefix.record("a", **fields)
    (found,) = capture(prefix.path, start_python=False, environ={}).conda
    assert found.spec == "a=1.0=0"
    assert isinstance(found.channel, str)
    assert all(isinstance(text, str) for text in (*found.depends, *found.track_features))
    assert found.size is None or found.size >= 0


def test_twenty_kinds_of_secret_stay_in_the_variables(tmp_path: Path) -> None:
    secret = "S3CR3Tabcdefghij0123456789"
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.record("a", url=f"https://host/t/{secret}/c/linux-64/a-1.0-0.conda", channel=f"https://host/t/{secret}/c/linux-64")
    prefix.record("b", url=f"https://u:{secret}@host/c/linux-64/b-1.0-0.conda", channel=f"https://u:{secret}@host/c")
    prefix.record("c", url=f"https://host/c/linux-64/c-1.0-0.conda?token={secret}", depends=[f"https://u:{secret}@host/c::a"])
    prefix.record("d", url=f"s3://{secret}:{secret}@bucket/linux-64/d-1.0-0.conda", channel=...)
    for number, url in enumerate(
        [
            f"https://u:{secret}@host/r.git",
            f"https://{secret}@host/r.git",
            f"ssh://git:{secret}@host/r.git",
            f"https://host/x-1.0.whl?sig={secret}",
            f"https://host/x-1.0.whl#access_token={secret}",
            f"https://dl.cloudsmith.io/{secret}/o/r/x-1.0.whl",
        ]
    ):
        vcs = '"vcs_info": {"vcs": "git", "commit_id": "abc"}' if number < 3 else '"archive_info": {}'
        prefix.dist(f"dist{number}", direct_url=f'{{"url": "{url}", {vcs}}}', requires=(f"x @ https://u:{secret}@host/x.whl",))
    checkout = tmp_path / "project"
    (checkout / ".git").mkdir(parents=True)
    (checkout / ".git" / "HEAD").write_text("a" * 40)
    (checkout / ".git" / "config").write_text(f'[remote "origin"]\n\turl = https://u:{secret}@host/p.git\n')
    prefix.dist("edit", direct_url=f'{{"url": "{checkout.as_uri()}", "dir_info": {{"editable": true}}}}')
    prefix.history(
        f"==> 2024-01-01 00:00:00 <==\n# cmd: conda install -c https://u:{secret}@host/c -c https://host/t/{secret}/c a\n"
        f"+https://host/t/{secret}/c/linux-64::a-1.0-0\n# update specs: ['https://u:{secret}@host/c::a']\n"
    )
    (prefix.path / "conda-meta" / "pinned").write_text(f"https://u:{secret}@host/c::a\n")
    (prefix.path / "pip.conf").write_text(
        f"[global]\nindex-url = https://u:{secret}@host/simple\nextra-index-url = https://{secret}@h/s\n"
    )
    (prefix.path / ".condarc").write_text(f"channels: ['https://u:{secret}@host/c', 'https://host/t/{secret}/d']\n")
    (prefix.path / "conda-meta" / "state").write_text(f'{{"env_vars": {{"HF_TOKEN": "{secret}"}}}}')
    environ = {"PIP_EXTRA_INDEX_URL": f"https://u:{secret}@host/extra", "UV_INDEX": f"lab=https://u:{secret}@host/uv"}
    record = capture(prefix.path, start_python=False, environ=environ)
    assert record.variables == (("HF_TOKEN", secret),)
    assert len(record.index_urls) == 4
    assert record.channels == ("https://host/c", "https://host/d")
    assert secret not in repr(dataclasses.replace(record, variables=()))


def test_a_venv_is_read_without_its_python(tmp_path: Path) -> None:
    prefix = wild_venv(tmp_path / "v", "home = /nowhere\nversion = 3.12.1\nprompt = 'lab tools'\n")
    prefix.dist("six")
    record = capture(prefix.path, environ={})
    assert record.environment.name == "lab tools"
    assert [found.name for found in record.pip] == ["six"]
    assert record.python is not None
    assert (record.python.version, record.python.build_text, record.python.source) == ("3.12.1", "3.12.1", "pyvenv.cfg")
    assert [problem.code for problem in record.problems] == ["python-not-started"]


def test_half_a_surrogate_pair_is_written_as_something_else(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.record("a", license="x\ud800y")
    (prefix.path / "conda-meta" / "state").write_text('{"env_vars": {"A\\ud800": "\\udfff"}}')
    prefix.history("==> x <==\n# cmd: conda\n# update specs: ['a', 'b\\ud800']\n")
    try:
        folder = prefix.path / prefix.site / os.fsdecode(b"odd\xff-1.0.dist-info")
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text("")
        (prefix.path / "conda-meta" / os.fsdecode(b"odd\xff-1-0.json")).write_text("")
    except OSError:
        pass  # macOS and Windows have no such names
    record = capture(prefix.path, start_python=False, environ={})
    assert repr(record).isascii() or repr(record).encode("utf-8")
    assert record.variables == (("A?", "?"),)
    assert "\\ud" not in repr(record)
    assert "\\udc" not in ascii(record)


def _refuse_to_list(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    # as the system does where permissions forbid it, which root never sees
    def refusing(really: Any) -> Any:
        def listed(path: Any = ".") -> Any:
            if Path(path) == folder:
                raise PermissionError(13, "Permission denied", str(path))
            return really(path)

        return listed

    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    monkeypatch.setattr(os, "listdir", refusing(os.listdir))


@pytest.mark.parametrize("unlisted", ["conda-meta", "lib", "lib/python3.12/site-packages"])
def test_a_folder_that_cannot_be_listed_is_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unlisted: str) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("six")
    (prefix.path / "conda-meta" / "history").unlink()
    (prefix.path / "pyvenv.cfg").write_text("version = 3.12.1\n")
    _refuse_to_list(monkeypatch, prefix.path / unlisted)
    with pytest.raises(UnreadableEnvironmentError) as caught:
        capture(prefix.path, start_python=False, environ={})
    assert f"{prefix.path / unlisted} cannot be listed: Permission denied" in caught.value.fact


@pytest.mark.parametrize("nth", range(4))
def test_a_site_packages_that_cannot_be_looked_at_once_is_never_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("six")
    whole = capture(prefix.path, start_python=False, environ={})
    folder = prefix.path / "lib" / "python3.12" / "site-packages"
    really, looks = os.stat, iter(range(1000))

    def stat(path: Any, **more: Any) -> os.stat_result:
        if not isinstance(path, int) and Path(path) == folder and next(looks) == nth:
            raise OSError(5, "Input/output error", str(path))
        return really(path, **more)

    monkeypatch.setattr(os, "stat", stat)
    # told, or looked at again
    with suppress(UnreadableEnvironmentError):
        record = capture(prefix.path, start_python=False, environ={})
        assert [dist.name for dist in record.distributions] == [dist.name for dist in whole.distributions]


@not_root
def test_a_conda_meta_that_may_not_be_read(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    (prefix.path / "conda-meta").chmod(0)
    try:
        with pytest.raises(UnreadableEnvironmentError):
            capture(prefix.path, start_python=False, environ={})
    finally:
        (prefix.path / "conda-meta").chmod(0o755)


_NASTY = "x\n\x1b[31m\x9b\u2028\u202e\x7fy"


def test_nothing_that_commands_a_terminal_gets_into_a_record(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    for key in ("license", "subdir", "noarch", "channel", "url", "fn", "python_site_packages_path"):
        fields: dict[str, Any] = {key: _NASTY}
        prefix.record(key.replace("_", "-"), **fields)
    # as it is, not escaped
    raw = prefix.record("raw", depends=["DEPENDS"])
    raw.write_text(raw.read_text().replace("DEPENDS", "a\x7f\x9b\u202eb"), "utf-8")
    prefix.dist(
        "six", metadata=f"Name: six{_NASTY[2:]}\nVersion: 1{_NASTY[2:]}\nRequires-Dist: a{_NASTY[2:]}\n", installer=_NASTY[2:]
    )
    (prefix.path / prefix.site / "six-1.0.dist-info" / "WHEEL").write_text(f"Tag: py3{_NASTY[2:]}\n", "utf-8")
    (prefix.path / "conda-meta" / "pinned").write_text(f"a{_NASTY[2:]}\n", "utf-8")
    (prefix.path / "conda-meta" / "state").write_text('{"env_vars": {"A\\u001b": "two\\nlines"}}')
    prefix.history(f"==> x{_NASTY[2:]} <==\n# cmd: conda{_NASTY[2:]}\n+a{_NASTY[2:]}\n# update specs: ['a{_NASTY[2:]}']\n")
    with contextlib.suppress(OSError):  # Windows has no such names
        (prefix.path / "conda-meta" / "odd\x1b[31m-1-0.json").write_text("")
        (prefix.path / "conda-meta" / "new\nline-1-0.json").write_text("")
    record = capture(prefix.path, start_python=False, environ={})
    # a value may have lines
    assert record.variables == (("A?", "two\nlines"),)
    shown = repr(dataclasses.replace(record, variables=(), environment=dataclasses.replace(record.environment, prefix="")))
    # repr escapes what is not printable
    assert [text for text in ("\\x1b", "\\n", "\\x9b", "\\x7f", "\\u20") if text in shown] == []


def test_an_origin_that_commands_a_terminal_is_none(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    prefix.python()
    prefix.dist("six", direct_url='{"url": "https://host/\\u001b[31mx.whl", "archive_info": {}}')
    record = capture(prefix.path, start_python=False, environ={})
    assert [found.origin for found in record.pip] == [None]
    assert [problem.code for problem in record.problems] == ["unreadable-origin"]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such names")
def test_a_prefix_whose_path_is_no_text(tmp_path: Path) -> None:
    prefix = wild_conda(tmp_path / "e")
    path = tmp_path / os.fsdecode(b"odd\xff")
    try:
        prefix.path.rename(path)
    except OSError:
        pytest.skip("nor does this system")
    with pytest.raises(UnreadableEnvironmentError) as caught:
        capture(path, start_python=False, environ={})
    assert caught.value.fact.encode()
