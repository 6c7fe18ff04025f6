#!/usr/bin/env bash
# Put everything into one folder that a machine without network needs to rebuild a backup.
#   carry.sh BACKUP FOLDER
# ENVKEEP_REQUIREMENT: what to carry envkeep as, for pip; by default its release with the embedded engine.
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: $0 BACKUP FOLDER" >&2
    exit 2
fi
backup=$1 folder=$2
here=$(dirname "$(realpath "$0")")

mkdir -p "$folder/wheels"
envkeep pack "$backup" --output "$folder/environment.envkeep" --strict
python3 -m pip download --quiet --only-binary=:all: --dest "$folder/wheels" "${ENVKEEP_REQUIREMENT:-envkeep[engine]}"
cp "$here/rebuild.sh" "$folder"
echo "carry $folder to the instrument, and run there: rebuild.sh TARGET"
