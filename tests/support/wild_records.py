"""Records as a hostile file could hold them: every field at random, by Hypothesis; and small ones that look real."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from envkeep.model.record import (
    CondaPackage,
    Distribution,
    EnvironmentInfo,
    Origin,
    Problem,
    PythonInfo,
    Record,
    Requested,
    Transaction,
)

__all__ = [
    "CAPTURED_AT",
    "conda_package",
    "conda_packages",
    "distributions",
    "make_record",
    "origins",
    "records",
    "texts",
]

CAPTURED_AT = datetime(2025, 1, 31, 10, 24, 5, tzinfo=timezone.utc)


def make_record(
    *conda: CondaPackage,
    dists: tuple[Distribution, ...] = (),
    name: str = "lab",
    python: str | None = "3.12.3",
    kind: str = "conda",
    **others: object,
) -> Record:
    """Return a record of these packages."""
    info = EnvironmentInfo(name=name, prefix=f"/opt/envs/{name}", kind=kind, subdir="linux-64")  # type: ignore[arg-type]
    interpreter = None
    if python is not None:
        text = f"{python} (main, Jan 17 2025, 18:03:48) [GCC 13.3.0]"
        path = f"/opt/envs/{name}/bin/python"
        interpreter = PythonInfo(version=python, build_text=text, executable=path, source="interpreter")
    return Record(
        captured_at=CAPTURED_AT,
        environment=info,
        python=interpreter,
        conda=tuple(conda),
        distributions=dists,
        **others,  # type: ignore[arg-type]
    )


def conda_package(name: str, version: str = "1.0", build: str = "h1_0", *, depends: tuple[str, ...] = ()) -> CondaPackage:
    """Return a package of conda-forge for linux-64 with all that an explicit list needs."""
    fn = f"{name}-{version}-{build}.conda"
    return CondaPackage(
        name=name,
        version=version,
        build=build,
        channel="conda-forge",
        subdir="linux-64",
        fn=fn,
        url=f"https://conda.anaconda.org/conda-forge/linux-64/{fn}",
        md5="0123456789abcdef" * 2,
        sha256="0123456789abcdef" * 4,
        depends=depends,
    )


# whatever a file can hold, undecodable bytes (lone surrogates) included
texts = st.text(max_size=12) | st.sampled_from(
    ["", "é\udcff", "yes", "1:30", "1e3", "3.10", "a b: c", "#", "- x", "null", "\x85"]
)
_small = st.lists(texts, max_size=3).map(tuple)
_maybe = st.none() | texts
_hex = st.text("0123456789abcdef", min_size=1, max_size=8)

origins = st.builds(
    Origin,
    kind=st.sampled_from(["vcs", "archive", "directory"]),
    url=texts,
    editable=st.booleans(),
    vcs=_maybe,
    commit=_maybe,
    requested_revision=_maybe,
    subdirectory=_maybe,
    hashes=st.lists(st.tuples(st.sampled_from(["md5", "sha256"]), _hex), max_size=2).map(tuple),
    remote=_maybe,
    dirty=st.none() | st.booleans(),
    unpushed=st.none() | st.booleans(),
    auth=_maybe,
)
conda_packages = st.builds(
    CondaPackage,
    name=texts,
    version=texts,
    build=texts,
    build_number=st.integers(),
    channel=texts,
    subdir=texts,
    fn=_maybe,
    url=_maybe,
    md5=_maybe,
    sha256=_maybe,
    size=st.none() | st.integers(),
    timestamp=st.none() | st.integers(),
    depends=_small,
    constrains=_small,
    noarch=_maybe,
    track_features=_small,
    features=_maybe,
    python_site_packages_path=_maybe,
    license=_maybe,
    link_scripts=_small,
    altered=st.sampled_from([None, "removed", "overwritten"]),
    auth=_maybe,
)
distributions = st.builds(
    Distribution,
    name=texts,
    version=texts,
    conda_package=_maybe,
    origin=st.none() | origins,
    installer=_maybe,
    requested=st.booleans(),
    requires=_small,
    tags=_small,
    content=_maybe,
    location=texts,
)
_transactions = st.builds(
    Transaction,
    when=texts,
    command=_maybe,
    conda_version=_maybe,
    added=_small,
    removed=_small,
    update_specs=_small,
    remove_specs=_small,
    neutered_specs=_small,
)
_pythons = st.builds(
    PythonInfo,
    version=texts,
    build_text=texts,
    executable=texts,
    source=st.sampled_from(["interpreter", "conda-meta", "pyvenv.cfg", "header"]),
    implementation=texts,
    free_threaded=st.booleans(),
)
_environments = st.builds(
    EnvironmentInfo,
    name=texts,
    prefix=texts,
    kind=st.sampled_from(["conda", "venv", "interpreter"]),
    subdir=texts,
    conda_name=_maybe,
)
_instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis wants naive bounds
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]),
)

records = st.builds(
    Record,
    captured_at=_instants,
    environment=_environments,
    python=st.none() | _pythons,
    conda=st.lists(conda_packages, max_size=3).map(tuple),
    distributions=st.lists(distributions, max_size=3).map(tuple),
    requested=st.builds(Requested, specs=_small, inferred=st.booleans()),
    channels=_small,
    variables=st.dictionaries(texts, texts, max_size=3).map(lambda found: tuple(found.items())),
    pinned=_small,
    index_urls=_small,
    index_auth=st.dictionaries(texts, texts, max_size=2).map(lambda found: tuple(found.items())),
    history=st.lists(_transactions, max_size=2).map(tuple),
    problems=st.lists(st.builds(Problem, code=texts, message=texts, path=texts, package=texts), max_size=2).map(tuple),
)
