#!/usr/bin/env bash
# Everything that is made from the sources, by name; ./build.sh without a name says which there are.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
. "$root/build/setup.sh"

usage() {
    cat <<'TEXT'
usage: ./build.sh TARGET

  build          the command line, ready to run as ./sss
  test [--long]  everything that ./test.sh does
  pack [FOLDER]  NuGet packages with their symbols, into build/out/packages or FOLDER
TEXT
}

# A path as the value of a property of MSBuild, for which some characters have a meaning.
escaped() { # path
    local path=${1//%/%25}
    path=${path//;/%3B}
    path=${path//\$/%24}
    path=${path//@/%40}
    path=${path//,/%2C}
    printf '%s' "$path"
}

run_logged() { # what is being done, command...
    local doing=$1
    shift
    "$@" >>"$log" 2>&1 || fail_setup "$doing"
}

pack() {
    restore_packages
    need_dotnet
    local folder=$1 began=$SECONDS
    mkdir -p "$folder"
    folder="$(cd "$folder" && pwd)"
    rm -f "$folder"/*.nupkg "$folder"/*.snupkg
    # The time that stands in the packages is the commit's, so that they do not differ from day to day.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || true)}
    export SOURCE_DATE_EPOCH
    plain_root
    cd "$plain"
    echo "Packing..." >&2
    : >"$log"
    run_logged "restoring" dotnet restore src/Sss.CSharp -v q
    run_logged "restoring" dotnet restore src/Sss.Cli -v q
    run_logged "packing" dotnet msbuild build/packages.proj -m -v:q -nologo \
        -p:Folder="$(escaped "$folder")"
    echo "$(ls "$folder"/*.nupkg | wc -l) packages in $folder, $((SECONDS - began)) s" >&2
}

case "${1:-}" in
    build) locked build_program ;;
    test) exec "$root/test.sh" "${@:2}" ;;
    pack) locked pack "${2:-$work/packages}" ;;
    "" | help | --help | -h) usage ;;
    *)
        echo "build.sh: unknown target '$1'." >&2
        usage >&2
        exit 2
        ;;
esac
