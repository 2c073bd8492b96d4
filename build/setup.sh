# Shared by ./sss and ./test.sh: what both need before they can do their work.
# Sourced, never run. Expects $root, the folder of the repository.

# One cache folder for NuGet and Paket, whatever the machine says elsewhere: paket.dependencies
# names it as its source.
unset NUGET_PACKAGES
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Build servers would outlive the command.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

work="$root/build/out"
log="$work/setup.log"

fail_setup() {
    echo "sss: setting up failed while $1. The end of $log:" >&2
    tail -n 20 "$log" >&2
    exit 1
}

need_dotnet() {
    if ! command -v dotnet >/dev/null 2>&1; then
        echo "sss: the .NET SDK is not installed: 'dotnet' was not found on the PATH." >&2
        echo "     Install any .NET 10 SDK, then run this again." >&2
        exit 1
    fi
    if ! (cd "$root" && dotnet --version >/dev/null 2>&1); then
        echo "sss: no .NET 10 SDK was found; 'dotnet --list-sdks' shows what is installed." >&2
        exit 1
    fi
}

# Is the stamp newer than every file that the named places hold?
fresh() { # stamp, place...
    local stamp=$1
    shift
    [ -f "$stamp" ] || return 1
    [ -z "$(find "$@" \( -name bin -o -name obj \) -prune -o -type f -newer "$stamp" -print -quit)" ]
}

# One at a time: two commands started together must not build into each other.
locked() {
    mkdir -p "$work"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$work/lock"
        flock 9
        "$@"
        flock -u 9
        exec 9>&-
    else
        "$@"
    fi
}

restore_packages() {
    fresh "$work/packages.stamp" "$root/paket.dependencies" "$root/paket.lock" \
        "$root/.config/dotnet-tools.json" "$root/build/feed.csproj" "$root/global.json" &&
        [ -d "$HOME/.nuget/packages/torchsharp" ] && return
    need_dotnet
    echo "Fetching packages (once; about 400 MB)..." >&2
    : >"$log"
    (cd "$root" && dotnet tool restore) >>"$log" 2>&1 || fail_setup "restoring the tools"
    (cd "$root" && dotnet restore build/feed.csproj) >>"$log" 2>&1 || fail_setup "fetching packages"
    (cd "$root" && dotnet paket restore) >>"$log" 2>&1 || fail_setup "restoring packages"
    touch "$work/packages.stamp"
}

build_program() {
    restore_packages
    local inputs=("$root/src" "$root/data" "$root/paket.lock" "$root"/Directory.Build.*)
    fresh "$work/program.stamp" "${inputs[@]}" && [ -f "$work/sss/sss.dll" ] && return
    need_dotnet
    echo "Building sss (once, until the sources change)..." >&2
    # The stamp carries the time at which the build began: what is saved during it is built next time.
    touch "$work/program.begin"
    (cd "$root" && dotnet publish src/Sss.Cli -c Release -v q -o "$work/sss.new") >"$log" 2>&1 ||
        fail_setup "building"
    rm -rf "$work/sss"
    mv "$work/sss.new" "$work/sss"
    mv "$work/program.begin" "$work/program.stamp"
}
