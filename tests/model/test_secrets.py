from __future__ import annotations

import pytest

from envkeep.model.secrets import looks_secret, secret_value, without_secret_arguments, without_tokens

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.mark.parametrize(
    "name",
    [
        "HF_TOKEN",
        "TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "API_KEY",
        "OPENAI_APIKEY",
        "authToken",
        "apiKey",
        "DB_PASSWORD",
        "PGPASSWORD",
        "PASS",
        "MY_PASSPHRASE",
        "SSH_KEY",
        "KEY",
        "KEYS",
        "GPG_KEY",
        "GITHUB_PAT",
        "SENTRY_DSN",
        "SIG",
        "CREDENTIALS",
        "MYSQL_PWD",
        "SLACK_WEBHOOK",
        "BASIC_AUTH",
        "AccountKey",
        "X-Api-Key",
        *[
            "MYKEY",
            "HMACKEY",
            "SESSIONKEY",
            "DECRYPTKEY",
            "KEYFILE",
            "KEYSTORE",
            "ROOTKEY",
            "PRIVKEY",
            "PASSKEY",
            "COMMONKEY",
            "BYPASS_KEY",
            "MONKEY_KEY",
        ],
        *[
            "CRED",
            "CREDS",
            "DB_CREDS",
            "DBCREDS",
            "OAUTH",
            "OAUTH2",
            "OAUTH2_CLIENT",
            "HTTPAUTH",
            "NPM_AUTH",
            "DB_PWD_1",
            "PGPASSFILE",
            "TOTP",
        ],
        "PGPASS",
        "DBPASS",
        "USERPASS",
        "ROOTPASS",
        "PASSCODE",
        "COMPASSWORD",
        "BYPASSWORD",
        "dbPass",
        "MY_PASS2",
    ],
)
def test_secret_names(name: str) -> None:
    assert looks_secret(name, "x")


@pytest.mark.parametrize(
    "name",
    [
        *[
            "PATH",
            "KEYBOARD",
            "MONKEY_DIR",
            "LANG",
            "MY_VAR",
            "PATIENCE",
            "AUTHOR",
            "PIPENV",
            "SIGMA",
            "BYPASS_X",
            "COMPASS",
            "PWDX",
        ],
        *[
            "KEYBOARD_LAYOUT",
            "MONKEY",
            "TURKEY",
            "PASSENGER",
            "COMPASS_DIR",
            "BYPASS",
            "KEYWORDS",
            "KEYMAP",
            "keyboardLayout",
            "SACRED_DIR",
        ],
        *[
            "PASSENGERS",
            "N_PASSES",
            "TEST_PASSED",
            "LOWPASS_HZ",
            "HIGH_PASS_CUTOFF",
            "PASSTHROUGH",
            "AUTHORS",
            "CREDIT",
            "SURPASS",
            "OPINION",
        ],
    ],
)
def test_plain_names(name: str) -> None:
    assert not looks_secret(name, "value")


@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        "hf_abcdefghijklmnop",
        "glpat-abcdefghij0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-1234567890-abcdef",
        "pypi-AgEIcHlwaS5vcmcCJDU3",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "postgresql://me:pw@db/x",
        "https://token@proxy.example:8080",
        "https://host/t/ab-123/channel",
        "https://host/file?x=1&sig=abc",
        "see https://host/file?access_token=abc.",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
        "Bearer abcdef",
        "Basic dXNlcjpwYXNz",
        "Authorization: Bearer abcdef",
        "Authorization: Basic dXNlcjpwYXNz",
        "Server=db;Database=lab;User Id=lab;Password=hunter2;",
        "DefaultEndpointsProtocol=https;AccountName=lab;AccountKey=abc==;EndpointSuffix=core.windows.net",
        "host=db password=hunter2",
        "host=db user=lab pwd = hunter2",
        "https://hooks.slack.com/services/T0/B0/xyz",
        "https://discord.com/api/webhooks/123/abc",
        "https://discordapp.com/api/v10/webhooks/123/abc",
        '{"auths": {"registry.example": {"auth": "dXNlcjpwYXNz"}}}',
        '{"user": "lab", "password": "hunter2"}',
        "123456789:AAF0123456789abcdefghijABCDEFGHIJ01",
        "https://api.telegram.org/bot123456789:AAF0123456789abcdefghijABCDEFGHIJ01/getMe",
        "https://host/x?auth=abc",
        "https://host/x?code=abc",
        "https://host/x?a=1&pw=abc",
        "https://host/x.whl;token=abc",
    ],
)
def test_secret_values_whatever_their_name(value: str) -> None:
    assert looks_secret("MY_VAR", value)


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        "a b: c",
        "https://host/path",
        "ssh://git@host/x",
        "https://host/a?monkey=",
        "https://host/t/",
        "/srv/hf_data",
        "ghp",
        "sk-learn",
        "basic research",
        "Basic",
        "bearer of news is here",
        "host=db user=lab",
        "12:30:45",
        "https://host/a?encode=utf8&author=x",
        "https://discord.com/channels/1",
        "tokens: 5",
        "passwords",
        "",
        "1",
    ],
)
def test_plain_values(value: str) -> None:
    assert not secret_value(value)


def test_tokens_are_taken_out_of_a_text() -> None:
    assert without_tokens(f"login {TOKEN} now") == "login *** now"


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("conda install --token abc x", "conda install --token *** x"),
        ("mamba create --password=abc", "mamba create --password=***"),
        ("HF_TOKEN=abc LANG=C conda install x=1", "HF_TOKEN=*** LANG=C conda install x=1"),
        # packages are no secrets
        ("conda install token-bucket=1.2 secretstorage=3 keyring=25.0", None),
        ("conda install --token -y", None),
    ],
)
def test_secret_arguments_of_a_command(command: str, kept: str | None) -> None:
    assert without_secret_arguments(command) == (kept or command)
