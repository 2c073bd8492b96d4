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
  vscode [FILE]  the extension for Visual Studio Code, into build/out/sss.vsix or FILE; needs Node.js
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
    run_logged "packing" env DOTNET_TieredPGO=0 dotnet msbuild build/packages.proj -m -v:q -nologo \
        -p:Folder="$(escaped "$folder")"
    echo "$(ls "$folder"/*.nupkg | wc -l) packages in $folder, $((SECONDS - began)) s" >&2
}

vscode() {
    local file=$1 major
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        echo "build.sh: the extension needs Node.js 20 or later with npm, which are not on the PATH." >&2
        exit 1
    fi
    major=$(node -p 'process.versions.node.split(".")[0]')
    if [ "$major" -lt 20 ]; then
        echo "build.sh: the extension needs Node.js 20 or later; this is $(node --version)." >&2
        exit 1
    fi
    mkdir -p "$(dirname "$file")"
    file="$(cd "$(dirname "$file")" && pwd)/$(basename "$file")"
    cd "$root/editors/vscode"
    echo "Building the extension..." >&2
    : >"$log"
    run_logged "fetching its packages" npm ci --no-audit --no-fund
    run_logged "checking its types" npm run check
    run_logged "testing it" npm test
    run_logged "packing it" npm run package -- --out "$file"
    echo "$file" >&2
}

case "${1:-}" in
    build) locked build_program ;;
    test) exec "$root/test.sh" "${@:2}" ;;
    vscode) locked vscode "${2:-$work/sss.vsix}" ;;
    pack) locked pack "${2:-$work/packages}" ;;
    "" | help | --help | -h) usage ;;
    *)
        echo "build.sh: unknown target '$1'." >&2
        usage >&2
        exit 2
        ;;
esac
