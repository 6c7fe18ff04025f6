"""The settings there are: name, type, default, what is refused. The reader, ``config --init`` and the docs share this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from envkeep.model.credentials import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["SETTINGS", "Setting", "Value", "Wrong", "environment_variable", "init_text", "meant", "shown"]

Value = bool | int | float | str | tuple[str, ...] | tuple[tuple[str, str], ...]


class Wrong(Exception):  # noqa: N818 - what is wrong with a value, never shown as an error of its own
    """A value that a setting refuses: the fact and the remedy."""

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.remedy = remedy


class Setting(NamedTuple):
    """One setting.

    Attributes:
        table, key: where it stands in config.toml.
        default: its value where nobody says otherwise.
        check: takes a value of TOML, returns it in our type; raises Wrong.
        parse: takes the text of an environment variable or flag, returns a value of TOML; raises Wrong.
        example: a value other than the default, as TOML.
        text: what it does, for the commented file and the docs.
        flag: the option of the command line that stands above it; empty where there is none.
    """

    table: str
    key: str
    default: Value
    check: Callable[[object], Value]
    parse: Callable[[str], object]
    example: str
    text: str
    flag: str = ""

    @property
    def name(self) -> str:
        """``backup.limit``."""
        return f"{self.table}.{self.key}"


def environment_variable(setting: Setting) -> str:
    """Return the variable that stands above the file: ``ENVKEEP_BACKUP_LIMIT``."""
    return f"ENVKEEP_{setting.table}_{setting.key}".upper()


def shown(value: Value) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if value and isinstance(value[0], tuple):
        return "{ " + ", ".join(f"{_quoted(pair[0])} = {_quoted(pair[1])}" for pair in value) + " }"
    return "[" + ", ".join(_quoted(str(item)) for item in value) + "]"


def init_text() -> str:
    """Return a config.toml in which every setting is explained, and commented out at its default."""
    lines = [
        "# Settings of envkeep. A line that begins with # is a comment: remove the # to set something else than the default.",
        "# Above this file stand ENVKEEP_* variables (ENVKEEP_BACKUP_LIMIT=50), above those the options of the command line.",
        "# `envkeep config` prints each value and where it comes from.",
    ]
    table = ""
    for setting in SETTINGS:
        if setting.table != table:
            table = setting.table
            lines += ["", f"[{table}]"]
        default = "{}" if setting.key == "remap" else shown(setting.default)
        lines += ["", f"# {setting.text}", f"# example: {setting.key} = {setting.example}", f"# {setting.key} = {default}"]
    return "\n".join(lines) + "\n"


def meant(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """Return the end of a remedy: ``; did you mean limit?``, or what to say where nothing is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]}?" if near else f"{otherwise}."


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Wrong(f"takes true or false, not {_kind(value)}", "Write it without quotes: true or false.")


def _boolean_text(text: str) -> object:
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise Wrong(f"takes true or false, not {text!r}", "Say true or false.")


def _limit(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong(f"takes a whole number, not {_kind(value)}", "Write a number without quotes, such as 25.")
    if value < 1:
        raise Wrong(f"takes 1 or more, not {value}", "To keep no automatic backups, set keep_backup = false.")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong(f"takes a number of seconds, not {_kind(value)}", "Write a number without quotes, such as 30.")
    if not 0 <= value <= 86400:
        raise Wrong(f"takes 0 to 86400 seconds, not {value}", "Write how many seconds to wait, such as 30.")
    return float(value)


def _number_text(text: str) -> object:
    try:
        number = float(text)
    except ValueError:
        raise Wrong(f"takes a number, not {text!r}", "Say a number, such as 25.") from None
    return int(number) if number.is_integer() else number


def _folder(value: object) -> str:
    text = _text(value)
    parts = text.replace("\\", "/").split("/")
    if text.startswith("~"):
        raise Wrong(f"takes a folder's name or full path, not {text!r}", "Write the path out, without ~.")
    if ".." in parts or all(part in {"", "."} for part in parts):
        raise Wrong(f"takes a folder within the home, not {text!r}", 'Write a name such as "environments".')
    return text


def _choice(*words: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        text = _text(value)
        if text not in words:
            raise Wrong(f"takes one of {', '.join(words)}, not {text!r}", f"Write one of them{meant(text, words)}")
        return text

    return check


def _channels(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong(f"takes a list of channels, not {_kind(value)}", 'Write it in brackets: ["conda-forge"].')
    return tuple(_channel(item) for item in value)


def _list_text(text: str) -> object:
    return [part.strip() for part in text.split(",") if part.strip()]


def _remap(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise Wrong(f"takes pairs of channels, not {_kind(value)}", 'Write { "defaults" = "conda-forge" }.')
    return tuple((_channel(old), _channel(new)) for old, new in value.items())


def _remap_text(text: str) -> object:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        old, equals, new = part.partition("=")
        if not equals:
            raise Wrong(f"takes pairs of channels, not {part.strip()!r}", "Say OLD=NEW, several with commas between.")
        pairs[old.strip()] = new.strip()
    return pairs


def _channel(value: object) -> str:
    text = _text(value)
    if text.startswith("-") or any(character.isspace() for character in text):
        raise Wrong(f"takes a channel's name or URL, not {text!r}", 'Write it as "conda-forge" or "https://host/channel".')
    if without_credentials(text).auth is not None:
        raise Wrong(
            f"holds credentials: {without_credentials(text).url}",
            "Leave them out of the settings; netrc or the engine's own log-in provides them.",
        )
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"takes a text, not {_kind(value)}", "Write it in quotes.")
    if not value.strip() or not value.isprintable():
        raise Wrong("takes a text, and this is empty or holds control characters", "Write it out, or remove the line.")
    return value


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)


def _same(text: str) -> object:
    return text


SETTINGS: tuple[Setting, ...] = (
    Setting(
        table="backup",
        key="keep_backup",
        default=True,
        check=_boolean,
        parse=_boolean_text,
        example="false",
        text="Whether automatic backups (an application's at its start) are kept; one made by hand always is.",
    ),
    Setting(
        table="backup",
        key="folder",
        default="environments",
        check=_folder,
        parse=_same,
        example='"backups"',
        text="Folder of the environments' backups, within the home.",
    ),
    Setting(
        table="backup",
        key="limit",
        default=25,
        check=_limit,
        parse=_number_text,
        example="100",
        text="How many backups of an environment are kept; tagged ones do not count and never go.",
    ),
    Setting(
        table="restore",
        key="engine",
        default="auto",
        check=_choice("auto", "rattler", "conda", "mamba", "micromamba"),
        parse=_same,
        example='"mamba"',
        text="What makes conda environments: auto takes the embedded one (rattler) where it is installed, else what is found.",
        flag="--engine",
    ),
    Setting(
        table="restore",
        key="installer",
        default="auto",
        check=_choice("auto", "pip", "uv"),
        parse=_same,
        example='"uv"',
        text="What installs Python packages: auto takes uv where it is found, else pip.",
        flag="--installer",
    ),
    Setting(
        table="restore",
        key="channels",
        default=(),
        check=_channels,
        parse=_list_text,
        example='["conda-forge"]',
        text="Channels to rebuild from where a backup names none (a lone .txt).",
        flag="--channel",
    ),
    Setting(
        table="channels",
        key="remap",
        default=(),
        check=_remap,
        parse=_remap_text,
        example='{ "defaults" = "conda-forge" }',
        text="Channels to use in place of others: mirrors, and replacements for those that moved or were firewalled.",
        flag="--remap",
    ),
    Setting(
        table="store",
        key="lock_timeout",
        default=30.0,
        check=_seconds,
        parse=_number_text,
        example="5",
        text="Seconds to wait for another process that writes backups of the same environment.",
    ),
)
