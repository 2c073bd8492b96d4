namespace Sss.Tests.Language

open System
open System.Diagnostics
open System.IO
open System.Text
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// Inputs that want to hurt end with a message. Times are guarded loosely, since machines differ;
/// what is measured is written to the test's output.
type HostileTests(output: ITestOutputHelper) =

    let timed name (text: string) =
        let before = GC.GetTotalAllocatedBytes()
        let watch = Stopwatch.StartNew()
        let result = Language.parse text
        let elapsed = watch.ElapsedMilliseconds
        let megabytes = (GC.GetTotalAllocatedBytes() - before) / 1_000_000L
        output.WriteLine $"{name}: {elapsed} ms, {megabytes} MB allocated"
        // A guard against hangs only: other tests run beside this one.
        Assert.True(elapsed < 60_000L, $"{name} took {elapsed} ms")
        result

    let refused name code (text: string) =
        match timed name text with
        | Ok _ -> Assert.Fail(name + " was accepted")
        | Error diagnostics ->
            Assert.Contains(diagnostics, (fun d -> d.Code = code))
            Assert.True(diagnostics.Length <= 101)

            for d in diagnostics do
                let drawn = Language.render "f.sss" text d
                Assert.True(drawn.Length < 3_000)

    [<Fact>]
    member _.``a line of a megabyte``() =
        // Of ten with --long.
        let many = if Sss.Tests.Repository.isLong then 10 else 1
        refused "long line" "SSS110" (String('x', many * 1_000_000) + " {")
        refused "long name" "SSS201" (wrap (String('x', many * 1_000_000) + " 3"))
        refused "long number" "SSS104" (wrap ("conv " + String('9', many * 1_000_000) + " 3x3"))

        // More numbers than the channels of an order.
        refused
            "long size"
            "SSS111"
            (wrap ("conv 8 " + String.replicate (many * 1_200_000) "3x" + "3"))

        refused "many arguments" "SSS223" (wrap ("conv " + String.replicate (many * 500_000) "1 "))

        refused
            "long sum"
            "SSS103"
            (wrap ("conv " + String.replicate (many * 500_000) "1+" + "1 3x3"))

        refused
            "semicolons"
            "SSS407"
            ("network T {\ninput 3x8x8\nclasses 10\nrelu\n"
             + String(';', many * 1_000_000)
             + "}")

        refused "garbage" "SSS110" (String.replicate (many * 300_000) "?\n")
        refused "garbage inside" "SSS101" (wrap (String.replicate (many * 300_000) "?\n"))

    [<Fact>]
    member _.``ten megabytes of statements``() =
        refused "one line" "SSS304" (wrap (String.replicate 1_700_000 "relu; "))
        refused "many lines" "SSS304" (wrap (String.replicate 600_000 "bn // one\nrelu\n"))
        // What only looks like more statements is not counted.
        let parsed =
            timed
                "comments and separators"
                (wrap ("relu // a; b\n" + String.replicate 1_100_000 "; // x; y; z\n"))

        Assert.True(Result.isOk parsed)

    [<Fact>]
    member _.``a million braces``() =
        refused "open braces" "SSS103" (wrap (String('{', 1_000_000)))
        refused "closed braces" "SSS103" (wrap (String('{', 1_000_000) + String('}', 1_000_000)))
        refused "parentheses" "SSS103" (wrap ("conv " + String('(', 1_000_000) + "1 3x3"))
        refused "signs" "SSS103" (wrap ("conv " + String('-', 1_000_000) + "1 3x3"))
        refused "residuals" "SSS103" (wrap (String.replicate 300_000 "residual {"))
        refused "concats" "SSS103" (wrap (String.replicate 300_000 "concat { } {"))

    [<Fact>]
    member _.``counts that explode``() =
        refused "repeat" "SSS304" (wrap "repeat 1000000000 { conv 8 3x3 }")
        refused "empty repeat" "SSS304" (wrap "repeat 1000000000 { }")

        refused
            "nested repeats"
            "SSS304"
            (wrap (String.replicate 12 "repeat 1000 { " + "relu" + String.replicate 12 " }"))

        let doubling inner =
            let text = StringBuilder $"def d0() {{ {inner} }}\n"

            for i in 1..40 do
                text.Append($"def d{i}() {{ d{i - 1}; d{i - 1} }}\n") |> ignore

            text.Append("d40").ToString()

        refused "doubling" "SSS304" (wrap (doubling "relu"))
        refused "doubling nothing" "SSS304" (wrap (doubling ""))

        let spreading = StringBuilder "def d0(x) { relu }\n"

        for i in 1..40 do
            spreading.Append($"def d{i}(x) {{ d{i - 1} 2*x; d{i - 1} 2*x+1 }}\n") |> ignore

        refused "doubling with new arguments" "SSS304" (wrap (spreading.Append("d40 1").ToString()))

    [<Fact>]
    member _.``long chains``() =
        let chain = StringBuilder "def d0() { relu }\n"

        for i in 1..30_000 do
            chain.Append($"def d{i}() {{ d{i - 1} }}\n") |> ignore

        refused "definitions that call the next" "SSS103" (wrap (chain.Append("d30000").ToString()))

        let ring = StringBuilder()

        for i in 0..30_000 do
            ring.Append($"def d{i}() {{ d{(i + 1) % 30_001} }}\n") |> ignore

        refused "a long ring" "SSS205" (wrap (ring.Append("d7").ToString()))

    [<Fact>]
    member _.``numbers that overflow``() =
        refused "huge" "SSS408" (wrap "repeat 20 { conv 1000000 1000000x1000000 pad=500000 }")
        refused "1e308" "SSS303" (wrap "conv 1e308*1e308 3x3")
        refused "too many channels" "SSS302" (wrap "conv 1e7 3x3")
        refused "growing maps" "SSS408" (wrap "repeat 50 { conv 1 1x1 pad=100000 }")
        refused "wide concat" "SSS408" (wrap "repeat 30 { concat { } { } }")

    [<Fact>]
    member _.``a hundred thousand layers``() =
        let lines = String.replicate 33_333 "  conv 8 3x3; bn @scale(neuron); relu\n"

        match timed "10^5 layers, a line each" (wrap lines) with
        | Ok parsed -> Assert.Equal(100_001, Seq.length (Network.layers parsed.Network))
        | Error diagnostics -> Assert.Fail diagnostics.Head.Message

        let blocks =
            "conv 8 3x3; bn\nrepeat 20000 { residual { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn @scale(neuron) } }"

        match timed "20,000 residuals" (wrap blocks) with
        | Ok parsed -> Assert.Equal(100_004, Seq.length (Network.layers parsed.Network))
        | Error diagnostics -> Assert.Fail diagnostics.Head.Message

    [<Fact>]
    member _.``files that are no texts get a message with their path``() =
        let folder = Directory.CreateTempSubdirectory "sss-language"

        try
            let file name (bytes: byte[]) =
                let path = Path.Combine(folder.FullName, name)
                File.WriteAllBytes(path, bytes)
                path

            let refused code (path: string) =
                match Language.readFile path with
                | Ok _ -> Assert.Fail path
                | Error d ->
                    Assert.Equal(code, d.Code)
                    Assert.StartsWith(path + ": error " + code, Language.render path "" d)
                    let outcome = Show.check [ path ]
                    Assert.Equal(1, outcome.ExitCode)
                    Assert.Contains(path, outcome.Errors)

            refused "SSS001" (Path.Combine(folder.FullName, "missing.sss"))
            refused "SSS001" (Path.Combine(folder.FullName, "missing", "file.sss"))
            refused "SSS002" folder.FullName
            refused "SSS004" (file "latin.sss" [| 0x6euy; 0xe9uy; 0x0auy |])
            refused "SSS005" (file "nul.sss" [| 0x6euy; 0uy; 0x0auy |])
            let large = Path.Combine(folder.FullName, "large.sss")

            using (File.Create large) (fun stream -> stream.SetLength(ReadFile.maxBytes + 1L))
            refused "SSS006" large

            // Root may read everything, so that this shows only under other users.
            if OperatingSystem.IsLinux() && Environment.UserName <> "root" then
                let locked = file "locked.sss" [| 0x6euy |]
                File.SetUnixFileMode(locked, UnixFileMode.None)
                refused "SSS003" locked

            let marked =
                file
                    "mark.sss"
                    (Array.append [| 0xefuy; 0xbbuy; 0xbfuy |] (Encoding.UTF8.GetBytes(wrap "")))

            Assert.Equal(0, (Show.check [ marked ]).ExitCode)
        finally
            folder.Delete true
