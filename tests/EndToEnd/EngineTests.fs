namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.Text
open Xunit
open Sss.Tests.EndToEnd.Running

/// A fact that asks for Debian's PyTorch, an older one than the binding is made for.
type NeedsOldTorch() as fact =
    inherit FactAttribute()

    do
        if not (File.Exists "/usr/lib/python3/dist-packages/torch/lib/libtorch_cpu.so") then
            fact.Skip <- "Debian's package python3-torch is not there"

/// A fact that reads Linux's libraries.
type NeedsLinux() as fact =
    inherit FactAttribute()

    do
        if not (OperatingSystem.IsLinux()) then
            fact.Skip <- "the folder of LibTorch is looked into on Linux alone"

/// A fact about processors that others use.
type NeedsTwoCores() as fact =
    inherit NeedsLinux()

    do
        if Environment.ProcessorCount < 2 then
            fact.Skip <- "there is one processor: one thread in any case"

/// SSS_LIBTORCH, `--device` and `--precision` on the built program.
type EngineTests() =

    /// The folder of the LibTorch that the program finds by itself.
    let own () =
        let ended = sss [ "doctor" ]
        expectCode 0 ended

        let line =
            ended.Out.Split '\n' |> Array.find (fun line -> line.StartsWith "libtorch ")

        let from = line.IndexOf " in " + 4
        line.Substring(from, line.LastIndexOf ", from " - from)

    let withLibTorch folder args =
        start 600 [ "SSS_LIBTORCH", folder ] "dotnet" (program :: args)

    /// Links to a folder's files, in a folder of one's own.
    let link (source: string) (target: string) =
        Directory.CreateDirectory target |> ignore

        for file in Directory.GetFiles source do
            let name = Path.GetFileName file |> nonNull
            File.CreateSymbolicLink(Path.Combine(target, name), file) |> ignore

    [<NeedsLinux>]
    member _.``the same LibTorch from a folder of the user's gives the same bits``() =
        use folder = SmallRun.prepared ()
        link (own ()) (folder.File "libtorch/lib")

        let train out environment =
            let args =
                SmallRun.arguments folder out [ "--epochs"; "2"; "--quiet"; "--no-report" ]

            expectCode 0 (start 600 environment "dotnet" (program :: args))
            File.ReadAllBytes(Path.Combine(out, "network.safetensors"))

        let expected = train (folder.File "a") []
        let found = train (folder.File "b") [ "SSS_LIBTORCH", folder.File "libtorch" ]
        Assert.Equal<byte[]>(expected, found)

    [<NeedsLinux>]
    member _.``a LibTorch that lacks a symbol is reported before it is loaded``() =
        use folder = SmallRun.prepared ()
        let lib = folder.File "libtorch/lib"
        link (own ()) lib
        File.WriteAllText(folder.File "libtorch/build-version", "2.10.0+doctored\n")
        let file = Path.Combine(lib, "libc10.so")
        let content = File.ReadAllBytes file
        let name = "_ZN3c1013InferenceMode10is_enabledEv"
        let at = content.AsSpan().IndexOf(ReadOnlySpan(Encoding.ASCII.GetBytes name))
        content[at + name.Length - 1] <- byte 'X'
        File.Delete file
        File.WriteAllBytes(file, content)

        let message =
            $"The LibTorch in {lib}, version 2.10.0+doctored, does not fit: LibTorch 2.10.0 is needed. \
              It lacks 1 of the 1204 symbols that are needed; the first is\n  \
              c10::InferenceMode::is_enabled ({name})\nSet SSS_LIBTORCH to LibTorch 2.10.0, or unset \
              it.\n"

        for args in [ [ "doctor" ]; SmallRun.arguments folder (folder.File "out") [ "--quiet" ] ] do
            let ended = withLibTorch (folder.File "libtorch") args
            expectCode 1 ended
            Assert.Equal(message, ended.Err)

    [<NeedsTwoCores>]
    member _.``beside busy processes it computes with fewer threads, says so, and keeps that number``
        ()
        =
        use folder = SmallRun.prepared ()
        let out = folder.File "out"

        let train more =
            [ "train"; folder.File "small.sss"; "--data"; "digits"; "--out"; out ]
            @ [ "--validation"; "0.1"; "--epochs"; "2"; "--no-report" ]
            @ more
            |> fun args -> start 600 [ "OMP_NUM_THREADS", "" ] "dotnet" (program :: args)

        let spin () =
            Diagnostics.Process.Start("/bin/bash", [ "-c"; "while :; do :; done" ])

        let loops = List.init (2 * Environment.ProcessorCount) (fun _ -> spin ())

        let ended =
            try
                train []
            finally
                for loop in loops do
                    loop.Kill()
                    loop.WaitForExit()
                    loop.Dispose()

        expectCode 0 ended

        Assert.Matches(
            @"(?m)^computing with \d+ threads?: other processes use \d\.\d of \d+ cores \(--threads sets another number\)$",
            ended.Err
        )

        let threads () =
            (jsonFile (Path.Combine(out, "result.json")))
                .GetProperty("arithmetic")
                .GetProperty("threads")
                .GetInt32()

        let chosen = threads ()
        Assert.InRange(chosen, 1, Environment.ProcessorCount - 1)

        // The run that is continued has that number too, whatever the machine does now.
        expectCode 0 (train [ "--resume" ])
        Assert.Equal(chosen, threads ())

    [<NeedsOldTorch>]
    member _.``a PyTorch of another version is reported with its version``() =
        let ended = withLibTorch "/usr/lib/python3/dist-packages" [ "doctor" ]
        expectCode 1 ended
        Assert.Contains("version 1.13.", ended.Err)
        Assert.Contains("LibTorch 2.10.0 is needed", ended.Err)
        Assert.Matches(@"It lacks \d+ of the 1204 symbols", ended.Err)

    [<Fact>]
    member _.``a folder without LibTorch is an error, not another LibTorch``() =
        use folder = new Folder()
        let ended = withLibTorch folder.Path [ "doctor" ]
        expectCode 1 ended
        Assert.StartsWith("SSS_LIBTORCH is set to a folder without LibTorch", ended.Err)
        Assert.Contains("\n  " + folder.Path, ended.Err)

    [<Fact>]
    member _.``CUDA that is not there is an error in every command, and nothing is written``() =
        use folder = SmallRun.prepared ()
        let out = folder.File "out"
        let small = folder.File "small.sss"

        for args in
            [
                SmallRun.arguments folder out [ "--device"; "cuda" ]
                [ "verify"; small; "--device"; "cuda:1" ]
            ] do
            let ended = sss args
            expectCode 1 ended

            Assert.Matches(
                @"^The device cuda:\d is not available: the LibTorch in .* without CUDA",
                ended.Err
            )

        Assert.False(File.Exists(Path.Combine(out, "result.json")))

    [<Fact>]
    member _.``words that are no device or precision are wrong usage``() =
        use folder = SmallRun.prepared ()
        let train = SmallRun.arguments folder (folder.File "out")

        for args, said in
            [
                train [ "--device"; "gpu" ],
                "sss train: --device: 'gpu' is unknown; devices are cpu, cuda and cuda:INDEX."
                train [ "--precision"; "bf8" ],
                "sss train: --precision: 'bf8' is unknown; precisions are float32, bf16 and auto."
                [ "verify"; folder.File "small.sss"; "--device"; "cuda:x" ],
                "sss verify: --device: 'cuda:x' is unknown; devices are cpu, cuda and cuda:INDEX."
            ] do
            let ended = sss args
            expectCode 2 ended
            Assert.StartsWith(said, ended.Err)

    [<Fact>]
    member _.``auto says what it computes with, and result.json has it``() =
        use folder = SmallRun.prepared ()
        let out = folder.File "out"
        let ended = sss (SmallRun.arguments folder out [ "--precision"; "auto" ])
        expectCode 0 ended

        let run = json (File.ReadAllText(Path.Combine(out, "result.json")))
        let precision = run.GetProperty("arithmetic").GetProperty("precision").GetString()
        Assert.Contains($"computing in {precision}: ", ended.Err)

    [<Fact>]
    member _.``a sweep has one precision``() =
        use folder = SmallRun.prepared ()

        let ended =
            sss [
                "sweep"
                folder.File "small.sss"
                "--data"
                "digits"
                "--out"
                folder.File "out"
                "--gamma"
                "0.1"
                "--precision"
                "auto"
            ]

        expectCode 2 ended

        Assert.StartsWith(
            "sss sweep: --precision: a sweep compares runs of one precision; give float32 or bf16.",
            ended.Err
        )

    [<Fact>]
    member _.``doctor shows where LibTorch is from and what it offers``() =
        let ended = sss [ "doctor"; "--json" ]
        expectCode 0 ended
        let facts = json ended.Out

        let text (name: string) =
            facts.GetProperty(name).GetString() |> nonNull

        Assert.Matches("^2.10.0 in .*, from (NuGet's cache|the program's folder)$", text "libtorch")
        Assert.Equal("cpu", text "device")
        Assert.Equal("off: it needs cuda", text "tf32")
        Assert.StartsWith("not available: the LibTorch in ", text "cuda")

        if OperatingSystem.IsLinux() then
            Assert.Equal("all 1204 that the binding needs are there", text "symbols")
