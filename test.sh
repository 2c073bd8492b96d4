#!/usr/bin/env bash
# Sets up, checks the format, builds with warnings as errors, and runs every test.
# The last line is the totals. --long adds the soaks.
set -uo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
. "$root/build/setup.sh"
cd "$root" || exit 1
# Builds and tests end before .NET's optimisation by profiles pays: without it a build takes a third less time.
export DOTNET_TieredPGO=0

for argument in "$@"; do
    case "$argument" in
        --long) export SSS_TESTS_LONG=1 ;;
        *)
            echo "test.sh: unknown argument '$argument'; the only one is --long." >&2
            exit 2
            ;;
    esac
done

passed=0 failed=0 skipped=0

# A stage that is not a test project counts as one test, so that its failure shows in the totals.
stage() { # name, command...
    local name=$1 began=$SECONDS
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
        echo "   $name: ok, $((SECONDS - began)) s"
    else
        failed=$((failed + 1))
        echo "   $name: FAILED, $((SECONDS - began)) s"
        return 1
    fi
}

finish() {
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

# What some end-to-end tests compare with. Where this cannot be had, those tests skip and say why.
peers() {
    local wanted=() package
    for package in python3-torch python3-torchvision python3-onnx python3-numpy \
        libonnx-testdata dataset-fashion-mnist chromium openmpi-bin iproute2 neovim; do
        dpkg -s "$package" >/dev/null 2>&1 || wanted+=("$package")
    done
    [ ${#wanted[@]} -eq 0 ] && return
    echo "   installing ${wanted[*]}"
    (apt-get update -qq && apt-get install -y -qq --no-install-recommends "${wanted[@]}") >"$work/apt.log" 2>&1 ||
        echo "   they could not be installed; see $work/apt.log. Tests that need them will skip."
}

# The counters of one project's result file; a run without one is a failure of its own.
count() { # trx
    local counters
    counters=$(grep -o '<Counters [^>]*>' "$1" 2>/dev/null | head -n 1)
    if [ -z "$counters" ]; then
        failed=$((failed + 1))
        return 1
    fi
    local total executed good
    total=$(sed 's/.* total="\([0-9]*\)".*/\1/' <<<"$counters")
    executed=$(sed 's/.* executed="\([0-9]*\)".*/\1/' <<<"$counters")
    good=$(sed 's/.* passed="\([0-9]*\)".*/\1/' <<<"$counters")
    passed=$((passed + good))
    failed=$((failed + executed - good))
    skipped=$((skipped + total - executed))
}

# Runs the tests of one project; their results are in a file of its name.
run_tests() { # project
    local name
    name=$(basename "$1")
    rm -f "$work/results/$name.trx"
    dotnet test "$1" -c Release --no-build --nologo -v q \
        --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
        --results-directory "$work/results"
}

# Adds a project's results to the totals.
tally() { # project, exit status of its run, seconds
    local name before=$failed
    name=$(basename "$1")
    count "$work/results/$name.trx"
    # A host that dies after its last result still fails.
    if [ "$2" -ne 0 ] && [ "$failed" -eq "$before" ]; then failed=$((failed + 1)); fi
    echo "   tests/$name: $3 s"
}

# A copy of the sources where their own path cannot be built in; its tests are those of this clone.
plain_root
if [ "$plain" != "$root" ]; then
    bash "$plain/test.sh" "$@"
    exit
fi

stage "set-up" locked restore_packages || finish
stage "format" dotnet fantomas --check src tests examples bench
stage "program" locked build_program || finish
stage "build" dotnet build Sss.sln -c Release -v q --nologo || finish

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then peers; fi

mkdir -p "$work/results"
# The laws take one core for most of the time, so they run beside the rest. They make garbage by the gigabyte: collecting it
# only after each 128 MB, without a thread of its own, halves their time.
began=$SECONDS
DOTNET_GCgen0size=0x8000000 DOTNET_gcConcurrent=0 \
    run_tests tests/Properties >"$work/results/Properties.log" 2>&1 &
laws=$!

for project in tests/Report tests/Facade tests/EndToEnd tests/Docs; do
    echo "== $project"
    one=$SECONDS
    run_tests "$project"
    tally "$project" $? $((SECONDS - one))
done

echo "== tests/Properties"
wait "$laws"
status=$?
cat "$work/results/Properties.log"
tally tests/Properties "$status" $((SECONDS - began))
finish
