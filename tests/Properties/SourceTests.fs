/// Rules that the sources keep and no compiler checks.
module Sss.Tests.SourceTests

open System
open System.IO
open System.Text.RegularExpressions
open FSharp.Reflection
open Xunit

/// Unions that grow when an operation, a join or an activation is added.
let private growing =
    Regex(
        @"(?<![\w.])((Op|Node|DraftNode|Step|ScopeTree|Coupling|Family|Takes|Carries|Grouping|ArrayRole|ArrayPart|Known)\.[A-Z]"
        + @"|(Relu|Relu6|LeakyRelu|Silu|Gelu|HardSwish|HardSigmoid|Mish|Elu|Tanh|Sigmoid)\b)"
    )

/// A case that takes whatever is left: `| _ ->`, `| _, _ ->` or `| other ->`.
let private catchAll = Regex(@"^\s*\| (_(, _)*|[a-z]\w*)( when .*)?( ->.*)?$")

let private indentOf (line: string) = line.Length - line.TrimStart().Length

/// The patterns that stand before line `i` in the same match.
let private patternsBefore (lines: string[]) i : string list =
    let indent = indentOf lines[i]

    let rec back j found =
        if j < 0 then
            found
        else
            let line = lines[j]

            if String.IsNullOrWhiteSpace line || indentOf line > indent then
                back (j - 1) found
            elif indentOf line = indent && line.TrimStart().StartsWith '|' then
                back (j - 1) (line.Split("->")[0] :: found)
            else
                found

    back (i - 1) []

/// Line numbers of catch-all cases among patterns of a growing union.
let private violations (lines: string[]) : int list = [
    for i in 0 .. lines.Length - 1 do
        if
            catchAll.IsMatch lines[i]
            && patternsBefore lines i |> List.exists growing.IsMatch
        then
            i + 1
]

let private sources =
    Directory.EnumerateFiles(
        Path.Combine(Sss.Tests.Repository.root, "src"),
        "*.fs",
        SearchOption.AllDirectories
    )
    |> Seq.filter (fun path ->
        let parts = path.Split Path.DirectorySeparatorChar
        not (Array.contains "obj" parts || Array.contains "bin" parts)
    )
    |> List.ofSeq

[<Fact>]
let ``no match over operations, nodes or joins has a case for the rest`` () =
    Assert.True(sources.Length > 200, $"only {sources.Length} sources were found")

    let found = [
        for path in sources do
            for line in violations (File.ReadAllLines path) do
                $"{Path.GetRelativePath(Sss.Tests.Repository.root, path)}:{line}"
    ]

    Assert.Empty found

/// A piece of a key as text, `".weight"` or `{owner}.weight"`.
let private keyText = Regex(@"\.(weight|bias|mean|var|factor)""")

[<Fact>]
let ``no source takes keys of arrays for texts`` () =
    let found = [
        for path in sources do
            for i, line in Array.indexed (File.ReadAllLines path) do
                if keyText.IsMatch line then
                    $"{Path.GetRelativePath(Sss.Tests.Repository.root, path)}:{i + 1}"
    ]

    Assert.Empty found

let private found (text: string) =
    violations (text.Replace("\r", "").Split '\n')

[<Fact>]
let ``a case for the rest is found`` () =
    Assert.Equal<int list>(
        [ 3 ],
        found
            "match op with
| Op.Conv c -> 1
| _ -> 0"
    )

    Assert.Equal<int list>(
        [ 5 ],
        found
            "match node with
| Node.Layer l ->
    l.Name
| Node.Residual _
| other -> name other"
    )

    Assert.Equal<int list>(
        [ 3 ],
        found
            "match a, b with
| Step.Read _, Step.Read _ -> 1
| _, _ when isOdd -> 0"
    )

[<Fact>]
let ``other matches may have one`` () =
    Assert.Empty(
        found
            "match number with
| Some 1 -> 1
| _ -> 0"
    )

    Assert.Empty(
        found
            "match op with
| Op.Conv c ->
    match c.Groups with
    | 1 -> 0
    | _ -> 1
| Op.Dense _ -> 0"
    )

/// Options and commands of the command line in an error would be read by users of C# too: `Wording` has them.
let private ofCommandLine = Regex(@"(?<![\w-])--[a-z][a-z-]+|[`']sss [a-z]+")

/// What is said to those who use the command line alone, or to other programs.
let private ofOthers = [
    "dotnet package download"
    "srun --mpi=pmix"
    // Only `mpirun` starts ranks.
    "needs --profile FILE where several ranks"
    "`sss profile` writes the file"
    "give --precision float32 or --precision bf16"
    // On pages, about files.
    "('sss bench' measures it)"
    "sss report --markdown"
    "$\"--data {study.Data}\""
]

[<Fact>]
let ``errors name options and commands of the command line in one place`` () =
    let isAsked (path: string) =
        [
            "Sss.Core"
            "Sss.Dsl"
            "Sss.Files"
            "Sss.LibTorch"
            "Sss.Torch"
            "Sss.Run"
            "Sss.Report"
        ]
        |> List.exists (fun room -> path.Split(Path.DirectorySeparatorChar) |> Array.contains room)
        && Path.GetFileName path <> "Wording.fs"

    let found = [
        for path in sources |> List.filter isAsked do
            for line in File.ReadLines path do
                if
                    not (line.TrimStart().StartsWith "//")
                    && ofCommandLine.IsMatch line
                    && not (ofOthers |> List.exists line.Contains)
                then
                    $"{Path.GetFileName path}: {line.Trim()}"
    ]

    Assert.Empty found

[<Fact>]
let ``the wording for C# has no option and no command, and that of the command line has`` () =
    let phrases (wording: Sss.Core.Wording) =
        FSharpValue.GetRecordFields wording
        |> Array.choose (
            function
            | :? string as text -> Some text
            | _ -> None
        )
        |> Array.append [| wording.Further "network" "checkpoint" |]

    Assert.Empty(phrases Sss.Core.Wording.csharp |> Array.filter ofCommandLine.IsMatch)

    Assert.True(
        (phrases Sss.Core.Wording.commandLine |> Array.filter ofCommandLine.IsMatch).Length > 10
    )
