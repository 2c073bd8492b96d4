#!/usr/bin/env bash
# Writes src/Sss.CSharp/PublicAPI.Unshipped.txt anew from what the analyzer finds, so that a change
# of the facade's surface is a diff to review. Run it after such a change.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
. "$root/build/setup.sh"
file="$root/src/Sss.CSharp/PublicAPI.Unshipped.txt"
printf '#nullable enable\n' >"$file"
found=$(mktemp)
(cd "$root" && dotnet build src/Sss.CSharp -c Release -v q --nologo 2>&1 || true) |
    sed -n "s/.*error RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" |
    LC_ALL=C sort -u >"$found"
cat "$found" >>"$file"
rm -f "$found"
