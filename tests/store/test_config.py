from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envkeep.errors import BadConfigError
from envkeep.store import config_sources
from envkeep.store.config import Config, default_config, init_text, load_config
from envkeep.store.config_settings import SETTINGS, environment_variable, shown
from envkeep.store.home import resolve_home


def home_with(folder: Path, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "config.toml").write_bytes(data)
    return folder


def origin(config: Config, name: str) -> str:
    return next(setting.origin for setting in config.settings if setting.name == name)


def refused(home: Path, environ: dict[str, str] | None = None) -> BadConfigError:
    with pytest.raises(BadConfigError) as caught:
        load_config(home, environ or {})
    return caught.value


def test_defaults(tmp_path: Path) -> None:
    config = load_config(tmp_path, {})
    assert (config.keep_backup, config.folder, config.limit) == (True, "environments", 25)
    assert (config.engine, config.installer, config.channels, config.remap) == (None, None, (), ())
    assert config.lock_timeout == 30
    assert {setting.origin for setting in config.settings} == {"default"}


def test_each_layer_stands_above_the_one_before(tmp_path: Path) -> None:
    home = home_with(tmp_path, '# mine\n[backup]\nlimit = 3\n\n[restore]\nengine = "conda"\ninstaller = "uv"\n')
    config = load_config(home, {"ENVKEEP_RESTORE_ENGINE": "mamba", "ENVKEEP_BACKUP_FOLDER": ""}, {"restore.installer": "pip"})
    assert (config.limit, config.engine, config.installer, config.folder) == (3, "mamba", "pip", "environments")
    assert origin(config, "backup.limit") == f"{home / 'config.toml'}:3"
    assert origin(config, "restore.engine") == "ENVKEEP_RESTORE_ENGINE"
    assert origin(config, "restore.installer") == "--installer"
    assert origin(config, "backup.folder") == "default"


def test_lists_and_pairs(tmp_path: Path) -> None:
    home = home_with(
        tmp_path, '[restore]\nchannels = ["conda-forge", "https://example.org/c"]\n[channels.remap]\ndefaults = "conda-forge"\n'
    )
    config = load_config(home, {})
    assert config.channels == ("conda-forge", "https://example.org/c")
    assert config.remap == (("defaults", "conda-forge"),)
    environ = {"ENVKEEP_RESTORE_CHANNELS": "a, b", "ENVKEEP_CHANNELS_REMAP": "x=y,z=w"}
    config = load_config(home, environ, {"channels.remap": {"p": "q"}})
    assert config.channels == ("a", "b")
    assert config.remap == (("p", "q"),)


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    home = home_with(
        tmp_path,
        '[backup]\nlimt = 3\nkeep_backup = "yes"\nlimit = 0\n\n[restor]\nengine = "conda"\n[restore]\nengine = "mambo"\n',
    )
    text = str(refused(home, {"ENVKEEP_STORE_LOCK_TIMEOUT": "soon", "ENVKEEP_BACKUP_LIMTI": "3"}))
    file = home / "config.toml"
    for part in (
        f"{file}:2: key 'limt' of [backup] is unknown. Remove it; did you mean limit?",
        f"{file}:3: backup.keep_backup takes true or false, not the text 'yes'",
        f"{file}:4: backup.limit takes 1 or more, not 0",
        f"{file}:6: table 'restor' is unknown. Remove it; did you mean restore?",
        f"{file}:9: restore.engine takes one of auto, rattler, conda, mamba, micromamba, not 'mambo'",
        "did you mean mamba?",
        "ENVKEEP_STORE_LOCK_TIMEOUT: store.lock_timeout takes a number, not 'soon'",
        "ENVKEEP_BACKUP_LIMTI: is no setting. Unset it; did you mean ENVKEEP_BACKUP_LIMIT?",
    ):
        assert part in text
    assert text.startswith("7 settings are wrong:\n")


@pytest.mark.parametrize(
    "line",
    [
        "limit = 0",
        "limit = -1",
        "limit = true",
        "limit = 2.5",
        'limit = "25"',
        'folder = ""',
        'folder = "."',
        'folder = "../elsewhere"',
        'folder = "~/backups"',
        'folder = "a\\u0000b"',
        "folder = 3",
        "keep_backup = 1",
    ],
)
def test_nonsense_in_backup_is_refused(tmp_path: Path, line: str) -> None:
    error = refused(home_with(tmp_path, f"[backup]\n{line}\n"))
    assert error.fact.startswith(f"{tmp_path / 'config.toml'}:2: backup.")
    assert error.remedy


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[restore]\nchannels = 'conda-forge'\n", "takes a list of channels"),
        ("[restore]\nchannels = ['-y']\n", "takes a channel's name or URL"),
        ("[restore]\nchannels = ['https://u:hunter2@h/c']\n", "holds credentials"),
        ("[channels]\nremap = ['a']\n", "takes pairs of channels"),
        ("[store]\nlock_timeout = nan\n", "0 to 86400 seconds"),
        ("backup = 3\n", "'backup' is a table"),
        ("limit = 3\n", "key 'limit' is unknown"),
        ("[backup\nlimit = 3\n", "is no TOML"),
        ("[backup]\nlimit = 3\nlimit = 4\n", "is no TOML"),
        (b"[backup]\nfolder = '\xff'\n", "is not UTF-8"),
        ("\ufeff[backup]\n".encode("utf-16-le"), "is UTF-16"),
    ],
)
def test_what_is_no_settings_file(tmp_path: Path, text: str | bytes, part: str) -> None:
    error = refused(home_with(tmp_path, text))
    assert part in error.fact
    assert str(tmp_path / "config.toml") in error.fact
    assert "hunter2" not in str(error)


def test_notepads_mark_and_line_ends_are_no_fault(tmp_path: Path) -> None:
    assert load_config(home_with(tmp_path, b"\xef\xbb\xbf[backup]\r\nlimit = 7\r\n"), {}).limit == 7


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    assert "cannot be read" in refused(tmp_path).fact


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("backup.limit = 0", 1),
        ("\nbackup = { limit = 0 }", 2),
        ("[ backup ] # c\n\n'limit' = 0", 3),
        ('x = 1\n[backup]\n"limit"=0', 3),
    ],
)
def test_lines_are_found_in_every_way_to_write_toml(tmp_path: Path, text: str, line: int) -> None:
    assert f"config.toml:{line}: backup.limit takes 1 or more" in str(refused(home_with(tmp_path, text)))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([environment_variable(setting) for setting in SETTINGS]), st.text(max_size=8)))
def test_any_variable_is_a_value_or_one_clear_error(environ: dict[str, str]) -> None:
    message = ""
    try:
        assert load_config(Path("nowhere-at-all"), environ).limit >= 1
    except BadConfigError as error:
        message = error.fact
    assert not message or "ENVKEEP_" in message


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_file_is_settings_or_faults(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data)
    for item in config_sources.from_file(path):
        assert str(path) in (item.where if isinstance(item, config_sources.Fault) else item.origin)


def test_init_text_is_all_defaults_and_every_example_is_taken(tmp_path: Path) -> None:
    text = init_text()
    defaults = load_config(tmp_path, {})
    assert load_config(home_with(tmp_path, text), {}) == defaults
    uncommented = "\n".join(
        line.removeprefix("# example: ") if line.startswith("# example: ") else line for line in text.splitlines()
    )
    config = load_config(home_with(tmp_path, uncommented), {})
    assert "default" not in {setting.origin for setting in config.settings}
    for setting in SETTINGS:
        default = "{}" if setting.key == "remap" else shown(setting.default)
        assert f"# {setting.key} = {default}\n" in text


def test_the_docs_page_names_every_setting() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "config.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        default = "{}" if setting.key == "remap" else shown(setting.default)
        row = f"| `[{setting.table}] {setting.key}` | `{default}` | `{environment_variable(setting)}` | {setting.text} |"
        assert row in page, row


class TestPyMoDAQ:
    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        home = tmp_path / "user" / ".pymodaq"
        (home / "config").mkdir(parents=True)
        # the machine's own file must not reach the test
        files = (tmp_path / "machine" / "utils.toml", home / "config" / "utils.toml")
        monkeypatch.setattr("envkeep.store.config.pymodaq_files", lambda home, environ: files)
        (tmp_path / "machine").mkdir()
        return home

    def test_its_settings_are_honoured_and_ours_stand_above(self, home: Path) -> None:
        file = home / "config" / "utils.toml"
        file.write_text(
            '[general]\ncheck_version = false\n[backup]\nkeep_backup = false\nfolder = "envs"\nlimit = 5\nnew_key = 1\n'
        )
        config = load_config(home, {})
        assert (config.keep_backup, config.folder, config.limit) == (False, "envs", 5)
        assert origin(config, "backup.limit") == f"{file}:6"
        assert load_config(home_with(home, "[backup]\nlimit = 9\n"), {}).limit == 9

    def test_the_users_file_stands_above_the_machines(self, home: Path, tmp_path: Path) -> None:
        (tmp_path / "machine" / "utils.toml").write_text('[backup]\nlimit = 7\nfolder = "all"\n')
        (home / "config" / "utils.toml").write_text("[backup]\nlimit = 8\n")
        config = load_config(home, {})
        assert (config.limit, config.folder) == (8, "all")

    def test_nonsense_in_it_is_named(self, home: Path) -> None:
        (home / "config" / "utils.toml").write_text("[backup]\nlimit = 0\n")
        assert "utils.toml:2: backup.limit takes 1 or more" in str(refused(home))


def test_which_home_is_pymodaqs(tmp_path: Path) -> None:
    assert config_sources.pymodaq_files(tmp_path / ".envkeep", {}) == ()
    machine, mine = config_sources.pymodaq_files(tmp_path / ".pymodaq", {"PROGRAMDATA": "P"})
    assert mine == tmp_path / ".pymodaq" / "config" / "utils.toml"
    assert machine.parts[-3:] == (".pymodaq", "config", "utils.toml")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "utils.toml").write_text("")
    assert config_sources.pymodaq_files(tmp_path, {})[1] == tmp_path / "config" / "utils.toml"


class TestHome:
    USER = "USERPROFILE" if os.name == "nt" else "HOME"

    def test_option_then_variable_then_default(self, tmp_path: Path) -> None:
        environ = {self.USER: str(tmp_path), "ENVKEEP_HOME": str(tmp_path / "var")}
        assert resolve_home(tmp_path / "flag", environ) == tmp_path / "flag"
        assert resolve_home(None, environ) == tmp_path / "var"
        assert resolve_home(None, {self.USER: str(tmp_path), "ENVKEEP_HOME": " "}) == tmp_path / ".envkeep"

    def test_relative_and_tilde(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert resolve_home("store", {}) == tmp_path / "store"
        with pytest.raises(BadConfigError, match="ENVKEEP_HOME is 'store', which is no absolute path"):
            resolve_home(None, {self.USER: str(tmp_path), "ENVKEEP_HOME": "store"})
        assert resolve_home("~/store", {self.USER: str(tmp_path)}) == tmp_path / "store"

    def test_what_can_be_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(BadConfigError, match=r"--home '.*a\\x00b' can be no folder"):
            resolve_home("a\0b", {})

    @pytest.mark.skipif(os.name == "nt", reason="Windows takes a name that is too long for one that is not there")
    def test_a_name_that_is_too_long_is_one_line(self, tmp_path: Path) -> None:
        home = resolve_home(tmp_path / ("x" * 300), {})
        with pytest.raises(BadConfigError, match="cannot be read: File name too long"):
            load_config(home, {})

    def test_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "f").write_text("")
        with pytest.raises(BadConfigError, match=r"--home .*f is no folder"):
            resolve_home(tmp_path / "f", {})


def test_no_toml_reader_is_imported_where_no_file_is(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys, pathlib; from envkeep.store.config import load_config; load_config(pathlib.Path(sys.argv[1]), {});"
        "print([name for name in ('tomllib', 'tomli', 'difflib', 'yaml', 'typer', 'subprocess') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(BadConfigError, match="cannot be read: it is no file"):
        load_config(tmp_path, {})


def test_the_defaults_of_a_home(tmp_path: Path) -> None:
    assert default_config(tmp_path) == load_config(tmp_path, {})
