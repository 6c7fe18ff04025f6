#!/usr/bin/env bash
# Build an environment from a record as a module for everybody.
#   build-module.sh RECORD ROOT NAME VERSION
# Makes ROOT/NAME/VERSION (the environment, read-only) and ROOT/modulefiles/NAME/VERSION. Nothing is left where it fails.
set -euo pipefail

if [ $# -ne 4 ]; then
    echo "usage: $0 RECORD ROOT NAME VERSION" >&2
    exit 2
fi
record=$1 root=$(realpath "$2") name=$3 version=$4
here=$(dirname "$(realpath "$0")")
prefix="$root/$name/$version"

# where a file of one's own is built, its packages' link scripts may run
envkeep restore "$record" --prefix "$prefix" --strict --link-scripts --yes
envkeep verify "$record" --prefix "$prefix" --files

mkdir -p "$root/modulefiles/$name"
sed -e "s|@NAME@|$name|g" -e "s|@VERSION@|$version|g" -e "s|@PREFIX@|$prefix|g" "$here/modulefile.tcl" \
    >"$root/modulefiles/$name/$version"
chmod -R a+rX,a-w "$prefix"
echo "module use $root/modulefiles && module load $name/$version"
