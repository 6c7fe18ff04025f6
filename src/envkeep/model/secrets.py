"""What looks like a secret: by the name it goes by, and by the shape that issuers give their tokens.

Nothing can know every secret. A name errs on the side of secrecy, since what looks secret is kept in ``record.json.gz`` alone and
omitted, by name, everywhere else; a value is judged by shapes that hardly anything else has.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["has_token", "looks_secret", "secret_name", "secret_value", "without_secret_arguments", "without_tokens"]

_NAME = r"""
    token | secret | key | passw | passphrase | passcode | passfile | credential | cookie | webhook | bearer | oauth
    | (?:pass | pwd | (?<!sa)creds? | auth)(?:$|[^a-z])
    | (?:^|[^a-z])(?:authorization|jwt|sas|dsn|sig|signature|pat|pin|t?otp|pw)(?:$|[^a-z])
    | connection[^a-z]?string
"""
# words that hold `key` or `pass` and say nothing secret; `COMMONKEY` and `COMPASSWORD` are none of them
_HARMLESS = r"""
    (?<![a-z])(?:monkey|turkey|donkey|hockey|jockey|whiskey)s?(?![a-z])
    | (?<![a-z])key(?:board|word|map|pad|note|frame|cloak|stroke|space|bind|ring)
    | (?<![a-z])(?:by|com|encom|sur|tres|over|under)pass(?!w|phrase|code|file|key)
    | (?<![a-z])(?:low|high|band)[^a-z]?pass(?!w|phrase|code|file|key)
    | (?<![a-z])pass(?:[^a-z]?thr|enger|ive|age|ion|es|ed|ing|port)
"""
# camelCase is cut into words first: `authToken`, `apiKey`
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# the published shapes of issuers' tokens
_VALUE = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:
        gh[pousr]_[A-Za-z0-9]{10,} | github_pat_[A-Za-z0-9_]{20,}
      | gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent)-[A-Za-z0-9_-]{10,}
      | hf_[A-Za-z0-9]{10,} | pypi-[A-Za-z0-9_-]{20,}
      | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,}
      | sk-[A-Za-z0-9_-]{16,} | [rsp]k_(?:live|test)_[A-Za-z0-9]{10,}
      | (?:AKIA|ASIA)[A-Z0-9]{16}
      | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{10,}
      | npm_[A-Za-z0-9]{30,} | dckr_pat_[A-Za-z0-9_-]{20,} | dop_v1_[a-f0-9]{40,}
      | pfx_[A-Za-z0-9]{10,} | pfxc_[A-Za-z0-9]{10,} | dapi[a-f0-9]{32}
      | AKCp[A-Za-z0-9]{20,} | cmVmd[A-Za-z0-9+/=]{20,}
      | eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*
    )
    | -----BEGIN[ ][A-Z0-9 ]*PRIVATE[ ]KEY
    """,
    re.VERBOSE,
)
# what says itself that it is secret, to be found by search
_SAID = r"""
    authorization["']?\s*[:=]\s*\S | \A\s*bearer\s+\S+\s*\Z
    # base64 of user:password, and no two words
    | \A\s*basic\s+(?-i:(?=\S+[A-Z0-9+/=])[A-Za-z0-9+/_-]{4,}={0,2})\s*\Z
    # connection strings and JSON: Password=x; password: x, "auth": "x"
    | (?:password|passwd|passphrase|pwd|secret|token|(?:account|access|api|private|shared|secret)[ _-]?key)
      ["']?\s*[=:]\s*["']?[^\s;,"'})]
    | "auth"\s*:\s*"[^"]
    # whoever knows these may write
    | hooks\.slack\.com/(?:services|workflows|triggers)/\S | discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\S
    | webhook\.office\.com/\S
    # a bot of Telegram, also in the path of a URL
    | (?<!\d)\d{6,12}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])
"""
# user:password@ of any URL, a token alone before a host of the web (git@ of ssh is none), a channel's token, a signed query
_URL_WITH_CREDENTIALS = re.compile(
    r"""
    [A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s/?#@:]*:[^\s/?#@]+@
    | https?://(?:
        [^\s/?#@]+@
      | [^\s?#]{0,2000}/t/[^\s/]+/
      | [^\s?;]{0,2000}[?;](?:\S{0,2000}[?&;])?(?:[a-z_-]{0,40}[_-])?
        (?:token|secret|password|passwd|pwd|pass|pw|key|sig|signature|auth|code)=[^\s&;]
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
# what a command line says outright: an option's value, and a variable set for one command
_OPTION = re.compile(r"(?<!\S)(--?(?:token|password|passwd|secret|api-key|auth))(=|\s+)[^\s-]\S*", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"(?<!\S)([A-Z][A-Z0-9_]*)=(\S+)")


def looks_secret(name: str, value: str) -> bool:
    """Return whether a variable (an option, a query part) is to be treated as a secret.

    Args:
        name: what it goes by (``HF_TOKEN``); may be empty.
        value: what it holds; may be empty. A URL with credentials in it is a secret.
    """
    return secret_name(name) or secret_value(value)


def secret_name(name: str) -> bool:
    """Return whether a name says that what it stands for is secret: ``*TOKEN*``, ``*KEY*``, ``*PASSWORD*``, ``apiKey``, ..."""
    secret, harmless, _ = _patterns()
    return secret.search(harmless.sub("_", _CAMEL.sub("_", name))) is not None


def secret_value(value: str) -> bool:
    """Return whether a value is secret whatever its name.

    It is where it holds a token of a known issuer's shape, a private key, a URL with credentials in it, a webhook's URL, or words
    that say so (``Authorization: ...``, ``Password=...``).
    """
    return has_token(value) or _URL_WITH_CREDENTIALS.search(value) is not None or _patterns()[2].search(value) is not None


def has_token(text: str) -> bool:
    """Return whether a text holds a token of a known issuer's shape, or a private key."""
    return _VALUE.search(text) is not None


def without_tokens(text: str) -> str:
    """Return a text with every token of a known issuer's shape replaced by ``***``."""
    return _VALUE.sub("***", text)


def without_secret_arguments(command: str) -> str:
    """Return a command line with ``***`` for the values of ``--token``, ``--password`` and the like, and of ``HF_TOKEN=...``."""
    command = _OPTION.sub(r"\1\2***", command)
    return _ASSIGNMENT.sub(lambda found: f"{found[1]}=***" if secret_name(found[1]) else found[0], command)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    # the largest there are, for the few environments that have variables
    secret, harmless, said = (re.compile(pattern, re.IGNORECASE | re.VERBOSE) for pattern in (_NAME, _HARMLESS, _SAID))
    return secret, harmless, said
