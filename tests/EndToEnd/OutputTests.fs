namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// Standard output and standard error that are closed, full or left by their reader, and files that
/// cannot be written. Each test runs a shell, since only a shell closes descriptors.
type OutputTests() =

    let example = Path.Combine(root, "examples", "digits.sss")

    /// Runs a line of bash in which `sss` is the built program.
    let bash (line: string) =
        let define = $"sss() {{ dotnet '{program}' \"$@\"; }}; "
        start 300 [ "OMP_NUM_THREADS", "1" ] "bash" [ "-c"; define + line ]

    let expect code out err (line: string) =
        if OperatingSystem.IsLinux() then
            let ended = bash line
            noStackTrace ended
            Assert.Equal(err, ended.Err)
            Assert.Equal(out, ended.Out)
            Assert.Equal(code, ended.Code)

    [<Fact>]
    member _.``standard output that is full or closed shows in the exit code``() =
        expect
            1
            ""
            "sss: standard output could not be written: No space left on device\n"
            $"sss check '{example}' >/dev/full"

        expect
            1
            ""
            "sss: standard output could not be written: it is closed\n"
            $"sss check '{example}' >&-"

    [<Fact>]
    member _.``standard error that is full or closed changes nothing else``() =
        let out = "digits.sss: Digits, 174,970 params, 1,648,256 macs, 230 factors\n"

        if OperatingSystem.IsLinux() then
            for closing in [ "2>/dev/full"; "2>&-"; "<&- 2>&-" ] do
                let ended = bash $"cd '{root}/examples'; sss check digits.sss {closing}"
                Assert.Equal((0, out), (ended.Code, ended.Out))

        expect 1 "" "" "sss check missing.sss 2>/dev/full"
        expect 1 "" "" "sss check missing.sss 2>&-"
        expect 2 "" "" "sss chekc >&- 2>&- <&-"

    [<Fact>]
    member _.``a reader that leaves early ends nothing``() =
        expect
            0
            "Digits: input 1x8x8, 10 classes\n0\n"
            ""
            $"sss show '{example}' | head -n 1; echo ${{PIPESTATUS[0]}}"

    [<Fact>]
    member _.``training outlives a terminal that is gone``() =
        if OperatingSystem.IsLinux() then
            use folder = new Folder()
            let out = folder.File "run"

            let ended =
                bash
                    $"sss train '{example}' --data digits --limit 200 --epochs 1 --threads 1 \
                      --out '{out}' >/dev/full 2>/dev/full"

            expectCode 1 ended

            for name in [ "result.json"; "report.html"; "selected.onnx"; "metrics.csv" ] do
                Assert.True(File.Exists(Path.Combine(out, name)), name)

    [<Fact>]
    member _.``a report that cannot be written is said, and the run is kept``() =
        if OperatingSystem.IsLinux() then
            use folder = new Folder()
            let out = folder.File "run"

            // Files may have 3,000 KiB: room for everything but the report, which holds plotly.js.
            let ended =
                bash
                    $"trap '' XFSZ; ulimit -f 3000; export DOTNET_EnableWriteXorExecute=0; sss train '{example}' --data digits --limit 200 \
                      --epochs 1 --threads 1 --quiet --out '{out}'"

            // After what one epoch does not recognise.
            Assert.EndsWith(
                $"the report was not written: {out}/report.html: it would be larger than the system \
                  allows a file to be\nEverything else is saved; write the report later with: sss report {out}\n",
                ended.Err
            )

            expectCode 1 ended
            Assert.Contains($"saved in   {out}\n", ended.Out)
            Assert.True(File.Exists(Path.Combine(out, "result.json")))
            Assert.False(File.Exists(Path.Combine(out, "report.html")))

    [<Fact>]
    member _.``an export never replaces a device``() =
        if OperatingSystem.IsLinux() then
            use folder = new Folder()
            let target = folder.File "pipe"
            let ended = bash $"mkfifo '{target}'; sss export nowhere --onnx '{target}'"

            Assert.Equal(
                (1, "", $"{target}: it is a pipe, not a file\n"),
                (ended.Code, ended.Out, ended.Err)
            )

            let ended = bash $"test -p '{target}'"
            Assert.Equal(0, ended.Code)

    [<Fact>]
    member _.``a text that never ends is refused at once``() =
        expect
            1
            ""
            "/dev/zero: error SSS003: `/dev/zero` cannot be read\n  it is a device, not a file\n  \
             help: give a file that contains a network\n"
            "sss check /dev/zero"

        expect
            1
            ""
            "/dev/stdin: error SSS006: `/dev/stdin` is too large\n  it has more than 67108864 bytes; the text \
             of a network may have at most 67108864\n"
            "cat /dev/zero 2>/dev/null | sss check /dev/stdin"

        let ended = bash $"cat '{example}' | sss check /dev/stdin"

        if OperatingSystem.IsLinux() then
            Assert.Equal((0, ""), (ended.Code, ended.Err))

    [<Fact>]
    member _.``numbers are read in one notation, whatever the language of the system``() =
        let refused option value message =
            let ended =
                start 60 [ "LC_ALL", "de_DE.UTF-8"; "LANG", "de_DE.UTF-8" ] "dotnet" [
                    program
                    "train"
                    example
                    "--data"
                    "digits"
                    "--out"
                    "x"
                    option
                    value
                ]

            Assert.Equal(
                (2, "", $"sss train: {message}\n'sss train --help' lists the options.\n"),
                (ended.Code, ended.Out, ended.Err)
            )

        refused "--lr" "1,5" "--lr: '1,5' is not a number; write it like 0.1 or 1e-3."

        refused
            "--target-macs"
            "0,5"
            "--target-macs: '0,5' is not a number; write it like 0.1 or 1e-3."

        refused "--epochs" "1,000" "--epochs: '1,000' is not a whole number; write it like 20."
        refused "--epochs" "١٢" "--epochs: '١٢' is not a whole number; write it like 20."
        refused "--lr" "1e400" "--lr must be a number above 0, not Infinity."

        refused
            "--epochs"
            "99999999999"
            "--epochs: 99999999999 is too large; the largest is 2147483647."

    [<Fact>]
    member _.``words of the command line are shown without what steers a terminal``() =
        let ended = sss [ "check\u001b[31m\nsss: done" ]
        Assert.Equal(2, ended.Code)

        Assert.Equal(
            "sss: unknown command 'check\\u001b[31m\\nsss: done'.\n'sss --help' lists the commands.\n",
            ended.Err
        )

        expect
            2
            ""
            "sss: 'caf\uFFFD.sss' on the command line is not UTF-8; give the file another name.\n"
            "sss check $'caf\\xe9.sss'"
