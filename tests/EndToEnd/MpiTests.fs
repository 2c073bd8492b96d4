namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Text.Json.Nodes
open System.Threading
open Xunit
open Sss.Tests.EndToEnd.Running
open Sss.Tests.EndToEnd.SmallRun

/// `mpirun -n N sss train`.
type MpiTests() =

    /// Without batch normalisation and dropout, which look at one rank's images.
    let plain =
        "network Plain {\n  input 1x8x8\n  classes 10\n  conv 8 3x3 @scale(neuron); relu\n"
        + "  conv 16 3x3 @scale(neuron); relu\n  avgpool global; dense classes\n}\n"
        + "train {\n  epochs 3\n  batch 50\n  lr 0.05 cosine\n  gamma neuron=0.001\n"
        + "  augment crop=1\n}\n"

    /// The same with factors that layers share, whose gradient is a sum over these layers.
    let shared =
        "network Shared {\n  input 1x8x8\n  classes 10\n  conv 8 3x3 @scale(neuron, shared); relu\n"
        + "  residual @scale(block) {\n    conv 8 3x3 @scale(neuron); relu\n"
        + "    conv 8 3x3 @scale(neuron, shared)\n  }\n  relu\n  avgpool global; dense classes\n}\n"
        + "train {\n  epochs 3\n  batch 50\n  lr 0.05 cosine\n  gamma 0.001\n"
        + "  augment crop=1\n}\n"

    let column name (out: string) =
        let rows =
            File.ReadAllLines(Path.Combine(out, "metrics.csv"))
            |> Array.map (fun line -> line.Split ',')

        let at = Array.IndexOf(rows[0], name)

        rows[1..]
        |> Array.map (fun row -> Double.Parse(row[at], CultureInfo.InvariantCulture))

    let checkpoints (out: string) =
        let folder = Path.Combine(out, "checkpoint")

        if Directory.Exists folder then
            Directory.GetFiles(folder, "step-*.safetensors") |> Array.sort
        else
            [||]

    let accuracy (out: string) =
        let result =
            JsonNode.Parse(File.ReadAllText(Path.Combine(out, "result.json"))) |> nonNull

        (result["test"] |> nonNull).["accuracy"] |> nonNull |> _.GetValue<float>()

    let small (folder: Folder) out extra =
        arguments folder out ([ "--no-report" ] @ extra)

    let waitForCheckpoints count (child: Process) out =
        while (checkpoints out).Length < count && not child.HasExited do
            Thread.Sleep 10

    /// Trains a text alone and with so many ranks, and compares the loss curves.
    let leavesCurve name (text: string) (counts: int list) (most: float) =
        use folder = prepared ()
        File.WriteAllText(folder.File "network.sss", text)

        let words out =
            [
                "train"
                folder.File "network.sss"
                "--data"
                "digits"
                "--out"
                folder.File out
            ]
            @ [ "--threads"; "1"; "--no-report" ]

        expectCode 0 (sss (words "alone"))
        let alone = column "loss" (folder.File "alone")

        for ranks in counts do
            let out = $"ranks-{ranks}"
            let ended = Mpi.run ranks (words out)
            expectCode 0 ended

            Assert.Equal(
                $"training {name}: 1,400 images per epoch, batch 50, 3 epochs, "
                + $"{ranks} ranks of 1 thread",
                firstLine ended.Err
            )

            let apart =
                Array.map2
                    (fun (a: float) b -> abs (a - b) / a)
                    alone
                    (column "loss" (folder.File out))
                |> Array.max

            // Single precision; what differs is the order of sums.
            Assert.True(apart < most, $"{ranks} ranks: the loss differs by {apart:g2}")

    [<NeedsMpi>]
    member _.``2 and 4 ranks leave the loss curve of one process``() =
        leavesCurve "Plain" plain [ 2; 4 ] 1e-5

    [<NeedsMpi>]
    member _.``so they do with factors that layers share``() =
        // A deeper network: rounding grows to 1.1e-5 in its 84 steps.
        leavesCurve "Shared" shared [ 2 ] 1e-4

    [<NeedsMpi>]
    member _.``with batch normalisation, cuts and a target 2 ranks do as well as one``() =
        use folder = prepared ()

        // One seed differs by up to 7 % either way (359 test images, twelve epochs, statistics of half
        // batches), so the means of three are compared where there is time.
        let seeds, most =
            if Sss.Tests.Repository.isLong then
                [ "1"; "2"; "3" ], 0.06
            else
                [ "1" ], 0.12

        let differences = [
            for seed in seeds do
                let alone, two = folder.File $"alone-{seed}", folder.File $"two-{seed}"
                expectCode 0 (sss (small folder alone [ "--seed"; seed ]))
                expectCode 0 (Mpi.run 2 (small folder two [ "--seed"; seed ]))
                accuracy two - accuracy alone
        ]

        Assert.True(List.average differences > -most, $"%A{differences}")

    [<NeedsMpi>]
    member _.``any rank killed at any moment ends the job, and a resumed one leaves the same bits``
        ()
        =
        use folder = prepared ()
        let whole = folder.File "whole"
        expectCode 0 (Mpi.run 2 (small folder whole []))
        let random = Random 20180908
        let wanted = if Sss.Tests.Repository.isLong then 20 else 3
        let mutable kills = 0

        let left out =
            File.ReadAllBytes(Path.Combine(out, "network.safetensors")),
            File.ReadAllBytes(Path.Combine(out, "selected.safetensors")),
            column "loss" out

        while kills < wanted do
            let out = folder.File $"killed-{kills}"
            let mutable isDone = false

            while not isDone do
                let words = Mpi.groups [ 2, small folder out [ "--resume" ] ]
                use child = Mpi.launch "mpirun" words
                use _ = Mpi.ending child
                let before = checkpoints out
                let isMore () = checkpoints out <> before
                let clock = Stopwatch.StartNew()
                let pause = random.Next(0, 1500)

                // From the start of the ranks to some time after the next state that is kept.
                while Mpi.ranksOf child |> Array.length < 2 && not child.HasExited do
                    Thread.Sleep 5

                if random.Next 3 > 0 then
                    while not (isMore ()) && not child.HasExited do
                        Thread.Sleep 5

                Thread.Sleep pause
                let ranks = Mpi.ranksOf child

                if ranks.Length = 2 && kills < wanted then
                    use rank = Process.GetProcessById(ranks[random.Next 2])
                    let kept = checkpoints out
                    rank.Kill()
                    clock.Restart()
                    Assert.True(child.WaitForExit 60000, "the job did not end")
                    Assert.NotEqual(0, child.ExitCode)
                    // Nothing that was kept is lost.
                    Assert.True(Array.tryLast (checkpoints out) >= Array.tryLast kept)
                    kills <- kills + 1
                else
                    Assert.True(child.WaitForExit 120000, "the job did not end")
                    isDone <- child.ExitCode = 0

            Assert.Equal(left whole, left out)

    [<NeedsMpi>]
    member _.``asked to stop, all ranks end with 3, and one process goes on``() =
        use folder = prepared ()
        let out = folder.File "out"
        use child = Mpi.launch "mpirun" (Mpi.groups [ 2, small folder out [] ])
        use _ = Mpi.ending child
        waitForCheckpoints 2 child out
        // The signal that `mpirun` hands on to its ranks.
        expectCode 0 (start 10 [] "kill" [ "-USR1"; string child.Id ])
        let said = child.StandardError.ReadToEnd()
        child.WaitForExit()
        Assert.True((child.ExitCode = 3), $"{child.ExitCode}\n{said}")

        Assert.Contains(
            $"The checkpoint is {Array.last (checkpoints out)}; continue with --resume.",
            said
        )

        expectCode 0 (sss (small folder out [ "--resume" ]))
        Assert.Equal<float[]>([| 1.0 .. 12.0 |], column "epoch" out)

    [<NeedsMpi>]
    member _.``a rank that hangs ends the job with a message``() =
        use folder = prepared ()
        let out = folder.File "out"
        let words = small folder out [ "--epochs"; "500" ]
        use child = Mpi.launch "mpirun" (Mpi.groups [ 2, words ])
        use _ = Mpi.ending child
        waitForCheckpoints 1 child out
        let rank = Mpi.ranksOf child |> Array.max
        expectCode 0 (start 10 [] "kill" [ "-STOP"; string rank ])
        let said = child.StandardError.ReadToEnd()
        Assert.True(child.WaitForExit 60000, "the job did not end")
        Assert.Equal(1, child.ExitCode)

        Assert.Matches(
            "rank [01] on .*: no sign of rank [01] on .* for 8 s; it has ended, or cannot be \
             reached\. The job ends\.\n\
             Continue from the last checkpoint with --resume, with any number of ranks\.",
            said
        )

    [<NeedsMpi>]
    member _.``ranks of different runs are named with what differs``() =
        use folder = prepared ()
        let words = small folder (folder.File "out")
        let host = Environment.MachineName

        let seed =
            Mpi.runGroups [ 1, words []; 1, words [ "--seed"; "5"; "--limit"; "500" ] ]

        expectCode 1 seed
        let lines = seed.Err.TrimEnd().Split '\n'

        Assert.Equal<string list>(
            [
                $"rank 1 on {host} was not started like rank 0:"
                "  seed: 5 there, 1 at rank 0"
                "All ranks need the same program, files and options."
            ],
            // What the images are is a sum that is in no test.
            lines
            |> List.ofArray
            |> List.filter (fun line ->
                [ "  data: "; "  training images: " ] |> List.forall (line.StartsWith >> not)
            )
        )

        Assert.Contains("  data: 500 images of 1x8x8, ", seed.Err)

        let none = [ "train"; folder.File "none.sss"; "--data"; "digits"; "--out"; "x" ]
        let missing = Mpi.runGroups [ 1, words []; 1, none ]
        expectCode 1 missing
        let path = folder.File "none.sss"

        Assert.Equal(
            $"rank 1 on {host} cannot start: {path}: error SSS001: there is no file `{path}`\n\
              All ranks need the same program, files and options.",
            missing.Err.TrimEnd()
        )

        let all = Mpi.run 2 none
        expectCode 1 all
        Assert.Equal($"{path}: error SSS001: there is no file `{path}`", all.Err.TrimEnd())

    [<NeedsMpi>]
    member _.``the runs of a sweep are shared among the ranks``() =
        use folder = prepared ()

        let words out =
            [
                "sweep"
                folder.File "small.sss"
                "--data"
                "digits"
                "--out"
                folder.File out
            ]
            @ [
                "--target-macs"
                "0.6,0.4,0.3"
                "--epochs"
                "1"
                "--limit"
                "200"
                "--no-latency"
            ]
            @ [ "--threads"; "1" ]

        let two = Mpi.run 2 (words "two")
        expectCode 0 two

        for point in [ "0.6"; "0.4"; "0.3" ] do
            Assert.Contains(point, two.Out)

        Assert.True(File.Exists(Path.Combine(folder.File "two", "report.html")))
        // All is done: one process finds nothing to do, and the same table.
        let again = sss (words "two")
        expectCode 0 again
        let table (ended: Ended) = ended.Out.TrimEnd().Replace("\r", "")
        Assert.Equal(table again, table two)
