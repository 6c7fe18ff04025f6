"""An environment's Python: which version, what it says of itself, where it lies."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Literal, NamedTuple

from envkeep.capturing.layout import find_executable, read_venv_config
from envkeep.capturing.reading import exists, read_text, scan
from envkeep.errors import EngineError
from envkeep.model.record import Problem, PythonInfo
from envkeep.store.readings import stand_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envkeep.capturing.former import Former
    from envkeep.model.record import CondaPackage, EnvironmentKind

__all__ = ["Asked", "Written", "ask_early", "read_python", "written_version"]

# seconds; a Python on a cold network disk takes one
_LIMIT = 2.0
# `-I -S -B`: no user site, no site, no .pth files, no byte code written; what it prints is taken apart below
_ASK = (
    "import sys; v = sys.version_info; "
    "s = {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}.get(v[3]); "
    "print('%d.%d.%d' % v[:3] + (s + str(v[4]) if s else '')); "
    "print(sys.implementation.name); print(getattr(sys, 'abiflags', '')); print(' '.join(sys.version.split()))"
)
_IMPLEMENTATIONS = {"python": "cpython", "pypy": "pypy", "graalpy": "graalpy"}

Source = Literal["conda-meta", "pyvenv.cfg", "header"]


class Written(NamedTuple):
    """A version of Python that stands written somewhere, and where."""

    version: str
    source: Source
    implementation: str = "cpython"
    free_threaded: bool = False


def written_version(prefix: Path, kind: EnvironmentKind, packages: Sequence[CondaPackage]) -> Written | None:
    """Return the version of a prefix's Python without starting it, or None where nothing says it.

    A bare interpreter's stands in its headers (``include/python3.12/patchlevel.h``) or, as ``x.y``, in the names of its files.
    """
    for package in packages:
        if package.name in {"python", "pypy", "graalpy"}:
            free = re.search(r"_cp\d+t\Z|python\d+\.\d+t/", f"{package.python_site_packages_path} {package.build}") is not None
            return Written(package.version, "conda-meta", _IMPLEMENTATIONS[package.name], free)
    if kind == "venv":
        config = read_venv_config(prefix)
        if config.version is not None:
            free = exists(prefix / "lib" / f"python{_minor(config.version)}t")
            return Written(config.version, "pyvenv.cfg", config.implementation or "cpython", free)
    return _from_files(prefix, kind)


class Asked:
    """A Python that was started, and answers while its environment is read; or has answered before."""

    def __init__(self, executable: Path, former: Former | None) -> None:
        self.executable = executable
        self._thread = None
        self._former = former
        self._stands = _stands(executable) if former is not None else ""
        before = former.python(str(executable), self._stands) if former is not None else None
        if before is not None:
            self._answer: PythonInfo | str = before
            return
        from threading import Thread

        self._answer = "it was not asked to"
        self._thread = Thread(target=self._run, name="envkeep-asks-python", daemon=True)
        self._thread.start()

    def answer(self) -> PythonInfo | str:
        """Return what it said, or why it said nothing; waits for it."""
        if self._thread is not None:
            self._thread.join()
            if self._former is not None and isinstance(self._answer, PythonInfo):
                self._former.note_file(str(self.executable), self._stands)
        return self._answer

    def _run(self) -> None:
        self._answer = _ask(self.executable)


def _stands(executable: Path) -> str:
    """Return how everything stands that a Python starts from; empty for a script, which may start anything."""
    real = os.path.realpath(executable)
    try:
        with open(real, "rb") as file:  # noqa: PTH123
            if file.read(2) == b"#!":
                return ""
    except OSError:
        return ""
    home = os.path.dirname(os.path.dirname(real))  # noqa: PTH120
    named = re.search(r"(?:python|pypy)\d+\.\d+t?", os.path.basename(real))  # noqa: PTH119
    library = f"{home}/lib/{named[0]}" if named else f"{os.path.dirname(real)}/Lib"  # noqa: PTH120
    # the standard library's folder moves where a part of it comes or goes
    return "|".join(stand_at(path) for path in (str(executable), real, library, f"{executable.parent.parent}/pyvenv.cfg"))


def ask_early(prefix: Path, kind: EnvironmentKind, former: Former | None = None) -> Asked | None:
    """Start a prefix's Python before anything else is read, where it is clear which one that is and that it can be started here.

    Args:
        prefix: of the environment.
        kind: of the environment: an interpreter's prefix may hold several.
        former: of a former capture; it is not started where it did not move since it answered then.
    """
    executable = None if kind == "interpreter" or _is_ours(prefix) else find_executable(prefix, kind)
    if executable is None or (executable.suffix == ".exe") != (sys.platform == "win32"):
        return None
    try:
        return Asked(executable, former)
    except RuntimeError:
        # no thread can be had; it is asked later
        return None


def read_python(
    prefix: Path, kind: EnvironmentKind, written: Written | None, subdir: str, *, start: bool, asked: Asked | None = None
) -> tuple[PythonInfo | None, tuple[Problem, ...]]:
    """Return an environment's Python, and a problem where it should have been asked and could not be.

    Args:
        prefix: of the environment.
        kind: of the environment.
        written: what ``written_version`` found.
        subdir: the environment's platform: another one's Python cannot be started here.
        start: whether it may be started, for ``sys.version``; ours answers for itself in any case.
        asked: it, already started; None: nobody did.
    """
    executable = find_executable(prefix, kind, written.version if written else None)
    path = str(executable) if executable else ""
    if executable is not None and _is_ours(prefix):
        ours = _ours(path)
        # an update replaces the Python under a running process, which goes on as what it was
        if written is None or f"{ours.version}.".startswith(f"{written.version}."):
            return ours, ()
    reason = "it was not asked to"
    if executable is None:
        reason = "there is none"
    elif not _of_this_system(subdir, executable):
        reason = f"it is for {subdir}"
    elif start:
        answer = asked.answer() if asked is not None and asked.executable == executable else _ask(executable)
        if isinstance(answer, PythonInfo):
            return answer, ()
        reason = answer
    if written is None:
        if executable is None:
            return None, ()
        message = f"Python's version is not known: nothing in the environment says it, and it could not be started ({reason})"
        return None, (Problem(code="unknown-python", message=message, path=_shown(prefix, executable)),)
    expected = prefix / ("python.exe" if subdir.startswith("win-") else "bin/python")
    info = PythonInfo(
        version=written.version,
        build_text=written.version,
        executable=path or str(expected),
        source=written.source,
        implementation=written.implementation,
        free_threaded=written.free_threaded,
    )
    if not start:
        return info, ()
    message = f"the environment's Python could not be started ({reason}); its version is what {written.source} says"
    shown = _shown(prefix, executable if executable is not None else expected)
    return info, (Problem(code="python-not-started", message=message, path=shown),)


def _ask(executable: Path) -> PythonInfo | str:
    from envkeep.engines.run import run

    # a prefix of its own rules: what ours were told by variables is no concern of its Python
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "__PYVENV"))}
    try:
        done = run([str(executable), "-I", "-S", "-B", "-c", _ASK], timeout=_LIMIT, env=environment)
    except TimeoutError:
        return f"it did not answer within {_LIMIT:g} s"
    except EngineError as error:
        return error.fact
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != 4 or not re.fullmatch(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?", lines[0]):
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        return f"it ended with status {done.returncode} and said {last[:200]!r}"
    version, implementation, flags, text = lines
    return PythonInfo(
        version=version,
        build_text=text,
        executable=str(executable),
        source="interpreter",
        implementation=implementation,
        free_threaded="t" in flags,
    )


def _ours(path: str) -> PythonInfo:
    level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(sys.version_info.releaselevel)
    version = ".".join(str(part) for part in sys.version_info[:3])
    return PythonInfo(
        version=version + (f"{level}{sys.version_info.serial}" if level else ""),
        build_text=" ".join(sys.version.split()),
        executable=path,
        source="interpreter",
        implementation=sys.implementation.name,
        free_threaded="t" in getattr(sys, "abiflags", ""),
    )


def _is_ours(prefix: Path) -> bool:
    try:
        return os.path.samefile(prefix, sys.prefix)  # noqa: PTH121
    except OSError:
        return False


def _of_this_system(subdir: str, executable: Path) -> bool:
    system = {"win32": "win", "darwin": "osx"}.get(sys.platform, "linux" if sys.platform.startswith("linux") else sys.platform)
    return subdir.partition("-")[0] == system and (executable.suffix == ".exe") == (sys.platform == "win32")


def _from_files(prefix: Path, kind: EnvironmentKind) -> Written | None:
    executable = find_executable(prefix, kind)
    if executable is None:
        return None
    # /usr/bin/python3 is a link to python3.11
    match = re.search(r"python(\d+\.\d+)(t?)", os.path.basename(os.path.realpath(executable)))  # noqa: PTH119
    minors = [(match[1], match[2])] if match else []
    for library in ("lib", "lib64"):
        for entry in scan(prefix / library):
            found = re.fullmatch(r"python(\d+\.\d+)(t?)", entry.name)
            if found and not entry.is_symlink() and exists(os.path.join(entry.path, "os.py")):  # noqa: PTH118
                minors.append((found[1], found[2]))
    for minor, flag in minors:
        for header in (prefix / "include" / f"python{minor}{flag}" / "patchlevel.h", prefix / "include" / "patchlevel.h"):
            try:
                version = re.search(r'#define\s+PY_VERSION\s+"([0-9a-z.]+)', read_text(header, 1 << 20))
            except OSError:
                continue
            if version:
                return Written(version[1], "header", free_threaded=bool(flag))
        return Written(minor, "header", free_threaded=bool(flag))
    return None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _shown(prefix: Path, path: Path) -> str:
    try:
        return path.relative_to(prefix).as_posix()
    except ValueError:
        return path.as_posix()
