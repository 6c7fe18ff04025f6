"""What lets somebody without envkeep rebuild from an unpacked archive: ``rebuild.sh``, ``rebuild.ps1``, ``README.txt``.

The scripts hold no data: names, versions and URLs stand in files beside them, which are read line by line and never expanded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkeep.planning.shell import BASH_INSTALL, BASH_TOOL, POWERSHELL_FUNCTIONS, POWERSHELL_TOOL

if TYPE_CHECKING:
    from envkeep.formats.archive_manifest import ArchiveManifest
    from envkeep.model.record import Record

__all__ = ["bash_script", "powershell_script", "readme"]

_NEEDS = {True: "conda, mamba or micromamba", False: "the Python that README.txt names"}

_BASH = """\
#!/usr/bin/env bash
# Rebuilds an environment from the files beside this script, without network and without envkeep:
#     bash rebuild.sh NEW_FOLDER
# It needs @NEEDS@. Status: 0 as recorded, 3 rebuilt but different, 1 failed (nothing is left).
set -euo pipefail
export PYTHONNOUSERSITE=1
unset PYTHONPATH PYTHONHOME

fail() { printf 'error: %s\\n' "$1" >&2; exit 1; }

if [ "$#" -ne 1 ]; then printf 'usage: bash rebuild.sh NEW_FOLDER\\n' >&2; exit 2; fi
case $1 in /*) target=$1 ;; *) target=$PWD/$1 ;; esac
if [ -e "$target" ]; then fail "$target exists already"; fi
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
here=$PWD
work=$(mktemp -d)
made=
finish() {
  status=$?
  rm -rf -- "$work"
  if [ -n "$made" ] && [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then rm -rf -- "$target"; fi
}
trap finish EXIT

# every file is as it was packed
if command -v sha256sum >/dev/null 2>&1; then sum='sha256sum'; else sum='shasum -a 256'; fi
if ! $sum -c SHA256SUMS > "$work/sums" 2>/dev/null; then
  grep -v ': OK$' "$work/sums" >&2 || :
  fail 'a file is damaged or missing'
fi

@MAKE@
python=$target/bin/python
@INSTALL@if [ -s lists/requirements.txt ]; then
  install --no-index --no-deps --force-reinstall --find-links "$here/wheels" -r lists/requirements.txt
fi
@UNWANTED@
# what came out
status=0
while IFS= read -r each; do
  if [ ! -e "$target/conda-meta/$each" ]; then printf 'differs: %s is missing\\n' "${each%.json}" >&2; status=3; fi
done < lists/records.txt
if [ -e "$python" ]; then "$python" -I -B lists/check.py lists/wanted.json || status=3; fi
if [ "$status" -eq 0 ]; then printf 'rebuilt as recorded: %s\\n' "$target"; fi
exit "$status"
"""

_BASH_CONDA = """\
@TOOL@url=$(printf '%s' "$here" | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g')
printf '@EXPLICIT\\n' > "$work/explicit.txt"
while IFS= read -r each; do printf 'file://%s/%s\\n' "$url" "$each"; done < lists/explicit.txt >> "$work/explicit.txt"
made=1
"$tool" create --yes --offline --prefix "$target" --file "$work/explicit.txt"
# after an explicit list conda and mamba would take every package for wanted
if [ -s settings/history ]; then
  { printf '==> %s <==\\n' "$(date '+%Y-%m-%d %H:%M:%S')"; cat settings/history; } > "$target/conda-meta/history"
fi
for each in pinned state; do
  if [ -e "settings/$each" ]; then cp -- "settings/$each" "$target/conda-meta/$each"; fi
done
"""

_BASH_VENV = """\
version=$(cat lists/python-version)
python=
for each in "python${version%.*}" python3 python; do
  if ! command -v "$each" >/dev/null 2>&1; then continue; fi
  if [ "$("$each" -I -c 'import platform; print(platform.python_version())')" = "$version" ]; then python=$each; break; fi
done
if [ -z "$python" ]; then fail "Python $version is needed, and is not on PATH"; fi
made=1
"$python" -I -m venv "$target"
"""

# a new venv holds what it installs with, whatever was recorded
_BASH_UNWANTED = """\
if [ -s lists/unwanted.txt ]; then "$python" -I -m pip uninstall -qq --yes -r lists/unwanted.txt; fi
"""

_POWERSHELL = """\
# Rebuilds an environment from the files beside this script, without network and without envkeep:
#     powershell -ExecutionPolicy Bypass -File rebuild.ps1 NEW_FOLDER
# It needs @NEEDS@. Status: 0 as recorded, 3 rebuilt but different, 1 failed (nothing is left).
param([Parameter(Mandatory = $true)][string]$Target)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3
$env:PYTHONNOUSERSITE = '1'
$env:PYTHONPATH = $null
$env:PYTHONHOME = $null
$here = $PSScriptRoot
$Target = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Target)
if (Test-Path -LiteralPath $Target) { [Console]::Error.WriteLine("error: $Target exists already"); exit 1 }
$work = Join-Path ([System.IO.Path]::GetTempPath()) ([System.IO.Path]::GetRandomFileName())
[void](New-Item -ItemType Directory -Path $work)
$windows = [System.IO.Path]::DirectorySeparatorChar -eq '\\'
$status = 1
$made = $false

@FUNCTIONS@function Read-Lines($name) { @(Get-Content -LiteralPath (Join-Path $here $name) -Encoding UTF8 | Where-Object { $_ }) }

try {
  # every file is as it was packed
  foreach ($line in (Read-Lines 'SHA256SUMS')) {
    $digest, $name = $line -split '  ', 2
    $found = (Get-FileHash -LiteralPath (Join-Path $here $name) -Algorithm SHA256).Hash
    if ($found -ne $digest) { throw "$name is damaged" }
  }
@MAKE@
  $python = Join-Path $Target $(if ($windows) { '@PYTHON@' } else { 'bin/python' })
  $requirements = Join-Path $here 'lists/requirements.txt'
  if ((Get-Item -LiteralPath $requirements).Length -gt 0) {
    Install $python @('--no-index', '--no-deps', '--force-reinstall', '--find-links', (Join-Path $here 'wheels'),
      '-r', $requirements)
  }
@UNWANTED@
  # what came out
  $status = 0
  foreach ($each in (Read-Lines 'lists/records.txt')) {
    if (-not (Test-Path -LiteralPath (Join-Path $Target "conda-meta/$each"))) {
      [Console]::Error.WriteLine("differs: $each is missing"); $status = 3
    }
  }
  if (Test-Path -LiteralPath $python) {
    & $python -I -B (Join-Path $here 'lists/check.py') (Join-Path $here 'lists/wanted.json')
    if ($LASTEXITCODE -ne 0) { $status = 3 }
  }
  if ($status -eq 0) { Write-Output "rebuilt as recorded: $Target" }
} catch {
  $status = 1
  [Console]::Error.WriteLine("error: $_")
} finally {
  Remove-Item -LiteralPath $work -Recurse -Force
  if ($made -and $status -eq 1 -and (Test-Path -LiteralPath $Target)) { Remove-Item -LiteralPath $Target -Recurse -Force }
}
exit $status
"""

_POWERSHELL_CONDA = """\
@TOOL@  $root = ([System.Uri]($here + [System.IO.Path]::DirectorySeparatorChar)).AbsoluteUri
  $explicit = Join-Path $work 'explicit.txt'
  Write-Lines $explicit (@('@EXPLICIT') + @(Read-Lines 'lists/explicit.txt' | ForEach-Object { $root + $_ }))
  $made = $true
  Run $tool @('create', '--yes', '--offline', '--prefix', $Target, '--file', $explicit)
  # after an explicit list conda and mamba would take every package for wanted
  $history = @(Read-Lines 'settings/history')
  if ($history) {
    $first = '==> ' + (Get-Date -Format 'yyyy-MM-dd HH:mm:ss') + ' <=='
    Write-Lines (Join-Path $Target 'conda-meta/history') (@($first) + $history)
  }
  foreach ($each in 'pinned', 'state') {
    $file = Join-Path $here "settings/$each"
    if (Test-Path -LiteralPath $file) { Copy-Item -LiteralPath $file -Destination (Join-Path $Target "conda-meta/$each") }
  }
"""

_POWERSHELL_VENV = """\
  $version = (Read-Lines 'lists/python-version')[0]
  $minor = ($version -split '\\.')[0, 1] -join '.'
  foreach ($each in @("python$minor", 'python3', 'python')) {
    if (-not (Get-Command $each -CommandType Application -ErrorAction SilentlyContinue)) { continue }
    if ((& $each -I -c 'import platform; print(platform.python_version())') -eq $version) {
      $made = $true; Run $each @('-I', '-m', 'venv', $Target); break
    }
  }
  if (-not $made) { throw "Python $version is needed, and is not on PATH" }
"""


_POWERSHELL_UNWANTED = """\
  $unwanted = Join-Path $here 'lists/unwanted.txt'
  if ((Get-Item -LiteralPath $unwanted).Length -gt 0) {
    Run $python @('-I', '-m', 'pip', 'uninstall', '-qq', '--yes', '-r', $unwanted)
  }
"""


def bash_script(*, conda: bool) -> bytes:
    """Return ``rebuild.sh`` (bash 3.2 or newer) for a conda environment or a venv."""
    return _filled(
        _BASH,
        NEEDS=_NEEDS[conda],
        MAKE=_BASH_CONDA if conda else _BASH_VENV,
        TOOL=BASH_TOOL,
        INSTALL=BASH_INSTALL,
        UNWANTED="" if conda else _BASH_UNWANTED,
    )


def powershell_script(*, conda: bool) -> bytes:
    """Return ``rebuild.ps1`` (PowerShell 5.1 or newer) for a conda environment or a venv."""
    return _filled(
        _POWERSHELL,
        NEEDS=_NEEDS[conda],
        MAKE=_POWERSHELL_CONDA if conda else _POWERSHELL_VENV,
        TOOL=POWERSHELL_TOOL,
        FUNCTIONS=POWERSHELL_FUNCTIONS,
        PYTHON="python.exe" if conda else "Scripts/python.exe",
        UNWANTED="" if conda else _POWERSHELL_UNWANTED,
    )


def _filled(text: str, **parts: str) -> bytes:
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text.encode()


def readme(record: Record, manifest: ArchiveManifest) -> bytes:
    """Return ``README.txt``: what this is, and how it is used with envkeep and without."""
    from envkeep.formats.requirement_lines import plain

    python = f"Python {record.python.version}" if record.python is not None else "no Python"
    name = plain(record.environment.name)
    lines = [
        f"The environment {name}, as it was on {manifest.created[:10]} ({record.environment.subdir}, {python})",
        "",
        "Everything that is needed to build it again, with no network: every artefact, not its address.",
        "",
        "With envkeep",
        "    envkeep restore NAME.envkeep -p NEW_FOLDER",
        "",
        "Without envkeep: unpack NAME.envkeep (it is a zip) into a folder, and there",
        "    bash rebuild.sh NEW_FOLDER",
        "    powershell -ExecutionPolicy Bypass -File rebuild.ps1 NEW_FOLDER",
    ]
    if record.conda:
        lines += [
            "",
            "or by hand, with HERE the whole path of this folder (mamba and micromamba take the same words)",
            "    conda create -p NEW_FOLDER --offline --override-channels -c file://HERE/channel --file lists/specs.txt",
            "    NEW_FOLDER/bin/python -m pip install --no-index --no-deps --find-links wheels -r lists/requirements.txt",
        ]
    elif record.python is not None:
        lines += [
            "",
            f"or by hand, with a {python} of this machine",
            "    python -m venv NEW_FOLDER",
            "    NEW_FOLDER/bin/python -m pip install --no-index --no-deps --find-links wheels -r lists/requirements.txt",
        ]
    lines += [
        "",
        "What is in it",
        "    backup/     the record and what it says in the files that conda, mamba and pip read",
        "    channel/    conda's artefacts, as a conda channel",
        "    wheels/     Python packages; simple/ is an index of them (pip install --index-url file://HERE/simple)",
        "    links/      for editable projects whose folder is where it was: the link to it, without the code",
        "    sdists/     the sources of what is on no index as a wheel",
        "    projects/   the sources of projects: NAME.bundle (git clone NAME.bundle), NAME.diff (git apply), or an archive",
        "    lists/      what the scripts read",
        "    settings/   environment variables, pins, and what was asked for",
        "    SHA256SUMS  of each file (sha256sum -c SHA256SUMS); envkeep.json has them too, and where each file came from",
    ]
    if manifest.lacking:
        lines += ["", "What could not be had"]
        lines += [f"    {plain(item.name)} ({item.kind}, {item.what}): {plain(item.reason)}" for item in manifest.lacking]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")
