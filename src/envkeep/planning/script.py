"""A plan as a script that rebuilds with conda, mamba or micromamba alone: ``rebuild.sh`` (bash), ``rebuild.ps1`` (PowerShell).

A script stops at its first error and then leaves nothing of the new environment; it ends with status 3 where what came out is not
what was recorded. Data stands in quotes, as single words: nothing in it is expanded.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from envkeep.planning.script_parts import CHECK, parts_of
from envkeep.planning.shell import BASH_INSTALL, BASH_TOOL, POWERSHELL_FUNCTIONS, POWERSHELL_TOOL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkeep.planning.plan import Plan
    from envkeep.planning.script_parts import ScriptParts

__all__ = ["bash", "powershell"]

_TYPOGRAPHIC_QUOTES = "\u2018\u2019\u201a\u201b"

_BASH_HEAD = """\
set -euo pipefail
export PYTHONNOUSERSITE=1
unset PYTHONPATH PYTHONHOME

fail() {{ printf 'error: %s\\n' "$1" >&2; exit 1; }}

target={target}
if [ -e "$target" ]; then fail "$target exists already"; fi
work=$(mktemp -d)
finish() {{
  status=$?
  rm -rf -- "$work"
  if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then rm -rf -- "$target"; fi
}}
trap finish EXIT
"""

_BASH_LOCAL = """\
same() {
  if command -v sha256sum >/dev/null 2>&1; then found=$(sha256sum -- "$1"); else found=$(shasum -a 256 -- "$1"); fi
  case $found in "$2"*|"\\\\$2"*) ;; *) fail "$1 is not the recorded artefact";; esac
}
"""

_BASH_PYTHON = """\
python=
for each in "python$minor" python3 python; do
  if ! command -v "$each" >/dev/null 2>&1; then continue; fi
  if [ "$("$each" -I -c 'import platform; print(platform.python_version())')" = "$version" ]; then python=$each; break; fi
done
if [ -z "$python" ]; then fail "Python $version is needed, and is not on PATH"; fi
"$python" -I -m venv "$target"
"""


_BASH_RECORDS = """\
  if [ ! -e "$target/conda-meta/$each" ]; then printf 'differs: %s is missing\\n' "${each%.json}" >&2; status=3; fi
done"""


def bash(plan: Plan) -> str:
    """Return a plan as a bash script (3.2 or newer).

    Raises:
        BadFormatError: a text in the plan holds a control character.
        RefusedError: link scripts are not allowed, and a package has some or may have.
    """
    parts = parts_of(plan)
    return "\n".join(_bash(parts)) + "\n"


def _bash(parts: ScriptParts) -> Iterator[str]:
    plan = parts.plan
    yield "#!/usr/bin/env bash"
    yield from _comments(parts)
    yield _BASH_HEAD.format(target=shlex.quote(plan.target))
    if parts.venv is not None:
        yield f"version={shlex.quote(parts.venv)}\nminor={shlex.quote('.'.join(parts.venv.split('.')[:2]))}\n{_BASH_PYTHON}"
    else:
        yield BASH_TOOL
    if parts.local:
        yield _BASH_LOCAL
        for path, _, digest in parts.local:
            yield f"same {shlex.quote(path)} {shlex.quote(digest)}"
    offline = " --offline" if plan.offline else ""
    if parts.explicit:
        yield _bash_file("$work/explicit.txt", ("@EXPLICIT", *parts.explicit))
        yield f'"$tool" create --yes{offline} --prefix "$target" --file "$work/explicit.txt"'
    if parts.specs:
        verb = "install --yes --freeze-installed" if parts.explicit else "create --yes"
        channels = " ".join(f"--channel {shlex.quote(channel)}" for channel in plan.channels)
        specs = " ".join(map(shlex.quote, parts.specs))
        yield f'"$tool" {verb}{offline} --prefix "$target" --override-channels {channels} {specs}'
    if parts.history:
        yield "printf '==> %s <==\\n' \"$(date '+%Y-%m-%d %H:%M:%S')\" > \"$work/history\""
        yield _bash_file("$work/history-end", parts.history)
        yield 'cat "$work/history" "$work/history-end" > "$target/conda-meta/history"'
    for name, text in parts.files:
        # variables can be secrets: nobody else reads them
        yield f"( umask 077; {_bash_file(f'$target/conda-meta/{name}', text.splitlines())} )"
    for clone in parts.clones:
        path = shlex.quote(clone.path)
        yield f"if [ -e {path} ]; then fail {shlex.quote(f'{clone.path} exists already')}; fi"
        yield f"git clone --quiet --no-checkout -- {shlex.quote(clone.url)} {path}"
        yield f"git -C {path} checkout --quiet --detach {shlex.quote(clone.commit)}"
    yield "python=$target/bin/python"
    if parts.requirements:
        yield BASH_INSTALL.rstrip()
    for lines in parts.requirements:
        yield _bash_file("$work/requirements.txt", lines)
        yield " ".join(["install", *map(shlex.quote, parts.pip_options), '-r "$work/requirements.txt"'])
    if parts.unwanted:
        yield f'"$python" -I -m pip uninstall -qq --yes {" ".join(parts.unwanted)}'
    yield "\n# what came out"
    if parts.records:
        yield "status=0\nfor each in " + " \\\n  ".join(map(shlex.quote, parts.records)) + "; do"
        yield _BASH_RECORDS
    else:
        yield "status=0"
    if parts.has_python:
        yield _bash_file("$work/wanted.json", (parts.wanted,))
        yield _bash_file("$work/check.py", CHECK.splitlines())
        yield '"$python" -I -B "$work/check.py" "$work/wanted.json" || status=3'
    yield 'if [ "$status" -eq 0 ]; then printf \'rebuilt as recorded: %s\\n\' "$target"; fi\nexit "$status"'


def _bash_file(path: str, lines: Iterable[str]) -> str:
    words = " \\\n  ".join(shlex.quote(line) for line in lines)
    return f"printf '%s\\n' \\\n  {words} > \"{path}\""


_POWERSHELL_HEAD = """\
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3
$env:PYTHONNOUSERSITE = '1'
$env:PYTHONPATH = $null
$env:PYTHONHOME = $null
$target = {target}
if (Test-Path -LiteralPath $target) {{ throw "$target exists already" }}
$work = Join-Path ([System.IO.Path]::GetTempPath()) ([System.IO.Path]::GetRandomFileName())
[void](New-Item -ItemType Directory -Path $work)
$windows = [System.IO.Path]::DirectorySeparatorChar -eq '\\'
$status = 1

{functions}
try {{"""

_POWERSHELL_PYTHON = """\
  $made = $false
  foreach ($each in @("python$minor", 'python3', 'python')) {
    if (-not (Get-Command $each -CommandType Application -ErrorAction SilentlyContinue)) { continue }
    if ((& $each -I -c 'import platform; print(platform.python_version())') -eq $version) {
      Run $each @('-I', '-m', 'venv', $target); $made = $true; break
    }
  }
  if (-not $made) { throw "Python $version is needed, and is not on PATH" }"""

_POWERSHELL_END = """\
  if ($status -eq 0) { Write-Output "rebuilt as recorded: $target" }
} catch {
  $status = 1
  [Console]::Error.WriteLine("error: $_")
} finally {
  Remove-Item -LiteralPath $work -Recurse -Force
  if ($status -eq 1 -and (Test-Path -LiteralPath $target)) { Remove-Item -LiteralPath $target -Recurse -Force }
}
exit $status"""


def powershell(plan: Plan) -> str:
    """Return a plan as a PowerShell script (5.1 or newer).

    Raises:
        BadFormatError: a text in the plan holds a control character.
        RefusedError: link scripts are not allowed, and a package has some or may have.
    """
    parts = parts_of(plan)
    return "\n".join(_powershell(parts)) + "\n"


def _powershell(parts: ScriptParts) -> Iterator[str]:
    plan = parts.plan
    yield from _comments(parts)
    yield _POWERSHELL_HEAD.format(target=_ps(plan.target), functions=POWERSHELL_FUNCTIONS)
    if parts.venv is not None:
        yield f"  $version = {_ps(parts.venv)}\n  $minor = {_ps('.'.join(parts.venv.split('.')[:2]))}"
        yield _POWERSHELL_PYTHON
    else:
        yield POWERSHELL_TOOL.rstrip()
    for path, _, digest in parts.local:
        yield f"  if ((Get-FileHash -LiteralPath {_ps(path)} -Algorithm SHA256).Hash -ne {_ps(digest)}) {{"
        yield f"    throw {_ps(f'{path} is not the recorded artefact')}\n  }}"
    offline = ", '--offline'" if plan.offline else ""
    if parts.explicit:
        yield f"  Write-Lines (Join-Path $work 'explicit.txt') {_ps_list(('@EXPLICIT', *parts.explicit))}"
        yield f"  Run $tool @('create', '--yes'{offline}, '--prefix', $target, '--file', (Join-Path $work 'explicit.txt'))"
    if parts.specs:
        verb = "'install', '--yes', '--freeze-installed'" if parts.explicit else "'create', '--yes'"
        channels = "".join(f", '--channel', {_ps(channel)}" for channel in plan.channels)
        specs = "".join(f", {_ps(spec)}" for spec in parts.specs)
        yield f"  Run $tool @({verb}{offline}, '--prefix', $target, '--override-channels'{channels}{specs})"
    if parts.history:
        when = "'==> ' + (Get-Date -Format 'yyyy-MM-dd HH:mm:ss') + ' <=='"
        yield f"  Write-Lines (Join-Path $target 'conda-meta/history') (@({when}) + {_ps_list(parts.history)})"
    for name, text in parts.files:
        yield f"  Write-Lines (Join-Path $target {_ps(f'conda-meta/{name}')}) {_ps_list(text.splitlines())}"
    for clone in parts.clones:
        path = _ps(clone.path)
        yield f"  if (Test-Path -LiteralPath {path}) {{ throw {_ps(f'{clone.path} exists already')} }}"
        yield f"  Run 'git' @('clone', '--quiet', '--no-checkout', '--', {_ps(clone.url)}, {path})"
        yield f"  Run 'git' @('-C', {path}, 'checkout', '--quiet', '--detach', {_ps(clone.commit)})"
    below = "Scripts/python.exe" if parts.venv is not None else "python.exe"
    yield f"  $python = Join-Path $target $(if ($windows) {{ '{below}' }} else {{ 'bin/python' }})"
    for lines in parts.requirements:
        yield f"  Write-Lines (Join-Path $work 'requirements.txt') {_ps_list(lines)}"
        options = "".join(f"{_ps(option)}, " for option in parts.pip_options)
        yield f"  Install $python @({options}'-r', (Join-Path $work 'requirements.txt'))"
    if parts.unwanted:
        names = "".join(f", {_ps(name)}" for name in parts.unwanted)
        yield f"  Run $python @('-I', '-m', 'pip', 'uninstall', '-qq', '--yes'{names})"
    yield "\n  # what came out\n  $status = 0"
    if parts.records:
        yield f"  foreach ($each in {_ps_list(parts.records)}) {{"
        yield '    if (-not (Test-Path -LiteralPath (Join-Path $target "conda-meta/$each"))) {'
        yield '      [Console]::Error.WriteLine("differs: $each is missing"); $status = 3\n    }\n  }'
    if parts.has_python:
        yield f"  Write-Lines (Join-Path $work 'wanted.json') {_ps_list((parts.wanted,))}"
        yield f"  Write-Lines (Join-Path $work 'check.py') {_ps_list(CHECK.splitlines())}"
        yield "  & $python -I -B (Join-Path $work 'check.py') (Join-Path $work 'wanted.json')"
        yield "  if ($LASTEXITCODE -ne 0) { $status = 3 }"
    yield _POWERSHELL_END


def _comments(parts: ScriptParts) -> Iterator[str]:
    needs = f"Python {parts.venv}" if parts.venv is not None else "conda, mamba or micromamba"
    yield f"# Rebuilds the environment {parts.plan.name}. It needs {needs}, and not envkeep."
    yield "# Status: 0 as recorded, 3 rebuilt but different, 1 failed (nothing is left)."
    for text in parts.lacking:
        yield f"# does not come back: {text}"


def _ps(text: str) -> str:
    # PowerShell ends a '...' text at typographic quotes, too; doubled, each stands for itself
    for quote in ("'", *_TYPOGRAPHIC_QUOTES):
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


def _ps_list(lines: Iterable[str]) -> str:
    return "@(" + ",\n    ".join(_ps(line) for line in lines) + ")"
