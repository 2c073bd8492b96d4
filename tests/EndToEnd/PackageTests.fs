namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.IO.Compression
open System.Reflection.Metadata
open System.Text
open System.Text.RegularExpressions
open Xunit
open Sss.Tests.EndToEnd.Running

/// What `./build.sh pack` makes, as a stranger's projects find it.
type PackageTests(packed: Packed) =

    let fileName (path: string) = Path.GetFileName path |> nonNull

    let folderOf (path: string) = Path.GetDirectoryName path |> nonNull

    let entries (file: string) =
        use archive = ZipFile.OpenRead file

        [
            for entry in archive.Entries do
                use stream = entry.Open()
                use copy = new MemoryStream()
                stream.CopyTo copy
                entry.FullName, copy.ToArray()
        ]

    let nuspec (file: string) =
        entries file
        |> List.find (fun (name, _) -> name.EndsWith ".nuspec")
        |> fun (_, bytes) -> Encoding.UTF8.GetString bytes

    let dependencies text =
        Regex.Matches(text, "<dependency id=\"([^\"]*)\" version=\"([^\"]*)\"")
        |> Seq.map (fun m -> m.Groups[1].Value, m.Groups[2].Value)
        |> List.ofSeq

    /// The package's name without its version.
    let idOf (file: string) =
        Regex.Replace(fileName file, @"\.\d+\.\d+\.\d+.*$", "")

    /// The first C# block of the README that goes into every package.
    let quickstart =
        let readme = File.ReadAllText(Path.Combine(root, "build", "package", "README.md"))
        Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value

    /// Files of a build or publish that are for other platforms than this machine's.
    let foreign (folder: string) =
        let here = Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier
        let system = here.Split('-')[0]

        let isForeign (file: string) =
            let part = Path.GetRelativePath(folder, file).Split '/'

            (part.Length > 2
             && part[0] = "runtimes"
             && part[1] <> here
             && part[1] <> system
             && part[1] <> "unix")
            || (OperatingSystem.IsLinux()
                && [ ".dylib"; ".a"; ".aar"; ".framework"; "onnxruntime.dll" ]
                   |> List.exists (fun ending -> file.EndsWith ending))

        Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        |> Array.filter isForeign

    interface IClassFixture<Packed>

    [<NeedsBash>]
    member _.``every package has a licence, a readme, a description and exact dependencies of its own``
        ()
        =
        let libraries = [
            "Sss.CSharp"
            "Sss.Core"
            "Sss.Dsl"
            "Sss.Files"
            "Sss.LibTorch"
            "Sss.Report"
            "Sss.Run"
            "Sss.Schema"
            "Sss.Serving"
            "Sss.Torch"
        ]

        Assert.Equal<string list>(
            libraries @ [ "sss" ],
            packed.Files ".nupkg"
            |> Seq.map idOf
            |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b))
            |> List.ofSeq
        )

        Assert.Equal<string[]>(
            packed.Files ".nupkg" |> Array.map idOf,
            packed.Files ".snupkg" |> Array.map idOf
        )

        for file in packed.Files ".nupkg" do
            let text = nuspec file
            Assert.Contains("<license type=\"expression\">MIT</license>", text)
            Assert.Contains("<readme>README.md</readme>", text)
            Assert.Matches("<description>.{40,}</description>", text)
            Assert.Contains("<tags>", text)

            let version = Regex.Match(text, "<version>(.*)</version>").Groups[1].Value
            let names = entries file |> List.map fst
            Assert.Contains("README.md", names)
            Assert.Contains("LICENSE", names)

            for id, wanted in dependencies text do
                // One release is one set; what is not ours may be newer, but for the pinned engine.
                if id.StartsWith "Sss." then
                    Assert.Equal($"[{version}]", wanted)
                elif id.StartsWith "TorchSharp" then
                    Assert.Matches(@"^\[.*\]$", wanted)
                else
                    Assert.Matches(@"^\d+(\.\d+)+$", wanted)

                Assert.DoesNotContain("Analyzers", id)
                Assert.DoesNotContain("Tools", id)

        let of' id =
            packed.Files ".nupkg"
            |> Seq.find (fun file -> idOf file = id)
            |> nuspec
            |> dependencies
            |> List.map fst

        Assert.Equal<string list>([ "FSharp.Core"; "FsToolkit.ErrorHandling" ], of' "Sss.Core")

        Assert.Equal<string list>(
            [ "Sss.Core"; "FParsec"; "FSharp.Core"; "FsToolkit.ErrorHandling" ],
            of' "Sss.Dsl"
        )

        Assert.Contains("TorchSharp-cpu", of' "Sss.LibTorch")
        // What the rooms must not know, no package brings.
        Assert.DoesNotContain("Sss.Torch", of' "Sss.LibTorch")
        Assert.DoesNotContain("Sss.Dsl", of' "Sss.Torch")
        Assert.DoesNotContain("Sss.Run", of' "Sss.Torch")
        Assert.Equal<string list>([ "Sss.Files"; "FSharp.Core" ], of' "Sss.Serving")
        Assert.Empty(of' "sss")

    [<NeedsBash>]
    member _.``no package names a folder of this machine or a place to get packages from``() =
        let home = Environment.GetFolderPath Environment.SpecialFolder.UserProfile

        let isOurs (name: string) =
            Regex.IsMatch(fileName name, @"^(sss|Sss\.[A-Za-z]*)\.(dll|pdb|xml|nuspec)$")
            || name.EndsWith ".targets"
            || name.EndsWith ".json"

        let traces =
            [ root; home + "/"; packed.Packages; "/v3/"; "/index.json" ]
            |> List.collect (fun text -> [
                Encoding.UTF8.GetBytes text
                Encoding.Unicode.GetBytes text
            ])

        for file in Array.append (packed.Files ".nupkg") (packed.Files ".snupkg") do
            for name, bytes in entries file |> List.filter (fun (name, _) -> isOurs name) do
                for trace in traces do
                    Assert.True(
                        bytes.AsSpan().IndexOf(ReadOnlySpan trace) < 0,
                        $"{fileName file}: {name} holds {Encoding.UTF8.GetString trace}"
                    )

                if name.EndsWith ".pdb" then
                    use stream = new MemoryStream(bytes)
                    use provider = MetadataReaderProvider.FromPortablePdbStream stream
                    let reader = provider.GetMetadataReader()

                    for handle in reader.Documents do
                        let document = reader.GetString(reader.GetDocument(handle).Name)
                        Assert.StartsWith("/_/", document)

    [<NeedsBash>]
    member _.``packing again gives the same bytes``() =
        let packages = packed.Packages
        let again = packed.File "again"
        let file = Path.Combine(root, "src", "Sss.Core", "Sss.Core.fsproj")

        start 300 packed.Environment "dotnet" [
            "pack"
            file
            "-c"
            "Release"
            "--no-build"
            $"-p:PackageOutputPath={again}/"
        ]
        |> expectCode 0

        let made = Directory.GetFiles again
        Assert.Equal(2, made.Length)

        for file in made do
            let first = Path.Combine(packages, fileName file)
            Assert.Equal<byte[]>(File.ReadAllBytes first, File.ReadAllBytes file)

    [<NeedsBash>]
    member _.``the quickstart runs in an empty C# project``() =
        let program =
            quickstart.Replace("Seed = 1", "Seed = 1, Threads = 1")
            + "Console.WriteLine($\"{small.Exactness.IsExact} {small.Network.Macs <= net.Macs / 2} {small.Evaluate(data.Test).Accuracy > 0.9}\");\n"

        Assert.Contains("Threads = 1", program)
        let app = packed.Build "csproj" "Sss.CSharp" program
        let ended = packed.Run "dotnet" [ app ]
        expectCode 0 ended
        Assert.Equal("True True True\n", ended.Out)
        Assert.True(FileInfo(packed.File "small.onnx").Length > 1000L)
        Assert.True(Directory.Exists(packed.File "restored/sss.csharp"))

        // Of LibTorch, this platform's alone.
        let copies =
            Directory.GetFiles(folderOf app, "*torch_cpu.*", SearchOption.AllDirectories)

        Assert.Single copies |> ignore
        Assert.Empty(foreign (folderOf app))

    [<NeedsBash>]
    member _.``Sss.Serving classifies a picture, and is published small and for one platform``() =
        let run = packed.File "served"

        start 300 [] "dotnet" [
            program
            "train"
            Path.Combine(root, "examples", "digits.sss")
            "--data"
            "digits"
            "--epochs"
            "1"
            "--limit"
            "64"
            "--threads"
            "1"
            "--quiet"
            "--out"
            run
        ]
        |> expectCode 0

        let picture = packed.File "picture.png"
        Pictures.png picture 30 20 (fun x y -> byte (8 * x), byte (9 * y), 100uy)

        let app =
            packed.Build
                "csproj"
                "Sss.Serving"
                "using Sss.Serving;\nusing var classifier = Classifier.Load(args[0]);\n\
                 foreach (var score in classifier.Predict(args[1]).Scores) Console.WriteLine($\"{score:R}\");\n"

        let expected =
            let ended = sss [ "predict"; run; picture; "--json"; "--threads"; "1" ]
            expectCode 0 ended
            let image = (json ended.Out).GetProperty("images")[0]

            [
                for c in image.GetProperty("classes").EnumerateArray() do
                    c.GetProperty("index").GetInt32(), c.GetProperty("score").GetDouble()
            ]
            |> List.sort
            |> List.map snd

        let published = packed.File "published"

        packed.Run "dotnet" [
            "publish"
            "sss.serving/app.csproj"
            "-c"
            "Release"
            "-r"
            "linux-x64"
            "--self-contained"
            "false"
            "-o"
            published
        ]
        |> expectCode 0

        for app in [ app; Path.Combine(published, "app.dll") ] do
            let ended = packed.Run "dotnet" [ app; Path.Combine(run, "selected.onnx"); picture ]
            expectCode 0 ended
            let scores = ended.Out.Trim().Split '\n' |> Array.map float |> List.ofArray
            Assert.Equal(expected.Length, scores.Length)
            Assert.All(List.zip expected scores, (fun (e, s) -> Assert.Equal(e, s, 1e-4)))
            Assert.Empty(foreign (folderOf app))

        let files =
            DirectoryInfo(published).GetFiles("*", SearchOption.AllDirectories)
            |> Array.filter (fun file -> file.Extension <> ".pdb")

        Assert.DoesNotContain(files, (fun file -> file.Name.Contains "torch"))
        let size = files |> Array.sumBy _.Length
        Assert.True(size <= 70_000_000L, $"{size} bytes")

        // The page has the service's, which has a few kilobytes of its own.
        let page = File.ReadAllText(Path.Combine(root, "docs", "packages.md"))

        let stated =
            Regex.Match(page, @"^\| with `Sss.Serving`.*?\| (\d+) \|", RegexOptions.Multiline)

        let said = 1e6 * float stated.Groups[1].Value

        Assert.True(
            abs (float size - said) <= 0.05 * said,
            $"{size} bytes, {said} in docs; run build/sizes.sh"
        )

    [<NeedsBash>]
    member _.``the sizes in docs are those of the packages``() =
        let page = File.ReadAllText(Path.Combine(root, "docs", "packages.md"))

        let stated =
            Regex.Matches(
                page,
                @"^\| `(\w[\w.]*)` \|.*\| (\d+) ([KM])B \|$",
                RegexOptions.Multiline
            )
            |> Seq.map (fun m ->
                m.Groups[1].Value,
                float m.Groups[2].Value * (if m.Groups[3].Value = "K" then 1e3 else 1e6)
            )
            |> Map.ofSeq

        let files = packed.Files ".nupkg"
        Assert.Equal(files.Length, stated.Count)

        for file in files do
            let name = Regex.Replace(Path.GetFileName file |> string, @"\.\d+\.\d+\.\d+.*$", "")
            let size = float (FileInfo file).Length
            let said = stated[name]

            Assert.True(
                abs (size - said) <= max 1000.0 (0.05 * size),
                $"docs/packages.md: {name} has {said} bytes there and {size} here; run build/sizes.sh"
            )

    [<NeedsBash>]
    member _.``the proximal library needs nothing native``() =
        let program =
            """open Sss.Core

// ½(x − 3)² + |x| has its minimum at 2; ½(y − 0.5)² + |y| at exactly 0.
match L1.create 1.0 with
| Error error -> printfn "%s" (PenaltyError.message error)
| Ok penalty ->
    let step state _ =
        let gradient = Array.map2 (-) state.Probe [| 3.0; 0.5 |]
        Apg.step 0.5 0.5 penalty gradient state

    let found = Seq.fold step (Apg.start [| 0.0; 5.0 |]) (seq { 1..200 })
    printfn $"%.6f{found.Iterate[0]} %b{found.Iterate[1] = 0.0}"
"""

        let app = packed.Build "fsproj" "Sss.Core" program
        let ended = packed.Run "dotnet" [ app ]
        expectCode 0 ended
        Assert.Equal("2.000000 true\n", ended.Out)

        let folder = folderOf app

        Assert.Equal<string list>(
            [ "FSharp.Core.dll"; "FsToolkit.ErrorHandling.dll"; "Sss.Core.dll"; "app.dll" ],
            Directory.GetFiles(folder, "*.dll")
            |> Seq.map (fun file -> fileName file)
            |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b))
            |> List.ofSeq
        )

        Assert.False(Directory.Exists(Path.Combine(folder, "runtimes")))

    [<NeedsBash>]
    member _.``the tool installs, checks and says what the machine offers``() =
        packed.Run "dotnet" [
            "tool"
            "install"
            "sss"
            "--tool-path"
            "tools"
            "--prerelease"
            "--configfile"
            "nuget.config"
        ]
        |> expectCode 0

        let tool = packed.File "tools/sss"
        let digits = Path.Combine(root, "examples", "digits.sss")
        let ended = packed.Run tool [ "check"; digits ]
        expectCode 0 ended
        Assert.StartsWith($"{digits}: Digits, 174,970 params", ended.Out)

        let ended = packed.Run tool [ "doctor" ]
        expectCode 0 ended
        Assert.Matches(@"libtorch +2\.10\.0 in ", ended.Out)

        let ended =
            packed.Run tool [
                "train"
                digits
                "--data"
                "digits"
                "--out"
                "run"
                "--epochs"
                "1"
                "--limit"
                "64"
                "--threads"
                "1"
            ]

        expectCode 0 ended
        Assert.True(File.Exists(packed.File "run/selected.onnx"))
