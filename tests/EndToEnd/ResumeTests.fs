namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text.Json.Nodes
open System.Threading
open Xunit
open Sss.Tests.EndToEnd.Running
open Sss.Tests.EndToEnd.SmallRun

/// Signals without a program in between: on a busy machine starting `kill` takes longer than the run.
module private Signal =

    [<DllImport("libc", EntryPoint = "kill", SetLastError = true)>]
    extern int private send(int id, int signal)

    let all = [ "TERM", 15; "INT", 2; "HUP", 1 ]

    let give (child: Process) (signal: int) =
        Assert.Equal(0, send (child.Id, signal))

/// Runs that end before their time, and continue.
type ResumeTests() =

    /// What a run leaves that must not depend on how often it was ended on the way.
    let left (out: string) =
        let result =
            JsonNode.Parse(File.ReadAllText(Path.Combine(out, "result.json"))) |> nonNull

        result.AsObject().Remove "seconds" |> ignore

        let rows =
            // All columns but the speed.
            File.ReadAllLines(Path.Combine(out, "metrics.csv"))
            |> Array.map (fun line -> line.Split ',')

        let speed = Array.IndexOf(rows[0], "images_per_second")

        result.ToJsonString(),
        rows |> Array.map (fun row -> String.Join(",", Array.removeAt speed row)),
        [
            for name in
                [
                    "network.safetensors"
                    "network.sss"
                    "selected.safetensors"
                    "selected.sss"
                    "selected.onnx"
                ] do
                name,
                Convert.ToHexString(
                    Security.Cryptography.SHA256.HashData(
                        File.ReadAllBytes(Path.Combine(out, name))
                    )
                )
        ]

    let checkpoints (out: string) =
        let folder = Path.Combine(out, "checkpoint")

        if Directory.Exists folder then
            Directory.GetFiles(folder, "step-*.safetensors") |> Array.sort
        else
            [||]

    /// Waits until a run has kept a state, or has ended.
    let waitForCheckpoint (child: Process) out =
        while (checkpoints out).Length = 0 && not child.HasExited do
            Thread.Sleep 5

    [<Fact>]
    member _.``killed at random moments and resumed, a run leaves the same bits``() =
        use folder = prepared ()
        let whole = folder.File "whole"
        expectCode 0 (sss (arguments folder whole []))
        let random = Random 20180908
        let wanted = if Sss.Tests.Repository.isLong then 20 else 8
        let mutable kills, runs = 0, 0

        // A run that comes to its end is compared, and the next one is killed.
        while kills < wanted do
            let out = folder.File $"killed-{runs}"
            use child = launch (arguments folder out [ "--resume" ])

            // From before the first step to well into the run.
            if child.WaitForExit(random.Next(300, 2500)) then
                Assert.Equal(left whole, left out)
                runs <- runs + 1
            else
                child.Kill()
                child.WaitForExit()
                kills <- kills + 1

        let out = folder.File $"killed-{runs}"
        expectCode 0 (sss (arguments folder out [ "--resume" ]))
        Assert.Equal(left whole, left out)
        Assert.Empty(Directory.GetFiles(out, ".*.tmp", SearchOption.AllDirectories))

    [<Fact>]
    member _.``asked to end by a signal, it keeps a state, exits 3 and goes on``() =
        use folder = prepared ()
        let whole = folder.File "whole"
        expectCode 0 (sss (arguments folder whole []))

        for signal, number in Signal.all do
            let out = folder.File signal
            use child = launch (arguments folder out [])
            waitForCheckpoint child out
            Signal.give child number
            let said = child.StandardError.ReadToEnd()
            child.WaitForExit()

            Assert.True((child.ExitCode = 3), $"{signal}: {child.ExitCode}\n{said}")
            let last = said.TrimEnd().Split '\n' |> Array.last

            Assert.Equal(
                $"The checkpoint is {Array.last (checkpoints out)}; continue with --resume.",
                last
            )

            // After the message all signals are one: one of them goes on, and all with --long.
            if Sss.Tests.Repository.isLong || signal = "TERM" then
                // Without a word about it, the work of the first run is not thrown away.
                let refused = sss (arguments folder out [])
                expectCode 1 refused

                Assert.Equal(
                    $"{out} contains a run that is not finished ({Array.last (checkpoints out)}).",
                    firstLine (unwarned refused.Err)
                )

                expectCode 0 (sss (arguments folder out [ "--resume" ]))
                Assert.Equal(left whole, left out)

    [<Fact>]
    member _.``a checkpoint cut short at any tenth falls back to the one before, and says so``() =
        use folder = prepared ()
        let out = folder.File "out"
        expectCode 0 (sss (arguments folder out [ "--epochs"; "4" ]))
        let expected = left out
        let files = checkpoints out
        Assert.Equal(2, files.Length)
        let bytes = File.ReadAllBytes files[1]

        for tenth in
            (if Sss.Tests.Repository.isLong then
                 [ 0..9 ]
             else
                 [ 0; 4; 9 ]) do
            File.WriteAllBytes(files[1], Array.truncate (bytes.Length * tenth / 10) bytes)
            let resumed = sss (arguments folder out [ "--epochs"; "4"; "--resume" ])
            expectCode 0 resumed

            Assert.StartsWith(
                $"a checkpoint cannot be read, continuing from the one before it: {files[1]}: at byte ",
                firstLine (unwarned resumed.Err)
            )

            Assert.Equal(expected, left out)

        // Nothing is left of either: that is said, and nothing is thrown away.
        for file in files do
            File.WriteAllText(file, "damaged")

        let refused = sss (arguments folder out [ "--epochs"; "4"; "--resume" ])
        expectCode 1 refused
        let place = Path.Combine(out, "checkpoint")
        Assert.Equal($"no checkpoint of {place} can be read:", firstLine (unwarned refused.Err))

    [<Fact>]
    member _.``another recipe is refused with what differs``() =
        use folder = prepared ()
        let out = folder.File "out"
        expectCode 0 (sss (arguments folder out [ "--epochs"; "2" ]))

        let refused =
            sss (arguments folder out [ "--epochs"; "3"; "--seed"; "2"; "--resume" ])

        expectCode 1 refused

        Assert.Equal<string[]>(
            [|
                $"{Array.last (checkpoints out)} belongs to another run:"
                "  epochs: 2 there, 3 here"
                "  seed: 1 there, 2 here"
                "Continue with the same files and options, or start again with --restart or another --out."
            |],
            (unwarned refused.Err).TrimEnd().Split '\n'
        )

        expectCode 0 (sss (arguments folder out [ "--epochs"; "1"; "--restart" ]))

    [<Fact>]
    member _.``a second run in the same folder is refused while the first is at work``() =
        use folder = prepared ()
        let out = folder.File "out"
        use child = launch (arguments folder out [ "--epochs"; "200" ])
        waitForCheckpoint child out
        let refused = sss (arguments folder out [ "--epochs"; "200"; "--resume" ])
        child.Kill()
        child.WaitForExit()
        expectCode 1 refused

        Assert.Equal(
            $"Another run is using {out}; wait for it, or choose another --out.",
            refused.Err.TrimEnd()
        )

        // Killed, it holds nothing any more.
        expectCode 0 (sss (arguments folder out [ "--epochs"; "1"; "--restart" ]))

    [<NeedsMount>]
    member _.``a full disk is said, and the run goes on once there is room``() =
        use folder = prepared ()
        let whole = folder.File "whole"
        expectCode 0 (sss (arguments folder whole []))
        let disk = Directory.CreateDirectory(folder.File "disk").FullName
        expectCode 0 (start 10 [] "mount" [ "-t"; "tmpfs"; "-o"; "size=16m"; "tmpfs"; disk ])

        try
            let out = Path.Combine(disk, "out")
            let ballast = Path.Combine(disk, "ballast")
            use child = launch (arguments folder out [])
            waitForCheckpoint child out

            // Whatever room is left goes, down to the last page.
            let fill () =
                use stream = new FileStream(ballast, FileMode.Append)

                try
                    while true do
                        stream.Write(ReadOnlySpan(Array.zeroCreate<byte> 4096))
                        stream.Flush()
                with :? IOException ->
                    ()

            fill ()
            let said = child.StandardError.ReadToEnd()
            child.WaitForExit()
            Assert.True((child.ExitCode = 1), $"{child.ExitCode}\n{said}")
            Assert.Contains("no space left on the device", said)
            Assert.Contains("continue with --resume when this is fixed.", said)
            Assert.DoesNotContain("   at ", said)
            File.Delete ballast
            expectCode 0 (sss (arguments folder out [ "--resume" ]))
            Assert.Equal(left whole, left out)
        finally
            start 10 [] "umount" [ disk ] |> ignore

    [<Fact>]
    member _.``a run stopped by its input or by a signal keeps its state``() =
        use folder = SmallRun.prepared ()
        let out = folder.File "out"

        if OperatingSystem.IsLinux() then
            use child =
                SmallRun.launchWith
                    [ "SSS_STOP_AT_END_OF_INPUT", "1" ]
                    (SmallRun.arguments folder out [ "--epochs"; "400"; "--quiet" ])

            while Directory.GetFiles(folder.Path, "step-*", SearchOption.AllDirectories).Length = 0
                  && not child.HasExited do
                Threading.Thread.Sleep 5

            child.StandardInput.Close()
            Threading.Thread.Sleep 3

            if not child.HasExited then
                Signal.give child (snd (List.find (fun (name, _) -> name = "INT") Signal.all))

            let said = child.StandardError.ReadToEnd()
            child.WaitForExit()
            Assert.True((child.ExitCode = 3), $"{child.ExitCode}\n{said}")
            Assert.Contains("continue with --resume.", said)
