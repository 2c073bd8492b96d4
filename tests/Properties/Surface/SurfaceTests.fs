namespace Sss.Tests

open System
open System.IO
open System.Reflection
open Xunit

/// What the F# packages show, held against the text of each. With SSS_ACCEPT=1 in the environment the
/// texts are written anew; the change is then a reviewed diff.
type SurfaceTests() =

    static let folder =
        Path.Combine(Repository.root, "tests", "Properties", "Surface", "Shown")

    static let packages =
        Directory.GetFiles(
            Path.Combine(Repository.root, "src"),
            "*.fsproj",
            SearchOption.AllDirectories
        )
        |> Array.filter (fun file ->
            (File.ReadAllText file).Contains "<IsPackable>true</IsPackable>"
        )
        |> Array.map (fun file -> Path.GetFileNameWithoutExtension file |> string)
        // The program's package is a tool: it shows nothing.
        |> Array.filter (fun name -> name <> "Sss.Cli")
        |> Array.sort

    /// Each package that is a library.
    static member Packages = packages |> Array.map (fun name -> [| box name |])

    [<Theory>]
    [<MemberData("Packages")>]
    member _.``a package shows what its text says``(package: string) =
        let file = Path.Combine(folder, package + ".txt")
        let shown = Surface.ofAssembly (Assembly.Load package)

        if Environment.GetEnvironmentVariable "SSS_ACCEPT" = "1" then
            Directory.CreateDirectory folder |> ignore
            File.WriteAllText(file, shown)

        Assert.Equal(File.ReadAllText file, shown)

    [<Fact>]
    member _.``every package has a text, and every text a package``() =
        Assert.Equal<string[]>(
            packages,
            Directory.GetFiles(folder, "*.txt")
            |> Array.map (fun file -> Path.GetFileNameWithoutExtension file |> string)
            |> Array.sort
        )

    [<Fact>]
    member _.``unions, records, functions and members stand in the text``() =
        let text = Surface.ofAssembly (Assembly.Load "Sss.Core")

        for line in
            [
                "union Sss.Core.FactorKind\n    | Neuron\n    | Group\n    | Block\n    | Shared\n"
                "record Sss.Core.Gamma\n    Neuron: float\n    Group: float\n    Block: float\n    Shared: float\n"
                "module Sss.Core.SinglePrecision\n"
                "    fits(value: float): bool\n"
            ] do
            Assert.Contains(line, text)
