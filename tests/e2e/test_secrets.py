"""Secrets of every kind are planted in an environment; no file and no output may hold one of them.

But for one place: variables that look secret are kept, and only in ``record.json.gz``, which nobody else can read.
"""

from __future__ import annotations

import gzip
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from support.wild_prefixes import wild_conda

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import Envkeep, Ran
    from support.wild_prefixes import WildPrefix

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the paths planted are POSIX's")

HOST = "https://host.invalid"
COMMIT = "a" * 40


def secret(place: str) -> str:
    """A secret that says where it was planted, so that one that gets out is found; no issuer's shape gives it away."""
    return f"S3cr3t{place}9f8e7d"


VARIABLES = {
    "HF_TOKEN": secret("variable"),
    "DATABASE": f"postgres://lab:{secret('databaseurl')}@db.invalid/lab",
    "NOTE": f"use ghp_{secret('githubshape')}0123456789",
    "apiKey": secret("camelcase"),
    "PROXY": f"http://{secret('proxyuser')}@proxy.invalid:3128",
    "CHANNEL": f"{HOST}/t/{secret('channelvariable')}/chan",
    "DATASET": f"{HOST}/data.zip?sig={secret('signedvariable')}",
    "MYKEY": secret("mykey"),
    "DB_CREDS": secret("creds"),
    "HEADER": f"Authorization: Bearer {secret('bearer')}",
    "CONNECTION": f"Server=db;Database=lab;Password={secret('connection')};",
    "ALERTS": f"https://hooks.slack.com/services/T0/B0/{secret('slack')}",
    "SSH": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{secret('privatekey')}\n",
}
# settings of the session that runs the command
ENVIRON = {
    "PIP_EXTRA_INDEX_URL": f"https://u:{secret('pipvariable')}@host.invalid/extra",
    "UV_INDEX": f"lab=https://u:{secret('uvvariable')}@host.invalid/uv",
    "CONDA_CHANNELS": f"{HOST}/t/{secret('condavariable')}/chan",
}


def plant(root: Path) -> WildPrefix:
    """Make an environment with a secret in every place that is known to hold some."""
    prefix = wild_conda(root / "envs" / "lab")
    prefix.python()
    token, user = secret("channeltoken"), secret("channeluser")
    place = f"{HOST}/t/{token}/chan/linux-64"
    prefix.record("a", url=f"{place}/a-1.0-0.conda", channel=place)
    prefix.record("b", url=f"https://u:{user}@host.invalid/c/linux-64/b-1.0-0.conda", channel=f"https://u:{user}@host.invalid/c")
    prefix.record("c", url=f"{HOST}/c/linux-64/c-1.0-0.conda?token={secret('urlquery')}", channel=...)
    prefix.record("d", depends=[f"https://u:{secret('depends')}@host.invalid/c::a >=1"], constrains=[f"{place}::b"])
    prefix.record("s", url=f"s3://{secret('s3key')}:{secret('s3secret')}@bucket/linux-64/s-1.0-0.conda", channel=...)
    broken = prefix.path / "conda-meta" / "broken-1-0.json"
    broken.write_text(f'{{"url": "https://u:{secret("brokenrecord")}@host.invalid/x')
    prefix.history(
        "==> 2024-01-01 00:00:00 <==\n"
        f"# cmd: API_KEY={secret('assigned')} conda create --token {secret('option')} -n lab "
        f"-c https://u:{secret('command')}@host.invalid/c -c {HOST}/t/{secret('commandtoken')}/c a\n"
        "# conda version: 24.1.0\n"
        f"+{HOST}/t/{secret('transaction')}/chan/linux-64::a-1.0-0\n"
        f"# update specs: ['https://u:{secret('requested')}@host.invalid/c::a', 'b >=1 https://u:{secret('badspec')}@host.invalid']\n"
    )
    meta = prefix.path / "conda-meta"
    (meta / "pinned").write_text(f"https://u:{secret('pinned')}@host.invalid/c::a ==1.0\n")
    (meta / "state").write_text(json.dumps({"env_vars": {**VARIABLES, "LAB_HOST": "daq1"}}))
    (prefix.path / ".condarc").write_text(
        f"channels:\n- https://u:{secret('condarc')}@host.invalid/c\n- {HOST}/t/{secret('condarctoken')}/d\n"
    )
    # hosts that put their tokens into the path
    gemfury, packagecloud = secret("gemfury"), secret("packagecloud")
    (prefix.path / "pip.conf").write_text(
        f"[global]\nindex-url = https://u:{secret('pipconf')}@host.invalid/simple\n"
        f"extra-index-url = https://{secret('pipconfuser')}@host.invalid/s {HOST}/simple?api_key={secret('pipconfquery')}\n"
        f"    https://pypi.fury.io/{gemfury}/me/ https://packagecloud.io/priv/{packagecloud}/me/r/pypi/simple\n"
    )
    vcs = f'"vcs_info": {{"vcs": "git", "commit_id": "{COMMIT}", "requested_revision": "main"}}'
    urls = {
        "vcsuser": (f"https://u:{secret('vcsuser')}@host.invalid/r.git", vcs),
        "vcstoken": (f"https://{secret('vcstoken')}@host.invalid/r.git", vcs),
        "ssh": (f"ssh://git:{secret('ssh')}@host.invalid/r.git", vcs),
        "signed": (f"{HOST}/x-1.0-py3-none-any.whl?X-Amz-Signature={secret('signed')}", '"archive_info": {}'),
        "parameter": (f"{HOST}/x-1.0-py3-none-any.whl;token={secret('parameter')}", '"archive_info": {}'),
        "code": (f"{HOST}/x-1.0-py3-none-any.whl?code={secret('code')}", '"archive_info": {}'),
        "job": (f"{HOST}/job_token/{secret('job')}/x-1.0-py3-none-any.whl", '"archive_info": {}'),
        "fragment": (f"{HOST}/x-1.0-py3-none-any.whl#access_token={secret('fragment')}", '"archive_info": {}'),
        "folder": (f"file://u:{secret('filehost')}@host.invalid/x", '"dir_info": {}'),
    }
    for name, (url, info) in urls.items():
        prefix.dist(
            name, direct_url=f'{{"url": "{url}", {info}}}', requires=(f"z @ https://u:{secret('requires')}@host.invalid/z",)
        )
    prefix.dist("cut", direct_url=f'{{"url": "https://u:{secret("cutorigin")}@host.invalid/r')
    for name in ("edit", "old"):
        checkout = root / "projects" / name
        (checkout / ".git").mkdir(parents=True)
        (checkout / ".git" / "HEAD").write_text(COMMIT)
        (checkout / ".git" / "config").write_text(
            f'[remote "origin"]\n\turl = https://u:{secret(f"{name}remote")}@host.invalid/{name}.git\n'
            f"[http]\n\textraheader = Authorization: Basic {secret('header')}\n"
        )
    prefix.dist("edit", direct_url=f'{{"url": "{(root / "projects" / "edit").as_uri()}", "dir_info": {{"editable": true}}}}')
    egg_info = root / "projects" / "old" / "old.egg-info"
    egg_info.mkdir()
    (egg_info / "PKG-INFO").write_text("Name: old\nVersion: 1.0\n")
    (egg_info / "requires.txt").write_text(f"y @ git+https://u:{secret('requirestxt')}@host.invalid/y.git\n")
    (prefix.path / prefix.site / "old.egg-link").write_text(f"{egg_info.parent}\n.\n")
    return prefix


# files that somebody hands on, and what is wrong with them
FILES = {
    "environment.yml": (
        f"name: lab\nchannels:\n- https://u:{secret('ymlchannel')}@host.invalid/c\n- {HOST}/t/{secret('ymltoken')}/c\n"
        f"dependencies:\n- {HOST}/t/{secret('ymlspec')}/c::a=1.0\n- pip\n- pip:\n"
        f"  - --extra-index-url https://u:{secret('ymlindex')}@host.invalid/simple\n"
        f"  - x @ git+https://u:{secret('ymlgit')}@host.invalid/x.git@{COMMIT}\n"
        f"variables:\n  API_TOKEN: {secret('ymlvariable')}\n"
    ),
    "broken.yml": f"name: lab\nchannels: [https://u:{secret('brokenyml')}@host.invalid/c\ndependencies: - a\n",
    "wrong.yml": f"name: lab\ndependencies:\n- a ==1 https://u:{secret('wrongyml')}@host.invalid/c\n- [x]\nchannels: 5\n",
    "requirements.txt": (
        f"--index-url https://u:{secret('txtindex')}@host.invalid/simple\n-i {HOST}/simple?token={secret('txtquery')}\n"
        f"x @ https://u:{secret('txtwheel')}@host.invalid/x-1.0-py3-none-any.whl\n"
        f"y y @ https://u:{secret('txtbad')}@host.invalid/y.whl\nsix==1.17.0\n"
    ),
    "explicit.txt": (
        f"@EXPLICIT\n{HOST}/t/{secret('explicittoken')}/c/linux-64/a-1.0-0.conda#{'0' * 32}\n"
        f"https://u:{secret('explicituser')}@host.invalid/c/linux-64/b-1.0-0.conda\n"
        f"https://u:{secret('explicitbad')}@host.invalid/c/linux-64/b\n"
    ),
}


def leaks(text: str) -> list[str]:
    return sorted({part.partition("9f8e7d")[0] for part in text.split("S3cr3t")[1:]})


def test_secrets_stay_where_they_are(envkeep: Envkeep, home: Path, tmp_path: Path) -> None:
    prefix = plant(tmp_path / "planted").path
    names = set(VARIABLES)
    outputs: dict[str, Ran] = {}

    def run(*argv: str | Path) -> None:
        for form in ("--json", "-v"):
            outputs[" ".join(map(str, (*argv, form)))] = envkeep(*argv, form, status=None, env=ENVIRON)

    run("backup", "-p", prefix, "--force")
    changed = {name: value.replace("9f8e7d", "changed9f8e7d") for name, value in VARIABLES.items()}
    (prefix / "conda-meta" / "state").write_text(json.dumps({"env_vars": {**changed, "LAB_HOST": "daq1"}}))
    run("status", "-p", prefix)
    run("diff", "lab@latest", f"live:{prefix}")
    run("verify", "lab@latest", "-p", prefix)
    for argv in (["list"], ["list", "--all"], ["show", "lab@latest"], ["find", "edit"], ["check", "-p", prefix], ["doctor"]):
        run(*argv)
    run("restore", "lab@latest", "-p", tmp_path / "new", "-d", "--offline")
    run("restore", "lab@latest", "-p", tmp_path / "new", "-d", "--offline", "--fidelity", "requested")
    run("restore", "lab@latest", "-p", tmp_path / "new", "--script", tmp_path / "out" / "rebuild.sh", "--offline")
    for number, form in enumerate(
        ("environment-yml", "no-builds", "from-history", "portable", "explicit", "requirements", "record-json")
    ):
        (tmp_path / "out").mkdir(exist_ok=True)
        outputs[f"export {form}"] = envkeep("export", "-p", prefix, "--format", form, env=ENVIRON)
        envkeep("export", "lab@latest", "--format", form, "-o", tmp_path / "out" / f"{number}", env=ENVIRON)
    stored = next((home / ".envkeep" / "environments" / "lab").glob("*/environment.yml"))
    run("inspect", stored)
    for name, content in FILES.items():
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        run("inspect", path)
        run("restore", path, "-p", tmp_path / "new", "-d", "--offline")
        run("diff", path, f"live:{prefix}")

    got_out = {line: found for line, ran in outputs.items() if (found := leaks(ran.out + ran.err))}
    assert got_out == {}
    # every run came as far as it could have said something
    said = {line for line, ran in outputs.items() if ran.out or ran.err}
    assert said == set(outputs)

    kept: set[str] = set()
    for path in sorted((*(home / ".envkeep").rglob("*"), *(tmp_path / "out").rglob("*"))):
        if not path.is_file():
            continue
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
        if path.name == "record.json.gz":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            kept |= {name for name in names if json.dumps(VARIABLES[name]).strip('"') in text}
            text = json.dumps({key: value for key, value in json.loads(text).items() if key != "variables"})
        assert leaks(text) == [], path
    assert kept == names

    # what was left out is named, and what is no secret is there
    exported = outputs["export environment-yml"].out
    assert all(name in exported for name in names)
    assert "LAB_HOST: daq1" in exported
    asked = envkeep("export", "lab@latest", "--with-secrets", env=ENVIRON).out
    assert leaks(asked) == sorted(part for value in VARIABLES.values() for part in leaks(value))


def test_a_file_that_is_brought_in_keeps_its_own(envkeep: Envkeep, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_text(FILES["environment.yml"])
    runs = [envkeep("import", path, "-n", "gone")]
    runs += [envkeep("show", "gone@latest"), envkeep("show", "gone@latest", "--json"), envkeep("list", "--json")]
    assert [leaks(ran.out + ran.err) for ran in runs] == [[], [], [], []]
    for file in (home / ".envkeep").rglob("*"):
        if file.is_file() and leaks(file.read_text("utf-8", "replace")):
            # its bytes are kept as they are, for its owner alone
            assert file.parent.name == "imported"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
