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

# Packages and the settings of .NET go below HOME, so it must be a folder that can be written to.
need_home() {
    # Without the variable, what the system has for this user.
    if [ -z "${HOME:-}" ]; then
        unset HOME
        HOME=~
        export HOME
    fi
    case "$HOME" in
        /*) ;;
        *)
            echo "sss: this user has no home folder, where packages are kept." >&2
            echo "     Set HOME to a folder that can be written to." >&2
            exit 1
            ;;
    esac
    if ! mkdir -p "$HOME/.nuget" 2>/dev/null || [ ! -w "$HOME/.nuget" ]; then
        if [ -d "$HOME" ]; then
            echo "sss: the home folder $HOME cannot be written to, and packages are kept there." >&2
        elif [ -e "$HOME" ]; then
            echo "sss: HOME is $HOME, which is not a folder; packages are kept there." >&2
        else
            echo "sss: the home folder $HOME does not exist and cannot be made; packages are kept there." >&2
        fi
        echo "     Set HOME to a folder that can be written to." >&2
        exit 1
    fi
}

need_dotnet() {
    if ! command -v dotnet >/dev/null 2>&1; then
        echo "sss: the .NET SDK is not installed: 'dotnet' was not found on the PATH." >&2
        echo "     Install any .NET 10 SDK, then run this again." >&2
        exit 1
    fi
    need_home
    local said
    if ! said=$(cd "$root" && dotnet --version 2>&1); then
        echo "sss: a .NET 10 SDK is needed, and 'dotnet --version' failed:" >&2
        printf '%s\n' "$said" | tail -n 12 >&2
        exit 1
    fi
}

# MSBuild, Paket, the compilers and the shells between them read some characters of a path as their own:
# `;` and `%` in properties, `,` and `=` in path maps, `'` in conditions, `$` in commands. A link does not
# help, since MSBuild looks up where it is. So a clone with such a path is built in a copy of its sources.
# Sets $plain, the folder to build in.
plain_root() {
    [ -z "${plain:-}" ] || return 0
    plain=$root
    if has_plain_path "$root"; then return 0; fi
    local place=${TMPDIR:-/tmp}
    has_plain_path "$place" || place=/tmp
    plain=$(mktemp -d "$place/sss-XXXXXX") || {
        echo "sss: the path of this clone has characters that build tools do not take, so it is built in a" >&2
        echo "     copy, and none can be made in $place. Set TMPDIR to a folder that can be written to." >&2
        exit 1
    }
    trap plain_done EXIT
    tar -C "$root" -cf - --exclude=./build/out --exclude=./runs --exclude=./.git --exclude=bin \
        --exclude=obj --exclude=./paket-files --exclude=./data/fashion-mnist --exclude=node_modules . | tar -C "$plain" -xf - || {
        echo "sss: the sources could not be copied to $plain, where they would be built." >&2
        exit 1
    }
    mkdir -p "$plain/build/out"
}

has_plain_path() { # path
    case "$1" in
        *[\'\"\\\`\;%\$,=@\&\#*?\(\)\{\}\<\>\|~^!]* | *[][]* | *[[:cntrl:]]*) return 1 ;;
    esac
}

# Takes the copy away again.
plain_done() {
    if [ -n "${plain:-}" ] && [ "$plain" != "$root" ]; then rm -rf "$plain"; fi
    plain=''
}

# Is the stamp newer than every file that the named places hold?
fresh() { # stamp, place...
    local stamp=$1
    shift
    [ -f "$stamp" ] || return 1
    [ -z "$(find "$@" \( -name bin -o -name obj \) -prune -o -type f -newer "$stamp" -print -quit)" ]
}

# The first place that building would write to and this user may not; nothing: all can be written.
unwritable() {
    local place
    for place in "$root/build" "$work" "$work/lock" "$root/src" "$root"/src/*/obj; do
        if [ -e "$place" ] && [ ! -w "$place" ]; then
            # A folder that is there already is not made.
            if [ "$place" = "$root/build" ] && [ -d "$work" ]; then continue; fi
            printf '%s\n' "$place"
            return
        fi
    done
}

need_writable() {
    local place owner
    place=$(unwritable)
    if [ -n "$place" ]; then
        owner=$(stat -c %U "$place" 2>/dev/null || stat -f %Su "$place" 2>/dev/null || echo "its owner")
        echo "sss: it has to be built first, and user $(id -un) may not write to $place." >&2
        echo "     Run ./sss once as $owner, or clone the repository into a folder of your own." >&2
        exit 1
    fi
}

# One at a time: two commands started together must not build into each other.
locked() {
    need_writable
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
        [ -d "${HOME:-}/.nuget/packages/torchsharp" ] && return
    need_dotnet
    plain_root
    echo "Fetching packages (once; about 400 MB)..." >&2
    : >"$log"
    (cd "$plain" && dotnet tool restore) >>"$log" 2>&1 || fail_setup "restoring the tools"
    (cd "$plain" && dotnet restore build/feed.csproj) >>"$log" 2>&1 || fail_setup "fetching packages"
    (cd "$plain" && dotnet paket restore) >>"$log" 2>&1 || fail_setup "restoring packages"
    touch "$work/packages.stamp"
}

program_fresh() {
    fresh "$work/program.stamp" "$root/src" "$root/data" "$root/docs/errors" "$root/paket.lock" "$root"/Directory.Build.* &&
        [ -f "$work/sss/sss.dll" ]
}

# Whether the program can be run as it is. Who may not write here has nothing to set up: the packages of
# another user do not matter to what needs no LibTorch, and the rest says what is missing.
ready() {
    program_fresh && { [ -d "${HOME:-}/.nuget/packages/torchsharp" ] || [ -n "$(unwritable)" ]; }
}

build_program() {
    restore_packages
    if program_fresh; then return 0; fi
    need_dotnet
    plain_root
    echo "Building sss (once, until the sources change)..." >&2
    # The stamp carries the time at which the build began: what is saved during it is built next time.
    touch "$work/program.begin"
    # The compiler ends before .NET's optimisation by profiles pays: without it a build takes a third less time.
    (cd "$plain" && DOTNET_TieredPGO=0 dotnet publish src/Sss.Cli -c Release -v q \
        -o "$plain/build/out/sss.new") >"$log" 2>&1 ||
        fail_setup "building"
    rm -rf "$work/sss"
    mv "$plain/build/out/sss.new" "$work/sss"
    mv "$work/program.begin" "$work/program.stamp"
}
