#!/usr/bin/env bash
# Rebuild an environment from a folder of backups, hold every file against its hash, and keep the proof beside it.
#   rebuild.sh BACKUPS ENVIRONMENT TARGET [BACKUP]
# BACKUP: a stamp, a date, a tag; by default the latest. Status: 0 exact, 3 otherwise, 1 an error (then TARGET is not there).
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: $0 BACKUPS ENVIRONMENT TARGET [BACKUP]" >&2
    exit 2
fi
backups=$1 environment=$2 target=$3 backup=${4:-latest}

if ! command -v envkeep >/dev/null; then
    echo "envkeep is not installed; do: pipx install 'envkeep[engine]'" >&2
    exit 1
fi

status=0
envkeep restore "$environment@$backup" --prefix "$target" --home "$backups" --yes || status=$?
[ "$status" = 0 ] || [ "$status" = 3 ] || exit "$status"

proof="$target.verified.json"
verified=0
envkeep verify "$environment@$backup" --prefix "$target" --home "$backups" --files --json >"$proof" || verified=$?
[ "$verified" = 0 ] || [ "$verified" = 3 ] || exit "$verified"
echo "what came out, package by package: $proof"
[ "$status" = 0 ] && [ "$verified" = 0 ] || exit 3
