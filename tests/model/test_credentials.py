from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envkeep.model.credentials import scrub, without_credentials


@pytest.mark.parametrize(
    ("url", "clean", "auth"),
    [
        ("https://host/path", "https://host/path", None),
        ("https://user:pass@host:8080/path", "https://host:8080/path", "user"),
        ("https://token@host/path", "https://host/path", "user"),
        ("https://user:p@ss@host/path", "https://host/path", "user"),
        ("https://user:pa/ss@host/path", "https://host/path", "user"),
        ("https://host/team@corp/path", "https://host/team@corp/path", None),
        ("git+https://x-access-token:abc@github.com/o/r.git@v1", "git+https://github.com/o/r.git@v1", "user"),
        ("git+https://github.com/t/repo@v1", "git+https://github.com/t/repo@v1", None),
        ("git+ssh://git@github.com/o/r.git", "git+ssh://git@github.com/o/r.git", None),
        ("git+ssh://git:secret@host/r.git", "git+ssh://git@host/r.git", "user"),
        ("ssh://git%3Asecret@host/r.git", "ssh://git@host/r.git", "user"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git", None),
        ("user:secret@host:o/r.git", "user@host:o/r.git", "user"),
        ("https://conda.anaconda.org/t/ab-123/chan/linux-64", "https://conda.anaconda.org/chan/linux-64", "token"),
        ("https://host/api/t/<TOKEN>/chan", "https://host/api/chan", "token"),
        ("https://host/t/ab-123", "https://host", "token"),
        ("conda.anaconda.org/t/ab-123/chan", "conda.anaconda.org/chan", "token"),
        ("file:///srv/t/chan", "file:///srv/t/chan", None),
        ("https://host/a?token=abc&b=1#sha256=ff", "https://host/a?b=1#sha256=ff", "query"),
        ("https://host/a?X-Amz-Signature=1&X-Amz-Credential=2", "https://host/a", "query"),
        ("https://host/a#access_token=abc", "https://host/a", "query"),
        ("https://dl.cloudsmith.io/abcdef/owner/repo/", "https://dl.cloudsmith.io/owner/repo/", "token"),
        ("https://dl.cloudsmith.io/public/owner/repo/", "https://dl.cloudsmith.io/public/owner/repo/", None),
        ("https://host/ghp_0123456789abcdefghij/simple", "https://host/simple", "token"),
        ("https://[::1", "https://[::1", None),
        ("https://pypi.fury.io/SEKRETtok1a2b/me/", "https://pypi.fury.io/me/", "token"),
        ("https://pypi.fury.io/SEKRETtok/me/-/ver_1a2b3c/x.whl", "https://pypi.fury.io/me/-/ver_1a2b3c/x.whl", "token"),
        ("https://pypi.fury.io/me/", "https://pypi.fury.io/me/", None),
        ("https://pypi.fury.io/me/-/ver_1a2b3c/x.whl", "https://pypi.fury.io/me/-/ver_1a2b3c/x.whl", None),
        ("https://pypi.fury.io/me/simple/", "https://pypi.fury.io/me/simple/", None),
        ("https://packagecloud.io/priv/abcdef/me/r/pypi/simple", "https://packagecloud.io/me/r/pypi/simple", "token"),
        ("https://packagecloud.io/me/r/pypi/simple", "https://packagecloud.io/me/r/pypi/simple", None),
        ("https://gitlab.example/job_token/x/simple", "https://gitlab.example/simple", "token"),
        ("https://host/access-token/x", "https://host", "token"),
        ("https://host/apikey/x/simple", "https://host/simple", "token"),
        ("https://host/tokens/x/simple", "https://host/tokens/x/simple", None),
        ("git+https://host/token/repo.git", "git+https://host/token/repo.git", None),
        ("https://host/w.whl;token=x", "https://host/w.whl", "token"),
        ("https://host/w;v=1;pw=x/w.whl", "https://host/w;v=1/w.whl", "token"),
        ("https://host/w.whl?code=x&a=1", "https://host/w.whl?a=1", "query"),
        ("file:///srv/ghp_0123456789abcdefghij/x;token=1", "file:///srv/x;token=1", "token"),
        ("https://host/w.whl?pw=x", "https://host/w.whl", "query"),
        ("https://host/aB3dE6gH9jK2mN5pQ8sT1vW4/simple", "https://host/simple", "token"),
        # a commit, a hash, a build and a name are no secrets
        *(
            (url, url, None)
            for url in [
                f"https://host/{'0a1b2c3d' * 5}/x.whl",
                "https://files.pythonhosted.org/packages/ab/cd/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0/x-1.0.tar.gz",
                "https://host/MyLaboratoryReleaseChannel2024/linux-64/numpy-2.4.6-py311hd412cb9_0.conda",
                "https://host/c/linux-64/aB3dE6gH9jK2mN5pQ8sT1vW4",
                "https://pypi.io/packages/source/t/toolz/toolz-0.12.tar.gz",
                "https://files.pythonhosted.org/packages/source/t/token/token-1.0.tar.gz",
                "https://github.com/t/repo/archive/v1.zip",
                "git+https://host/aB3dE6gH9jK2mN5pQ8sT1vW4/r.git@v1",
            ]
        ),
        ("conda-forge", "conda-forge", None),
        ("C:\\chan", "C:\\chan", None),
    ],
)
def test_credentials_are_dropped_and_their_kind_is_kept(url: str, clean: str, auth: str | None) -> None:
    found = without_credentials(url)
    assert (found.url, found.auth) == (clean, auth)


@given(st.text())
@example("DL.CLOUDSMITH.IO")
def test_any_text_is_taken(text: str) -> None:
    for found in (without_credentials(text), without_credentials("https://" + text), without_credentials("git+ssh://" + text)):
        assert isinstance(found.url, str)
    assert isinstance(scrub(text), str)


_WORDS = st.text("abcXYZ019-_.~", min_size=8, max_size=20)


@given(st.sampled_from(["https", "http", "git+https", "ftp", "s3"]), _WORDS, _WORDS)
def test_no_password_survives(scheme: str, user: str, password: str) -> None:
    secret = f"{password}S3CR3T"
    assert "S3CR3T" not in without_credentials(f"{scheme}://{user}:{secret}@host.org/path").url
    assert "S3CR3T" not in scrub(f"conda install -c {scheme}://{user}:{secret}@host.org/path numpy")
    assert "S3CR3T" not in scrub(f"numpy @ {scheme}://host.org/t/{secret}/path") or scheme.startswith("git")


def test_a_text_keeps_what_is_no_credential() -> None:
    text = "conda install -n base conda-forge::six>=1.17 'git+https://host/r@v1' user@host:path"
    assert scrub(text) == text
    assert scrub("--token ghp_0123456789abcdefghij") == "--token ***"
