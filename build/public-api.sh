#!/usr/bin/env bash
# Writes PublicAPI.Unshipped.txt of the libraries for C# anew from what the analyzer finds, so that a change
# of their surface is a diff to review. Run it after such a change.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
. "$root/build/setup.sh"
found=$(mktemp)
for library in Sss.Serving Sss.CSharp; do
    file="$root/src/$library/PublicAPI.Unshipped.txt"
    printf '#nullable enable\n' >"$file"
    (cd "$root" && dotnet build "src/$library" -c Release -v q --nologo 2>&1 || true) |
        sed -n "s/.*$library.*error RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" |
        LC_ALL=C sort -u >"$found"
    cat "$found" >>"$file"
done
rm -f "$found"
