#!/usr/bin/env bash
# Rebuild the packed environment beside this script, with no network. Status: 0 exact, 3 otherwise, 1 an error.
#   rebuild.sh TARGET
# Where envkeep is not installed, it is, from the wheels beside this script, into ~/.local/share/envkeep-tool.
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: $0 TARGET" >&2
    exit 2
fi
target=$1
here=$(dirname "$(realpath "$0")")

if ! command -v envkeep >/dev/null; then
    tool="$HOME/.local/share/envkeep-tool"
    python3 -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet --no-index "$here"/wheels/*.whl
    PATH="$tool/bin:$PATH"
fi

# it was packed from one's own environment: its packages' link scripts may run
envkeep restore "$here/environment.envkeep" --prefix "$target" --offline --link-scripts --yes
envkeep verify "$here/environment.envkeep" --prefix "$target" --files
