"""What our rebuild scripts say in the same words, in bash and in PowerShell: those of a plan, and those of a packed archive.

What stands around it differs: a plan's script holds its data, an archive's reads it from files beside it.
"""

from __future__ import annotations

__all__ = ["BASH_INSTALL", "BASH_TOOL", "POWERSHELL_FUNCTIONS", "POWERSHELL_TOOL"]

# sets $tool; needs fail
BASH_TOOL = """\
tool=
for each in "${MAMBA_EXE:-}" "${CONDA_EXE:-}" micromamba mamba conda; do
  if [ -n "$each" ] && command -v "$each" >/dev/null 2>&1; then tool=$each; break; fi
done
if [ -z "$tool" ]; then fail 'conda, mamba or micromamba is needed, and none is there'; fi
"""

# takes the options that pip and uv share; needs fail and $python. -I: a pip.py in the current folder is not pip
BASH_INSTALL = """\
install() {
  if "$python" -I -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)"; then
    "$python" -I -m pip install --no-input --disable-pip-version-check "$@"
  elif command -v uv >/dev/null 2>&1; then
    uv pip install --python "$python" "$@"
  else
    fail 'the environment has no pip, and there is no uv'
  fi
}
"""

POWERSHELL_FUNCTIONS = """\
function Run($program, [string[]]$arguments) {
  & $program @arguments
  if ($LASTEXITCODE -ne 0) { throw "$program $arguments failed with status $LASTEXITCODE" }
}
function Install($python, [string[]]$arguments) {
  & $python -I -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)"
  if ($LASTEXITCODE -eq 0) {
    Run $python (@('-I', '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check') + $arguments)
  } elseif (Get-Command 'uv' -CommandType Application -ErrorAction SilentlyContinue) {
    Run 'uv' (@('pip', 'install', '--python', $python) + $arguments)
  } else {
    throw 'the environment has no pip, and there is no uv'
  }
}
function Write-Lines($path, [string[]]$lines) {
  # no byte order mark, which conda and pip stumble over
  [System.IO.File]::WriteAllText($path, ($lines -join "`n") + "`n")
}
"""

# sets $tool, within try
POWERSHELL_TOOL = """\
  $tool = $null
  foreach ($each in @($env:MAMBA_EXE, $env:CONDA_EXE, 'micromamba', 'mamba', 'conda')) {
    if ($each -and (Get-Command $each -CommandType Application -ErrorAction SilentlyContinue)) { $tool = $each; break }
  }
  if (-not $tool) { throw 'conda, mamba or micromamba is needed, and none is there' }
"""
