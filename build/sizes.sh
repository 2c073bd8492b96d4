#!/usr/bin/env bash
# Writes the sizes of the packages, and of a program with Sss.Serving, into docs/packages.md.
# Packs and publishes, which takes minutes. A test compares the page with what it packs.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
. "$root/build/setup.sh"
page="$root/docs/packages.md"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# Bytes as the page writes them.
size_text() { # bytes
    if [ "$1" -lt 1000000 ]; then
        echo "$((($1 + 500) / 1000)) KB"
    else
        echo "$((($1 + 500000) / 1000000)) MB"
    fi
}

# The bytes of all files below a folder whose names fit a pattern, symbols apart.
bytes() { # folder, pattern
    find "$1" -type f -name "$2" ! -name '*.pdb' -printf '%s\n' | awk '{ s += $1 } END { printf "%d", s }'
}

megabytes() { # folder, pattern
    echo "$((($(bytes "$1" "$2") + 500000) / 1000000))"
}

"$root/build.sh" pack "$place/packages"
for package in "$place"/packages/*.nupkg; do
    name=$(basename "$package" | sed -E 's/\.[0-9]+\.[0-9]+\.[0-9]+.*$//')
    size=$(size_text "$(stat -c %s "$package")")
    sed -i -E "s/^(\| \`$name\` \|.*\|) [0-9]+ [KM]B \|$/\1 $size |/" "$page"
done

echo "Publishing a program with Sss.Serving..." >&2
dotnet publish "$root/examples/service" -c Release -r linux-x64 --self-contained false \
    -p:PublishReadyToRun=false -o "$place/service" -v q --nologo >"$log" 2>&1 || fail_setup "publishing examples/service"
all=$(megabytes "$place/service" '*')
onnx=$(megabytes "$place/service" 'libonnxruntime*')
skia=$(megabytes "$place/service" '*SkiaSharp*')
core=$(megabytes "$place/service" 'FSharp.Core.dll')
sed -i -E "s/^(\| with \`Sss.Serving\`.*\|) [0-9]+ \| .*$/\1 $all | $onnx ONNX Runtime, $skia SkiaSharp, $core FSharp.Core |/" "$page"
git -C "$root" diff --stat -- docs/packages.md
