namespace Sss.Tests.Language

open System
open System.IO
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// Whole messages, each in a file with the source that it is about. A file is a source, a line of
/// `=`, and what the language says of it. With SSS_ACCEPT=1 in the environment the files are written
/// anew; the change is then a reviewed diff.
type SnapshotTests() =

    static let bar = "\n" + String('=', 60) + "\n"

    static let folder = path [ "tests"; "Properties"; "Language"; "Snapshots" ]

    static let source (content: string) =
        match content.IndexOf bar with
        | -1 -> content
        | at -> content.Substring(0, at + 1)

    /// Every snapshot's file name.
    static member Names =
        Directory.GetFiles(folder, "*.txt")
        |> Array.map (fun file -> [| box (Path.GetFileName file) |])
        |> Array.sortBy (fun row -> string row[0])

    [<Theory>]
    [<MemberData("Names")>]
    member _.``the message is as agreed``(name: string) =
        let file = Path.Combine(folder, name)
        let content = File.ReadAllText file
        let text = source content
        let actual = text.TrimEnd('\n') + bar + messages text

        if Environment.GetEnvironmentVariable "SSS_ACCEPT" = "1" then
            File.WriteAllText(file, actual)

        Assert.Equal(File.ReadAllText file, actual)

    [<Fact>]
    member _.``there are many, and every one says something``() =
        Assert.True(SnapshotTests.Names.Length >= 60)

        for row in SnapshotTests.Names do
            let text = source (File.ReadAllText(Path.Combine(folder, string row[0])))
            Assert.True(messages text <> "", string row[0])

    [<Fact>]
    member _.``every code of a text has a snapshot``() =
        let all =
            SnapshotTests.Names
            |> Array.map (fun row -> File.ReadAllText(Path.Combine(folder, string row[0])))
            |> String.concat ""

        for code in Codes.all do
            // Files and what only programs can build have no text.
            let hasText = not (code.StartsWith "SSS00") && code <> "SSS213" && code <> "SSS411"
            Assert.True(all.Contains code || not hasText, code)

    [<Fact>]
    member _.``every code has a page and every page a code``() =
        let pages =
            Directory.GetFiles(path [ "docs"; "errors" ], "SSS*.md")
            |> Array.map (fun file -> (FileInfo file).Name.Replace(".md", ""))
            // Later hundreds are other rooms' codes.
            |> Array.filter (fun page -> String.CompareOrdinal(page, "SSS700") < 0)
            |> Set.ofArray

        Assert.Equal<Set<string>>(Set.ofList Codes.all, pages)

        for code in Codes.all do
            let text = File.ReadAllText(path [ "docs"; "errors"; code + ".md" ])
            Assert.StartsWith("# " + code + ": ", text)
            Assert.True(text.Length > 100, code)
